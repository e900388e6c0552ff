"""Room on the disk, made sure of before a file is touched.

HDF5 does not recover from a disk that fills up in the middle of a flush: it could not even close
the file. So a commit begins only when the disk has promised all it may need.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

FINISH_BYTES = 512 * 1024
"""For closing the file: statistics, events, and rewritten headers."""
FRAME_BYTES = 1024
"""For one frame beside its image: index entries and columns, generously."""


def require_space(path: Path, descriptor: int, used: int, more: int) -> None:
    """Make sure that a file of `used` bytes can grow by `more`.

    Raises `OSError` (`ENOSPC`, `EDQUOT`, `EFBIG`) if it cannot; nothing was changed then.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, used, more)
    elif shutil.disk_usage(path.parent).free < more:
        raise OSError(28, "No space left on device", str(path))

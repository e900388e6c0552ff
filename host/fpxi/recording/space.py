"""Room on the disk, made sure of before a file is touched.

HDF5 does not recover from a disk that fills up in the middle of a flush: it could not even close
the file. So a commit begins only when the disk has promised all it may need.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

FINISH_BYTES = 512 * 1024
"""For closing the file: statistics, events, and rewritten headers."""
FRAME_BYTES = 1024
"""For one frame beside its image: index entries and columns, generously."""

_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


def is_full(error: BaseException) -> bool:
    """Return whether an error says that there is no room."""
    return isinstance(error, OSError) and error.errno in _FULL


def require_space(path: Path, descriptor: int, used: int, more: int) -> None:
    """Make sure that a file of `used` bytes can grow by `more`.

    Raises `OSError`, for which `is_full` holds, if it cannot; nothing was changed then.
    """
    if not _reserve(descriptor, used, more) and shutil.disk_usage(path.parent).free < more:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))


def _reserve(descriptor: int, used: int, more: int) -> bool:
    """Have the space set aside; False where system or file system cannot do that."""
    if not hasattr(os, "posix_fallocate"):
        return False
    try:
        os.posix_fallocate(descriptor, used, more)
    except OSError as error:
        if is_full(error):
            raise
        return False
    return True

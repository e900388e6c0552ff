"""Making the file of a recording, and keeping others from overwriting it meanwhile."""

from __future__ import annotations

import io
import os
from pathlib import Path

from fpxi.errors import RecordingExistsError, RecordingOpenError
from fpxi.recording.space import is_full

try:
    import fcntl
except ImportError:  # Windows, where nobody can overwrite a file that is open
    fcntl = None  # type: ignore[assignment]


def require_new(path: Path, *, overwrite: bool) -> None:
    """Make sure that a recording can be called so.

    Raises `RecordingExistsError`, or `RecordingOpenError` if there is no such folder or nothing may
    be written there.
    """
    if path.exists() and not overwrite:
        raise RecordingExistsError(path)
    if not path.parent.is_dir():
        raise RecordingOpenError(path, f"there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise RecordingOpenError(path, f"the folder {path.parent} cannot be written to")


def create(path: Path, *, overwrite: bool) -> io.FileIO:
    """Create the file and mark it as in use; readers are not kept out.

    Raises `RecordingExistsError`, or `RecordingOpenError` if it cannot be created or is in use.
    """
    try:
        if overwrite and path.exists():
            _remove_unused(path)
        raw = io.FileIO(path, "x+")
    except FileExistsError as error:
        raise RecordingExistsError(path) from error
    except OSError as error:
        raise cannot_open(path, error) from error
    if fcntl is not None:
        fcntl.flock(raw.fileno(), fcntl.LOCK_SH)
    return raw


def cannot_open(path: Path, error: OSError) -> RecordingOpenError:
    """Return the named error for a file that the system will not let us begin."""
    if is_full(error):
        reason = os.strerror(error.errno or 0)
        return RecordingOpenError(path, reason, "free space, or choose another disk")
    return RecordingOpenError(path, error.strerror or str(error))


def _remove_unused(path: Path) -> None:
    """Remove a file, unless somebody records to it or reads it."""
    if fcntl is not None:
        with path.open("rb") as old:
            try:
                fcntl.flock(old.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RecordingOpenError(path, "it is in use", "choose another name") from error
    path.unlink()

"""Where a screenshot may be written. No Qt here: it is checked before anything starts."""

from __future__ import annotations

from pathlib import Path

from fpxi_gui.errors import ScreenshotExistsError, ScreenshotFolderError, ScreenshotSuffixError

_SUFFIX = ".png"


def require_usable(path: Path, *, overwrite: bool) -> None:
    """Raise unless a screenshot may be written there.

    Raises `ScreenshotSuffixError` for another name than .png, `ScreenshotFolderError` if the
    folder is absent, and `ScreenshotExistsError` if the file is there and may not be overwritten.
    """
    if path.suffix.lower() != _SUFFIX:
        raise ScreenshotSuffixError(path)
    if not path.parent.is_dir():
        raise ScreenshotFolderError(path)
    if path.exists() and not overwrite:
        raise ScreenshotExistsError(path)

"""The viewer as a program. Nothing of Qt is imported until it is known to start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fpxi_gui.qt_platform import prepare_platform
from fpxi_gui.screenshot_file import require_usable

if TYPE_CHECKING:
    from fpxi_imaging.correction.processing import Processing

SCREENSHOT_FRAMES = 20


def run_viewer(
    url: str,
    *,
    calibration: Path | None = None,
    processing: Processing | None = None,
    screenshot: Path | None = None,
    screenshot_frames: int = SCREENSHOT_FRAMES,
    overwrite: bool = False,
    notify: Callable[[str], None] | None = None,
) -> int:
    """Show a device live until the window is closed; returns the exit status.

    With `screenshot` no display is needed: the window is drawn off screen, saved as PNG once
    `screenshot_frames` frames have arrived and the average, if the processing has one, is full, and
    closed. If no more frames come before it is full, `notify` is told. An existing file is replaced
    only if `overwrite`. Whatever keeps the picture from being what was asked for then ends the run.

    Raises `QtUnavailableError`, `NoDisplayError`, and whatever the URL itself is refused with;
    with `screenshot` also `ScreenshotSuffixError`, `ScreenshotFolderError`,
    `ScreenshotExistsError` before anything starts, `ScreenshotTimeoutError`,
    `ScreenshotEndedError`, `ScreenshotWriteError`, and the errors of connecting, of loading the
    calibration, and `fpxi_imaging.CalibrationMismatchError`.
    """
    if screenshot is not None:
        require_usable(screenshot, overwrite=overwrite)
    prepare_platform(offscreen=screenshot is not None)
    from fpxi_gui.application import show_device  # noqa: PLC0415 - imports Qt
    from fpxi_gui.screenshot import ScreenshotOrder  # noqa: PLC0415

    order = None if screenshot is None else ScreenshotOrder(screenshot, screenshot_frames)
    return show_device(
        url, calibration=calibration, processing=processing, order=order, notify=notify
    )

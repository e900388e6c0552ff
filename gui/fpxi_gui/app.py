"""The viewer as a program. Nothing of Qt is imported until it is known to start."""

from __future__ import annotations

from pathlib import Path

from fpxi_gui.qt_platform import prepare_platform

SCREENSHOT_FRAMES = 20


def run_viewer(
    url: str,
    *,
    calibration: Path | None = None,
    screenshot: Path | None = None,
    screenshot_frames: int = SCREENSHOT_FRAMES,
) -> int:
    """Show a device live until the window is closed; returns the exit status.

    With `screenshot` no display is needed: the window is drawn off screen, saved as PNG once
    `screenshot_frames` frames have arrived, and closed.

    Raises `QtUnavailableError`, `NoDisplayError`, `ScreenshotTimeoutError`,
    `ScreenshotWriteError`, and whatever the URL itself is refused with.
    """
    prepare_platform(offscreen=screenshot is not None)
    from fpxi_gui.application import show_device  # noqa: PLC0415 - imports Qt
    from fpxi_gui.screenshot import ScreenshotOrder  # noqa: PLC0415

    order = None if screenshot is None else ScreenshotOrder(screenshot, screenshot_frames)
    return show_device(url, calibration=calibration, order=order)

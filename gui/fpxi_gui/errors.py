"""The named errors of the viewer."""

from __future__ import annotations

from pathlib import Path

from fpxi_readout.errors import FpxiError


class ViewerError(FpxiError):
    """Base of every deliberate error of the viewer."""


class ScreenshotTimeoutError(ViewerError):
    """Fewer frames arrived than the screenshot waits for."""

    def __init__(self, path: Path, wanted: int, drawn: int, waited_s: float, reason: str) -> None:
        super().__init__(
            f"no screenshot: {drawn} of {wanted} frames were drawn in {waited_s:.0f} s ({reason}); "
            "check the device with `fpxi info`, or ask for fewer frames"
        )
        self.path = path
        self.wanted = wanted
        self.drawn = drawn
        self.waited_s = waited_s
        self.reason = reason


class ScreenshotWriteError(ViewerError):
    """The picture of the window could not be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"cannot write the screenshot {path}: check that its folder exists and is writable, "
            "and that the name ends in .png"
        )
        self.path = path


class NoDisplayError(ViewerError):
    """There is no screen to open a window on."""

    def __init__(self) -> None:
        super().__init__(
            "no display: neither DISPLAY nor WAYLAND_DISPLAY is set. Run inside a desktop session "
            "or `ssh -X`, use `--screenshot out.png`, or set QT_QPA_PLATFORM=offscreen"
        )


class QtUnavailableError(ViewerError):
    """PySide6, pyqtgraph or a system library that Qt needs cannot be loaded."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"the viewer cannot start: {reason}. {remedy}")
        self.reason = reason
        self.remedy = remedy


class CalibrationCancelledError(ViewerError):
    """The user ended a calibration run when asked to switch the beam."""

    def __init__(self) -> None:
        super().__init__(
            "calibration cancelled; no calibration was made. Start it again when the beam is ready"
        )

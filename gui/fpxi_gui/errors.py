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


class ScreenshotEndedError(ViewerError):
    """The frames ended before the screenshot had enough of them."""

    def __init__(self, path: Path, wanted: int, received: int, reason: str) -> None:
        super().__init__(
            f"no screenshot: the frames ended after {received} of the {wanted} wanted"
            f"{f' ({reason})' if reason else ''}; ask for fewer frames, "
            "or add ?loop=1 to the URL of a recording"
        )
        self.path = path
        self.wanted = wanted
        self.received = received
        self.reason = reason


class ScreenshotExistsError(ViewerError):
    """The file is there already."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} exists; choose another name, or allow overwriting explicitly")
        self.path = path


class ScreenshotFolderError(ViewerError):
    """The folder for the screenshot is not there."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"cannot write the screenshot {path}: there is no folder {path.parent}; "
            "make it first, or choose another"
        )
        self.path = path


class ScreenshotSuffixError(ViewerError):
    """A screenshot is a PNG file, and its name should say nothing else."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"cannot write the screenshot {path}: it is written as PNG; "
            f"call it {path.with_suffix('.png') if path.name else 'window.png'}"
        )
        self.path = path


class ScreenshotWriteError(ViewerError):
    """The picture of the window could not be written."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"cannot write the screenshot {path}: check that it is no folder, that its folder can "
            "be written to, and that the disk has room"
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


class SearchEndedError(ViewerError):
    """The viewer was closed, or went on to another panel, while it searched."""

    def __init__(self) -> None:
        super().__init__("the search was ended with its window; search again")

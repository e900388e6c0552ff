"""The named errors of firmware updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fpxi.errors import HostError

RUN_AGAIN = (
    "the board stays in its boot loader until an update is complete: run the same command again; "
    "if nothing answers then, switch the board off and on first"
)


class FirmwareUpdateError(HostError):
    """Base of everything that can be wrong with an update."""


class ImageError(FirmwareUpdateError):
    """The firmware image cannot be used; the board was not touched."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"firmware image {path}: {reason}; the board was left as it is: "
            "copy or build the image anew"
        )


class ManifestError(ImageError):
    """The manifest is absent, damaged, or describes no image for such boards."""


class ImageFileError(ImageError):
    """A file that the manifest names is absent, cut, or damaged."""


class UpdateOverBluetoothError(FirmwareUpdateError):
    """The ROM boot loader listens on the wire alone."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(
            f"{url}: firmware is not updated over Bluetooth, because the processor's boot loader "
            "listens on the wire alone; nothing was sent: connect the board by its cable and give "
            "that URL (`fpxi devices` lists serial ports)"
        )


class WrongBoardError(FirmwareUpdateError):
    """The image is for another board than the one that answers."""

    def __init__(self, image_board: str, found: str) -> None:
        self.image_board = image_board
        self.found = found
        super().__init__(
            f"the image is for board {image_board}, but {found}; nothing was written: "
            "take the image of this board"
        )


class WrongPanelError(FirmwareUpdateError):
    """The image does not serve the panel that the board carries."""

    def __init__(self, panel: str, panels: Sequence[str]) -> None:
        self.panel = panel
        self.panels = tuple(panels)
        super().__init__(
            f"the board carries panel {panel}, the image serves {', '.join(panels)}; "
            "nothing was written: take the image of this panel"
        )


class NotUpdatableError(FirmwareUpdateError):
    """The device cannot enter a boot loader."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(
            f"{url} has no boot loader to enter ({reason}); a simulated panel has one with "
            "?board=stm32f405&flash=FILE"
        )


class NoBoardError(FirmwareUpdateError):
    """Neither firmware nor boot loader answers."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(
            f"neither firmware nor boot loader answers on {url}; check power, cable and port. To "
            "enter the boot loader by hand: hold BOOT0 high while the board is switched on, "
            "let it go, and run the same command again before anything else talks to the port"
        )


class LoaderMissingError(FirmwareUpdateError):
    """The boot loader's client is not installed."""

    def __init__(self) -> None:
        super().__init__(
            'the package stm32loader is not installed; it is an option: pip install "fpxi[flash]"'
        )


class BootLoaderError(FirmwareUpdateError):
    """The boot loader does not do what it was told, however often."""

    def __init__(self, action: str, reason: str) -> None:
        self.action = action
        self.reason = reason
        super().__init__(f"the boot loader failed to {action} ({reason}); {RUN_AGAIN}")


class UpdateInterruptedError(FirmwareUpdateError):
    """The link broke in the middle of an update."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(f"lost {url} in mid-update: {reason}; {RUN_AGAIN}")


class VerificationError(FirmwareUpdateError):
    """The flash does not hold what was written, after every attempt."""

    def __init__(self, address: int, attempts: int) -> None:
        self.address = address
        self.attempts = attempts
        super().__init__(
            f"the flash at {address:#010x} differs from the image after {attempts} attempts: the "
            "sector is worn, write-protected, or the line is bad; check the cable. " + RUN_AGAIN
        )


class ParameterSectorsChangedError(FirmwareUpdateError):
    """The sectors of the saved parameters are not what they were before."""

    def __init__(self, address: int) -> None:
        self.address = address
        super().__init__(
            f"the saved parameters in flash changed at {address:#010x} during the update, which "
            "must not be; see with `fpxi info` what the panel is set to, set it anew and save it"
        )


class NewFirmwareError(FirmwareUpdateError):
    """The flash was verified, but what runs now is not what the manifest says."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"the image was written and verified, but {reason}; switch the board off and on, and "
            "look with `fpxi info`; if that is no better, build the image anew and flash it"
        )


class ParametersChangedError(FirmwareUpdateError):
    """The new firmware runs, but saved parameters have other values than before."""

    def __init__(self, changed: Mapping[str, tuple[int, int]]) -> None:
        self.changed = dict(changed)
        """name: (before, after)"""
        words = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in changed.items())
        super().__init__(
            f"the new firmware runs, but saved parameters changed: {words}; "
            "set them again with `fpxi set --save`"
        )

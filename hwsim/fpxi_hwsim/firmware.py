"""The firmware of a simulated device, whatever executes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fpxi_hwsim.errors import RecordedFramesError
from fpxi_hwsim.native import NativeFirmware
from fpxi_hwsim.physics.array.maps import PanelMaps
from fpxi_hwsim.source import Exposure, Samples
from fpxi_hwsim.specification import SimulationSpecification

Expose = Callable[[Exposure], Samples | None]


class Firmware(Protocol):
    """What a device does with its firmware. Times are microseconds on the device's clock."""

    def receive(self, data: bytes, link: int = 0) -> None:
        """Hand over bytes from the host at a link (0 or 1); they act at the next `poll`."""

    def poll(self, now_us: int) -> int | None:
        """Run up to `now_us`; return when to poll again, None: when there is input or output."""
        ...

    def transmit(self, capacity: int, link: int = 0) -> bytes:
        """Take at most `capacity` bytes for the host at a link (0 or 1)."""
        ...

    def reset(self, cause: int) -> None:
        """Reset the firmware; `cause` is a ResetCause. Saved parameters survive."""

    def trigger(self, *, high: bool, now_us: int) -> None:
        """Run up to `now_us`, and set the level of the external trigger input there."""

    def cut_power(self, words: int) -> None:
        """Let the power fail after so many more words of non-volatile memory are written.

        The device is dead from then on, until `reset` with ResetCause.POWER_ON.
        """

    def expose_request(self, now_us: int) -> bool:
        """Whether the expose-request output is high."""
        ...


def make_firmware(
    specification: SimulationSpecification,
    maps: PanelMaps,
    expose: Expose,
    temperature_mC: Callable[[], int],
    battery_mV: Callable[[], int],
) -> Firmware:
    """Power on the board that a specification names, before a panel with these maps.

    Raises
    ------
    NativeLibraryError, FirmwareRefusedError
        The native firmware is absent or does not fit.
    EmulatorMissingError, FirmwareImageError, EmulationError
        The emulator or its image is absent, or the firmware does not come up.

    """
    if specification.board == "native":
        geometry = specification.preset.geometry
        return NativeFirmware(geometry, specification.serial, expose, temperature_mC, battery_mV)
    from fpxi_hwsim.emulator.firmware import power_on  # noqa: PLC0415 (an extra)

    def expose_always(exposure: Exposure) -> Samples:
        samples = expose(exposure)
        if samples is None:
            reason = "ended (at_end=stop), and converters cannot refuse to convert: use at_end=hold"
            raise RecordedFramesError(specification.frames or "", reason)
        return samples

    return power_on(specification, maps, expose_always, temperature_mC, battery_mV)

"""A simulated panel: the real firmware core, its pixels, and the two directions of its line."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from fpxi_readout.protocol.generated import ResetCause

from fpxi_hwsim.clock import Clock, RealClock, VirtualClock
from fpxi_hwsim.fault_settings import FaultSpecification, with_fault
from fpxi_hwsim.faults import FaultCounts, ResetFault
from fpxi_hwsim.firmware import make_firmware
from fpxi_hwsim.line import CLEAR_LINE_BYTES, Line
from fpxi_hwsim.physics.array.maps import PanelMaps
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource, Samples
from fpxi_hwsim.specification import SimulationSpecification

CABLE, MODULE = 0, 1
"""the board's two links: the serial line, and the Bluetooth module's"""
MODULE_BAUD = 2_000_000
"""rate of the module's line, bits/s"""


@dataclass(frozen=True, slots=True)
class Truth:
    """What only a simulator can know. For tests and figures; code under test may not ask."""

    maps: PanelMaps
    exposures: int
    """since power-on"""
    to_host: FaultCounts
    to_device: FaultCounts
    resets: int
    """that the fault setting `resets` caused"""


class SimulatedDevice:
    """One device. Every method may be called from any thread.

    Parameters
    ----------
    specification
        The panel, its scene and its line.
    link
        Which of the board's links `step` and `feed` carry, CABLE or MODULE; `exchange` has the
        other one.

    """

    def __init__(self, specification: SimulationSpecification, link: int = CABLE) -> None:
        """Power the device on.

        Raises
        ------
        ObjectError, RecordedFramesError
            The scene has a flaw.
        NativeLibraryError, FirmwareRefusedError
            The native firmware is absent or does not fit.
        EmulatorMissingError, FirmwareImageError, EmulationError
            The emulator or its image is absent, or the firmware does not come up.

        """
        self.specification = specification
        self.scene = Scene(specification)
        self.clock: Clock = VirtualClock() if specification.time == "virtual" else RealClock()
        self.battery_mV = specification.battery_mV
        """voltage of the battery now; 0: there is none"""
        self.wake: Callable[[], None] = _nobody
        """called after something happened that a sleeping owner of the line must look at"""
        self._lock = threading.RLock()
        self._source = PixelSource(specification, self.scene)
        self._link = link
        baud = MODULE_BAUD if link == MODULE and not specification.baud else specification.baud
        self._to_host = Line(specification.faults, baud, 0)
        self._to_device = Line(specification.faults, baud, 1)
        self._set_faults(specification.faults)
        self._deadline_us: int | None = 0
        self._firmware = make_firmware(
            specification,
            self._source.maps,
            self._expose,
            lambda: specification.preset.temperature_mC,
            lambda: self.battery_mV,
        )

    @property
    def faults(self) -> FaultSpecification:
        """The faults in force."""
        return self._faults

    def set_fault(self, name: str, value: str) -> None:
        """Change one fault setting as a URL would; UnknownKeyError or BadValueError."""
        with self._lock:
            self._set_faults(with_fault(self._faults, name, value))

    @property
    def truth(self) -> Truth:
        """The truth behind the frames and the line, as it is now."""
        with self._lock:
            return Truth(
                maps=self._source.maps,
                exposures=self._source.exposures,
                to_host=replace(self._to_host.counts),
                to_device=replace(self._to_device.counts),
                resets=self._reset_fault.resets,
            )

    def reset(self, cause: ResetCause = ResetCause.EXTERNAL) -> None:
        """Reset the firmware; bytes that have not left it are cut off wherever they were."""
        with self._lock:
            self._firmware.reset(cause)
        self.wake()

    def trigger(self, high: bool) -> None:
        """Set the level of the external trigger input."""
        with self._lock:
            self._firmware.trigger(high=high, now_us=self.clock.now_us())
        self.wake()

    @property
    def expose_request(self) -> bool:
        """Whether the expose-request output is high now: the device asks for the beam."""
        with self._lock:
            return self._firmware.expose_request(self.clock.now_us())

    @property
    def takes_bytes(self) -> bool:
        """Whether the line from the host has room."""
        with self._lock:
            return self._to_device.room > 0

    def feed(self, data: bytes) -> None:
        """Take bytes from the host."""
        with self._lock:
            self._to_device.push(data, self.clock.now_us())
        self.wake()

    def step(self, *, take: bool = True) -> bytes:
        """Run the firmware up to now; return bytes for the host.

        With `take` false the host takes none: they wait in the line and then in the firmware.
        """
        with self._lock:
            now_us = self.clock.now_us()
            self._firmware.receive(self._to_device.pop(now_us), self._link)
            self._deadline_us = self._firmware.poll(now_us)
            while take and self._transmit(now_us):
                self._deadline_us = self._firmware.poll(now_us)
            return self._to_host.pop(now_us) if take else b""

    def deadline_us(self, *, take: bool = True) -> int | None:
        """When `step` has to be called again; None: when bytes come, or when they are taken."""
        with self._lock:
            deadlines = [self._deadline_us, self._to_device.due_us]
            if take:
                deadlines.append(self._to_host.due_us)
            return min((due for due in deadlines if due is not None), default=None)

    def exchange(self, data: bytes) -> bytes:
        """Hand bytes to the device's other link, and return what it has for the host there.

        That link carries everything at once, without a fault.
        """
        with self._lock:
            now_us = self.clock.now_us()
            self._firmware.receive(data, 1 - self._link)
            self._deadline_us = self._firmware.poll(now_us)
            pieces: list[bytes] = []
            while piece := self._firmware.transmit(CLEAR_LINE_BYTES, 1 - self._link):
                pieces.append(piece)
                self._deadline_us = self._firmware.poll(now_us)
        self.wake()
        return b"".join(pieces)

    def cut_power(self, words: int) -> None:
        """Let the power fail after so many more words of non-volatile memory are written.

        From then on the device is dead, until `reset` with ResetCause.POWER_ON.
        """
        with self._lock:
            self._firmware.cut_power(words)

    def hang_up(self) -> None:
        """Drop all bytes under way in both directions and in the firmware: nobody listens."""
        with self._lock:
            self._to_host.clear()
            self._to_device.clear()
            while self._firmware.transmit(CLEAR_LINE_BYTES, self._link):
                self._deadline_us = self._firmware.poll(self.clock.now_us())

    def _transmit(self, now_us: int) -> bool:
        """Let the line take bytes from the firmware; False when none moved."""
        room = self._to_host.room
        if self._reset_fault.bytes_left is not None:
            room = min(room, self._reset_fault.bytes_left)
        data = self._firmware.transmit(room, self._link) if room else b""
        self._to_host.push(data, now_us)
        if self._reset_fault.sent(len(data)):
            self._firmware.reset(ResetCause.EXTERNAL)
        return bool(data)

    def _set_faults(self, faults: FaultSpecification) -> None:
        rows, columns = self.specification.preset.geometry.shape
        self._faults = faults
        self._to_host.set_faults(faults)
        self._to_device.set_faults(faults)
        self._reset_fault = ResetFault(faults, 2 * rows * columns)

    def _expose(self, exposure: Exposure) -> Samples | None:
        self._reset_fault.exposed()
        return self._source.expose(exposure)


def _nobody() -> None:
    """Wake nobody: nothing sleeps on this device."""

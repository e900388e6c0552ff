"""The emulated board behind the calls by which a simulated device runs its firmware."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from fpxi_readout.protocol.generated import ResetCause as Cause

from fpxi_hwsim.emulator.board import (
    MODULE_CTS_PIN,
    TRIGGER_PIN,
    EmulatedBoard,
    Surroundings,
    channel_offsets,
)
from fpxi_hwsim.emulator.boot_rom import BootRom
from fpxi_hwsim.emulator.errors import EmulationError
from fpxi_hwsim.emulator.flash_file import FlashFile
from fpxi_hwsim.emulator.machine import ResetCause
from fpxi_hwsim.emulator.release_image import find_elf, read_image
from fpxi_hwsim.emulator.schedule import TICKS_PER_US
from fpxi_hwsim.emulator.usart import Usart
from fpxi_hwsim.errors import SimulationError
from fpxi_hwsim.physics.array.maps import PanelMaps
from fpxi_hwsim.source import Exposure, Samples
from fpxi_hwsim.specification import SimulationSpecification

BOOT_LIMIT_US = 3_000_000
"""in which the firmware must listen to its links; storing parameters erases flash for 0.5 s"""
STEP_US = 500
"""a busy board is asked so often: bytes pass the line at most so late"""
VIRTUAL_STEP_US = 2000
"""in virtual time, where it is the board's time alone that passes"""
POLL_LIMIT_US = 50_000
"""of the board's time in one call: when the computer is too slow, time runs slower"""
OUTPUT_LIMIT = 1 << 17
"""bytes that wait for the host; beyond, time stands still for the board"""
MODULE_BUFFER = 1024
"""bytes that a Bluetooth module holds for the air; beyond, it lets the board's CTS go"""
QUIET_US = 1_000_000
QUIET_PACE = 50
"""how much faster than real a board may wait in virtual time when nothing happens for QUIET_US"""

_MACHINE_CAUSE = {Cause.POWER_ON: ResetCause.POWER, Cause.EXTERNAL: ResetCause.PIN,
                  Cause.WATCHDOG: ResetCause.WATCHDOG}  # fmt: skip


class EmulatedFirmware:
    """One board's firmware. Calls of one board must not overlap.

    Time 0 of the callers' clock is when the firmware first listened to its links after power-on.

    Parameters
    ----------
    board
        With its image loaded.
    flash
        Keeps the flash memory; None: forgotten in the end.
    paced
        Time jumps from event to event: slow it down while the board waits for the host alone.

    Raises
    ------
    EmulationError
        The firmware does not come up, or does what the hardware does not bear. Every call that
        lets time pass may raise it, and raises it again: the board is not used any further.

    """

    def __init__(self, board: EmulatedBoard, flash: FlashFile | None, *, paced: bool) -> None:
        self.board = board
        self._machine = board.mcu.machine
        self._links: tuple[Usart, Usart] = (board.mcu.usart1, board.mcu.usart2)
        self._incoming = (bytearray(), bytearray())
        self._outgoing = (bytearray(), bytearray())
        self._boot_rom = BootRom(board.mcu)
        self._flash = flash
        self._paced = paced
        self._step_us = VIRTUAL_STEP_US if paced else STEP_US
        self._dead = False
        self._module_full = False
        self._failure: SimulationError | None = None
        self._power_wanted = True
        self._machine.on_reset.append(self._on_reset)
        if flash is not None:
            flash.load(self._machine.memory)
        self._boot()
        self._origin = self._machine.now
        self._last_activity = self._machine.now

    def expose_request(self, _now_us: int) -> bool:
        """Whether the expose-request output is high."""
        return self.board.beam.level

    def receive(self, data: bytes, link: int = 0) -> None:
        """Hand over bytes from the host at a link: 0 the USART, 1 the Bluetooth module."""
        self._incoming[link].extend(data)

    def poll(self, now_us: int) -> int | None:
        """Run up to `now_us`; return when to poll again, None: when output was taken."""
        machine = self._machine
        if len(self._outgoing[0]) > OUTPUT_LIMIT:
            self._origin = machine.now - now_us * TICKS_PER_US
            return None
        if self._dead:
            return None
        until = self._origin + now_us * TICKS_PER_US
        self._run(min(until, machine.now + POLL_LIMIT_US * TICKS_PER_US))
        return self._due_us(now_us)

    def transmit(self, capacity: int, link: int = 0) -> bytes:
        """Take at most `capacity` bytes for the host at a link."""
        waiting = self._outgoing[link]
        data = bytes(waiting[:capacity])
        del waiting[:capacity]
        self._drive_cts()
        return data

    def reset(self, cause: int) -> None:
        """Reset the board; bytes that have not left it are cut off. Saved parameters survive."""
        machine = self._machine
        for buffer in (*self._incoming, *self._outgoing):
            buffer.clear()
        self._drive_cts()
        reset = _MACHINE_CAUSE.get(Cause(cause), ResetCause.SOFTWARE)
        if reset is ResetCause.POWER:
            self._dead = False
            self._power_wanted = True
            self.board.mcu.flash.cut_power_at = None
            machine.power_cycle()
        else:
            machine.request_reset(reset)
        self._last_activity = machine.now

    def trigger(self, *, high: bool, now_us: int) -> None:
        """Run up to `now_us`, and set the level of the external trigger input there."""
        self._run(self._origin + now_us * TICKS_PER_US)
        self.board.mcu.pins.drive(TRIGGER_PIN, high)
        self._last_activity = self._machine.now

    def cut_power(self, words: int) -> None:
        """Let the power fail in the midst of the word of flash that follows so many more.

        An erasure writes every word of its sector. The board is dead from then on, until `reset`
        with ResetCause.POWER_ON.
        """
        flash = self.board.mcu.flash
        flash.cut_power_at = flash.words + words + 1

    # ---- time

    def _boot(self) -> None:
        machine, receivers = self._machine, [link.receiver for link in self._links]
        limit = machine.now + BOOT_LIMIT_US * TICKS_PER_US
        while not (self._boot_rom.waits or all(receiver.enabled for receiver in receivers)):
            if machine.now >= limit:
                raise EmulationError(
                    "firmware",
                    "",
                    f"does not listen to its links {BOOT_LIMIT_US / 1e6:g} s after power-on",
                    program_counter=machine.program_counter(),
                    tick=machine.now,
                )
            machine.run(machine.now + STEP_US * TICKS_PER_US)

    def _run(self, until: int) -> None:
        machine = self._machine
        if self._failure is not None:
            raise self._failure
        self._send()
        try:
            machine.run(until)
        except SimulationError as error:
            # Whatever state this left must not go on as if nothing had been.
            self._failure = error
            raise
        if self._dead:
            for link in self._links:
                link.take()
            return
        for link, buffer in zip(self._links, self._outgoing, strict=True):
            data = link.take()
            if data:
                buffer.extend(data)
                self._last_activity = machine.now
        self._drive_cts()
        if self.board.acquisition.running:
            self._last_activity = machine.now
        if self._flash is not None:
            self._flash.store(machine.memory, self.board.mcu.flash.words)

    def _drive_cts(self) -> None:
        """Have the module say whether it takes bytes, once that has changed."""
        full = len(self._outgoing[1]) > MODULE_BUFFER
        if full is not self._module_full:
            self._module_full = full
            self.board.mcu.pins.drive(MODULE_CTS_PIN, full)

    def _send(self) -> None:
        """Put the host's bytes on the lines, at the rate that the firmware listens at."""
        if self._boot_rom.waits:
            self._talk_to_boot_loader()
            return
        for link, waiting in zip(self._links, self._incoming, strict=True):
            if waiting and link.receiver.enabled and link.ready_to_receive:
                link.send(bytes(waiting))
                waiting.clear()
                self._last_activity = self._machine.now

    def _talk_to_boot_loader(self) -> None:
        """Have the boot loader in ROM answer on the USART; the module's link leads nowhere."""
        waiting = self._incoming[0]
        if waiting:
            self._outgoing[0].extend(self._boot_rom.feed(bytes(waiting)))
            self._last_activity = self._machine.now
        waiting.clear()
        self._incoming[1].clear()

    def _on_reset(self, cause: ResetCause) -> None:
        if cause is ResetCause.POWER:
            self._dead = not self._power_wanted
            self._power_wanted = False

    def _due_us(self, now_us: int) -> int | None:
        machine = self._machine
        reached_us = -(-(machine.now - self._origin) // TICKS_PER_US)
        if reached_us < now_us or not machine.cpu.sleeping:
            return reached_us + self._step_us
        if not machine.schedule.has_events():
            return None  # in the boot loader, which waits for the host
        event_us = -(-(machine.schedule.next_time() - self._origin) // TICKS_PER_US)
        due_us = max(event_us, reached_us + self._step_us)
        if self._paced and machine.now - self._last_activity > QUIET_US * TICKS_PER_US:
            time.sleep((due_us - now_us) * 1e-6 / QUIET_PACE)
        return due_us


def power_on(
    specification: SimulationSpecification,
    maps: PanelMaps,
    expose: Callable[[Exposure], Samples],
    temperature_mC: Callable[[], int],
    battery_mV: Callable[[], int],
) -> EmulatedFirmware:
    """Power on the emulated board that a specification names.

    Raises
    ------
    FirmwareImageError, EmulationError
        There is no image, or its firmware does not come up.

    """
    geometry = specification.preset.geometry
    usual = 1 if geometry.shutter == "global" else 2
    offsets = channel_offsets(maps.channels.offset_counts, geometry.full_scale)
    surroundings = Surroundings(expose, offsets, temperature_mC, battery_mV)
    board = EmulatedBoard(
        read_image(find_elf(specification.image)),
        geometry,
        specification.converters or usual,
        specification.serial,
        surroundings,
    )
    flash = None if specification.flash is None else FlashFile(Path(specification.flash))
    return EmulatedFirmware(board, flash, paced=specification.time == "virtual")

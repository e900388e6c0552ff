"""How the STM32F405 board comes up, goes down and listens: the release image, executed."""

from __future__ import annotations

import os
import shutil
from typing import Any

import numpy as np
import pytest
from fpxi_hwsim.emulator.acquisition.acquisition import Acquisition
from fpxi_hwsim.emulator.machine import ResetCause
from fpxi_hwsim.emulator.release_image import find_elf, read_image
from fpxi_hwsim.emulator.stm32f405 import Board
from fpxi_hwsim.emulator.uart_line import LineFormat
from fpxi_readout.protocol import generated as p
from fpxi_readout.protocol.framing import PacketDecoder, encode_packet

PANEL_ID, LED, TRIGGER, CTS = ("PA11", "PA12"), "PC7", "PB5", "PA0"
MODULE_RESET_N = "PB7"
SYSTEM_MEMORY = range(0x1FFF0000, 0x1FFF8000)
NOWHERE = 0x30000001
BAUD, MODULE_BAUD, HARDWARE_NOW_US = 24, 26, 4
ONE_SECOND_US = 1_000_000


class Bench:
    """A board without anything outside but its links."""

    def __init__(self, *, straps: tuple[str, ...] = PANEL_ID[:1], **settings: Any) -> None:
        self.board = Board(**settings)
        self.machine = self.board.machine
        geometry = p.PANELS["tft64"]
        acquisition = Acquisition(
            self.machine,
            self.board.pins,
            self.board.dma2,
            geometry,
            2,
            offsets=np.zeros(geometry.columns, np.uint16),
            expose=lambda _conditions: np.zeros((1, 64, 64), np.uint16),
        )
        self.board.tim5.on_trgo.append(acquisition.gate)
        self.board.adc1.inputs.update({10: lambda: 1.65, 14: lambda: 1.95, 15: lambda: 0.75})
        self.board.pins.drive(CTS, False)
        for pin in straps:
            self.board.pins.drive(pin, False)
        self.machine.load(read_image(find_elf(None)))
        self.usarts = (self.board.usart1, self.board.usart2)
        self._decoders = (PacketDecoder(), PacketDecoder())

    def run(self, duration_us: float = 30_000) -> Bench:
        self.machine.run_us(duration_us)
        return self

    def send(self, command: Any, link: int = 0) -> None:
        self.usarts[link].send(encode_packet(command.TYPE, 1, command.pack()))

    def packets(self, link: int = 0) -> list[Any]:
        return self._decoders[link].feed(self.usarts[link].take())

    def ask(self, command: Any, answer: Any, link: int = 0, wait_us: float = 20_000) -> Any:
        self.packets(link)
        self.send(command, link)
        self.run(wait_us)
        found = [x for x in self.packets(link) if x.type == answer.TYPE]
        assert found, f"no {answer.__name__}"
        return answer.unpack(found[0].payload)

    def identity(self, link: int = 0) -> Any:
        return self.ask(p.Identify(0, 0), p.Identity, link)

    def link_errors(self) -> int:
        address = self.machine.symbol("fpxi_link_errors")
        return int.from_bytes(self.machine.memory.read(address, 4), "little")

    def in_boot_loader(self) -> bool:
        return self.machine.program_counter() in SYSTEM_MEMORY


@pytest.fixture(autouse=True)
def arm_gcc() -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("arm-none-eabi-gcc is not installed")
        pytest.skip("arm-none-eabi-gcc is not installed")


# --- start ---------------------------------------------------------------------------------------


def test_it_comes_up_after_power_on():
    bench = Bench().run()
    identity = bench.identity()
    assert (identity.reset_cause, identity.fault) == (p.ResetCause.POWER_ON, p.Fault.NONE)
    assert bench.board.pins.output(LED)


@pytest.mark.parametrize("straps", [(), PANEL_ID])
def test_a_panel_that_cannot_be_told_is_a_fault_that_can_be_diagnosed(straps):
    bench = Bench(straps=straps).run()
    assert bench.identity().fault == p.Fault.INTERNAL
    assert bench.ask(p.Start(1), p.Nack).code == p.NackCode.FAULTED


def test_without_its_crystal_it_tells_of_it():
    bench = Bench(hse_hz=None).run(200_000)
    assert bench.identity().fault == p.Fault.INTERNAL


def test_serial_numbers_follow_the_chip():
    numbers = [Bench(unique_id=bytes([n] * 12)).run().identity().serial_number for n in (1, 1, 2)]
    assert numbers[0] == numbers[1] != numbers[2]
    assert len(bytes.fromhex(numbers[0].decode("ascii"))) == 8


# --- stage 0 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [0x08010000, 0x08012345, 0x0801018C])
def test_damaged_firmware_is_not_started(address):
    bench = Bench()
    byte = bytes(bench.machine.memory.read(address, 1))
    bench.machine.memory.write(address, bytes([byte[0] ^ 1]))
    assert bench.run().in_boot_loader()


def test_the_boot_loader_is_entered_on_command_and_left_by_a_reset():
    bench = Bench().run()
    bench.ask(p.Bootloader(), p.Ack)
    assert bench.in_boot_loader()
    bench.machine.request_reset(ResetCause.PIN)
    assert bench.run().identity().reset_cause == p.ResetCause.EXTERNAL


# --- faults --------------------------------------------------------------------------------------


def test_a_processor_fault_is_kept_across_the_reset():
    bench = Bench().run()
    core = bench.machine.symbol("core")
    bench.machine.memory.write(core + HARDWARE_NOW_US, NOWHERE.to_bytes(4, "little"))
    bench.send(p.Identify(0, 0))
    bench.run(60_000)
    assert bench.machine.resets == [ResetCause.POWER, ResetCause.SOFTWARE]
    identity = bench.identity()
    assert identity.reset_cause == p.ResetCause.FAULT
    assert identity.reset_fault == p.Fault.PROCESSOR
    record = bench.ask(p.LastFault(), p.FaultRecord)
    assert record.line == NOWHERE - 1
    assert 20 <= record.uptime_ms <= 40  # it had been up for 30 ms, the start included


# --- links ---------------------------------------------------------------------------------------


def test_the_module_s_link_answers_when_it_may():
    bench = Bench().run()
    bench.packets(link=1)
    bench.board.pins.drive(CTS, True)
    bench.send(p.Identify(0, 0), link=1)
    bench.run()
    held = len(bench.packets(link=1))
    bench.board.pins.drive(CTS, False)
    bench.run()
    assert held == 0
    assert [x.type for x in bench.packets(link=1)] == [p.Identity.TYPE]
    assert bench.packets(link=0)[0].type == p.Event.TYPE


@pytest.mark.parametrize(
    ("wanted", "used"),
    [(9_600, 9_600), (921_600, 923_077), (10_500_000, 10_500_000), (8_000_000, 3_000_000)],
)
def test_a_rate_that_the_clock_misses_is_not_used(wanted, used):
    bench = Bench().run()
    bench.ask(p.Set(BAUD, wanted), p.Value)
    bench.ask(p.Save(), p.Ack, wait_us=ONE_SECOND_US)
    bench.ask(p.Reset(), p.Ack)
    bench.run()
    assert bench.board.usart1.line_format.baud == pytest.approx(used, rel=1e-3)
    bench.run(200_000)  # the boot event, at 9600 baud too
    assert bench.ask(p.Identify(0, 0), p.Identity, wait_us=200_000)


@pytest.mark.parametrize(
    ("wanted", "used"), [(115_200, 115_068), (5_250_000, 5_250_000), (4_000_000, 2_000_000)]
)
def test_a_rate_that_the_module_s_clock_misses_is_not_used(wanted, used):
    bench = Bench().run()
    assert bench.board.usart2.line_format.baud == 2_000_000
    bench.ask(p.Set(MODULE_BAUD, wanted), p.Value)
    bench.ask(p.Save(), p.Ack, wait_us=ONE_SECOND_US)
    bench.ask(p.Reset(), p.Ack)
    bench.run()
    assert bench.board.usart2.line_format.baud == pytest.approx(used, rel=1e-3)


@pytest.mark.parametrize("wanted", [115_199, 5_250_001])
def test_a_rate_beyond_the_module_s_clock_is_refused(wanted):
    refusal = Bench().run().ask(p.Set(MODULE_BAUD, wanted), p.Nack)
    assert refusal.code == p.NackCode.OUT_OF_RANGE


def test_the_boot_loader_is_asked_for_by_the_cable_alone():
    bench = Bench().run()
    bench.packets(link=1)
    bench.send(p.Bootloader(), link=1)
    bench.run()
    (packet,) = bench.packets(link=1)
    assert p.Nack.unpack(packet.payload).code == p.NackCode.NOT_SUPPORTED
    assert bench.identity().fault == p.Fault.NONE


def module_resets(bench):
    """Ticks at which the module's reset line is pulled low from now on."""
    port, found = bench.board.pins.ports["B"], []

    def look():
        if port.mode(7) == 1 and not port.output >> 7 & 1:
            found.append(bench.machine.now)

    port.before_access.append(look)
    return found


def test_the_module_begins_anew_with_the_supply_and_by_the_reset_line():
    bench = Bench()
    resets = module_resets(bench)
    bench.run()
    assert resets
    assert bench.board.pins.output(MODULE_RESET_N)
    resets.clear()
    bench.machine.request_reset(ResetCause.PIN)
    bench.run()
    assert resets
    assert bench.board.pins.output(MODULE_RESET_N)


@pytest.mark.parametrize("how", [p.Reset(), p.SelfTest(p.BoardTest.WATCHDOG)])
def test_the_module_keeps_its_connection_while_the_firmware_restarts(how):
    bench = Bench().run()
    bench.packets(link=1)
    resets = module_resets(bench)
    bench.send(how, link=1)
    bench.run(2 * ONE_SECOND_US)
    events = [p.Event.unpack(x.payload) for x in bench.packets(1) if x.type == p.Event.TYPE]
    assert p.EventCode.BOOT in [event.code for event in events]
    assert resets == []
    assert bench.board.pins.output(MODULE_RESET_N)


def test_an_overflow_of_the_ring_is_survived():
    bench = Bench().run()
    bench.send(p.Save())  # the processor stands still for an erasure
    bench.board.usart1.send(b"\x55" * 3500)
    bench.run(ONE_SECOND_US)
    assert bench.link_errors() == 1
    bench.board.usart1.send(b"\0")
    bench.run()
    assert bench.identity().fault == p.Fault.NONE


def test_bytes_at_a_wrong_rate_are_counted_and_forgotten():
    bench = Bench().run()
    bench.board.usart1.send(b"\x7f\x7f", LineFormat(115_200, even_parity=True))
    bench.run()
    assert bench.link_errors() > 0
    bench.board.usart1.send(b"\0")
    bench.run()
    assert bench.identity().fault == p.Fault.NONE


def test_a_trigger_input_that_rings_leaves_the_board_time_for_its_link():
    bench = Bench().run()
    for _ in range(200):
        for level in (True, False):
            bench.board.pins.drive(TRIGGER, level)
            bench.run(0.2)
    assert bench.identity().fault == p.Fault.NONE

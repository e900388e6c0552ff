from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fpxi_hwsim.emulator.engine import find_counter
from fpxi_hwsim.emulator.errors import EmulationError, FirmwareImageError
from fpxi_hwsim.emulator.image import Image
from fpxi_hwsim.emulator.machine import Machine
from fpxi_hwsim.emulator.schedule import Schedule
from fpxi_hwsim.emulator.stm32f405 import Board

from .conftest import Program

Make = Callable[[str], Program]


@pytest.mark.parametrize("package", ["unicorn", "elftools"])
def test_a_missing_package_is_named_with_the_remedy(package: str) -> None:
    script = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from fpxi_hwsim.emulator.errors import EmulatorMissingError\n"
        "try:\n    import fpxi_hwsim.emulator.machine\n"
        "except EmulatorMissingError as error:\n    print(error)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert "pip install fpxi[emulator]" in told.stdout


def test_an_engine_without_the_expected_counter_is_refused() -> None:
    state = ctypes.create_string_buffer(0x2000)
    with pytest.raises(EmulationError, match="no instruction counter"):
        find_counter(ctypes.addressof(state), lambda _count: None)


def test_a_file_that_is_no_elf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.elf"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(FirmwareImageError, match="not readable as ELF"):
        Image.from_elf(path)
    with pytest.raises(FirmwareImageError, match="not readable"):
        Image.from_binary(tmp_path / "absent.bin")


@pytest.mark.parametrize("address", [0x0800_0000 - 4, 0x0810_0000 - 3, 0x2000_0000])
def test_an_image_that_leaves_the_flash_is_refused(tmp_path: Path, address: int) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(bytes(4))
    with pytest.raises(FirmwareImageError, match="do not lie in the flash"):
        Image.from_binary(path, address)


def test_a_binary_is_loaded_where_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(b"abcd")
    machine = Machine()
    machine.load(Image.from_binary(path, 0x0801_0000))
    assert machine.memory.read(0x0801_0000, 4) == b"abcd"
    with pytest.raises(EmulationError, match="no such symbol"):
        machine.symbol("main")


def test_the_unique_id_is_where_the_firmware_reads_it() -> None:
    board = Board(unique_id=bytes(range(12)))
    assert board.machine.memory.read(0x1FFF_7A10, 12) == bytes(range(12))
    with pytest.raises(EmulationError, match="12 bytes"):
        Board(unique_id=b"short")


@pytest.mark.parametrize("address", [0x2002_0000, 0x1001_0000, 0x4000_0000])
def test_memory_outside_of_the_map_is_refused(address: int) -> None:
    memory = Machine().memory
    with pytest.raises(EmulationError, match="no memory"):
        memory.read(address, 1)
    with pytest.raises(EmulationError, match="no memory"):
        memory.write(address, b"1")


@pytest.mark.parametrize("address", [0x0800_0000, 0xE000_E100])
def test_a_bus_master_reaches_peripherals_alone(address: int) -> None:
    machine = Machine()
    with pytest.raises(EmulationError, match="no peripheral at"):
        machine.bus_read(address, 4)
    with pytest.raises(EmulationError, match="no peripheral at"):
        machine.bus_write(address, 4, 0)


def test_what_does_not_happen_in_time_is_told(program: Make) -> None:
    made = program("void start(void) { for (;;) {} }")
    with pytest.raises(EmulationError, match="did not happen within 100 us"):
        made.machine.run_until(lambda: False, limit_us=100)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            'ASM("mov r0, sp\\n msr psp, r0\\n msr control, %0\\n isb" :: "r"(2) : "r0");'
            'ASM("svc 0");',
            "SPSEL",
        ),
        ('ASM("mvn lr, #6\\n push {lr}\\n pop {pc}");', "outside a handler"),
    ],
)
def test_core_states_that_are_not_modelled_are_told(program: Make, body: str, message: str) -> None:
    made = program(f"void start(void) {{ {body} finish(); }}")
    with pytest.raises(EmulationError, match=message):
        made.run()


def test_a_handler_that_returns_to_the_wrong_mode_is_told(program: Make) -> None:
    made = program(
        '__attribute__((naked)) void sv_call(void) { ASM("mvn lr, #0xE\\n bx lr"); }'
        'void start(void) { ASM("svc 0"); finish(); }'
    )
    with pytest.raises(EmulationError, match="wrong mode"):
        made.run()


def test_events_of_one_tick_come_in_the_order_of_entry() -> None:
    schedule = Schedule()
    told: list[str] = []
    schedule.at(5, lambda: told.append("a"))
    dropped = schedule.at(5, lambda: told.append("b"))
    schedule.at(5, lambda: told.append("c"))
    schedule.at(3, lambda: told.append("d"))
    Schedule.cancel(dropped)
    schedule.now = 5
    schedule.run_due()
    assert told == ["d", "a", "c"]
    assert not schedule.has_events()


def test_an_event_sees_its_own_tick_although_the_core_went_on() -> None:
    schedule = Schedule()
    seen: list[int] = []
    schedule.at(5, lambda: seen.append(schedule.now))
    schedule.now = 7
    schedule.run_due()
    assert seen == [5]
    assert schedule.now == 7

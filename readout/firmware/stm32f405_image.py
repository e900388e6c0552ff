"""What an image of the STM32F405 board must be: places, sizes, depth of the stack."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import stack_depth


@dataclass(frozen=True, slots=True)
class Region:
    """A part of flash that an image fills from its start, and the ELF sections in it."""

    file: str
    address: int
    sections: tuple[str, ...]


STAGE0_REGION = Region("stage0.bin", 0x08000000, (".stage0",))
FIRMWARE_REGION = Region("firmware.bin", 0x08010000, (".vectors", ".text", ".data", ".image_crc"))
REGIONS = (STAGE0_REGION, FIRMWARE_REGION)

SRAM = range(0x20000000, 0x20020000)
LIMITS = {"flash": 976 * 1024, "sram": 128 * 1024, "ccm": 64 * 1024, "stack": 8 * 1024}
CCM_STACK = LIMITS["stack"]

# What DMA is given the address of: links.c, scan.c; and the core, whose answers leave from where
# they are.
DMA_SYMBOLS = ("core", "cable_queue", "module_queue", "rings", "words")

HEAP_SYMBOLS = {"malloc", "calloc", "realloc", "free", "sbrk"}

# Exception entry with the floating-point registers, and the word that aligns it (ARMv7-M, B1.5.7).
EXCEPTION_FRAME = 104 + 4
MAIN_ROOT = "fpxi_start"
FAULT_ROOT = "fpxi_handle_fault"
SCAN_ISRS = {"fpxi_isr_tim2"}  # they interrupt the others

HOOKS = tuple(
    f"boards/stm32f405/board.c:{name}"
    for name in (
        "now_us",
        "set_bias",
        "begin_exposure",
        "begin_readout",
        "read_row",
        "abandon",
        "temperature_mC",
        "battery_mV",
        "storage_read",
        "storage_erase",
        "storage_program",
        "note_fault",
        "self_test",
        "safe_state",
        "kick_watchdog",
        "reset",
        "enter_bootloader",
    )
)
COMMAND_HANDLERS = "fpxi_handle_"
COMMAND_DISPATCHER = "fpxi_commands_execute"
CORE = "core/"


class ImageError(Exception):
    """The image must not be shipped; the message says why."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What is known of an image: sizes in bytes by memory, addresses of the dictionaries."""

    sizes: dict[str, int]
    dictionaries: dict[str, int]


def checksum(content: bytes) -> int:
    """CRC of whole words as the CRC unit forms it (RM0090, 4.2): not reflected, not inverted.

    It takes a word's highest bit first: zlib's CRC of the bytes in big-endian order, each
    reversed, is its mirror image.
    """
    reversed_bits = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
    swapped = bytearray(len(content))
    for place in range(4):
        swapped[place::4] = content[3 - place :: 4]
    mirrored = zlib.crc32(bytes(swapped).translate(reversed_bits)) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def schema_hash(firmware: bytes, address: int) -> str:
    """Return the hash in a dictionary's descriptor (pointer, size, 32 bytes) as hexadecimal."""
    start = address - FIRMWARE_REGION.address + 8
    return firmware[start : start + 32].hex()


def parse_symbols(listing: str) -> dict[str, int]:
    """Return the addresses in the output of `nm`."""
    found = re.findall(r"^([0-9a-f]{8}) \w (\S+)$", listing, re.MULTILINE)
    return {name: int(address, 16) for address, name in found}


def check_no_heap(symbols: dict[str, int]) -> None:
    """Raise ImageError where a function of the heap is linked."""
    heap = {name for name in symbols if name.strip("_").removesuffix("_r") in HEAP_SYMBOLS}
    if heap:
        raise ImageError("the heap is linked: " + ", ".join(sorted(heap)))


def check_dma_memory(map_text: str, symbols: Mapping[str, int]) -> None:
    """Raise ImageError unless all memory that DMA is given lies in SRAM, where it can reach it.

    `map_text` is the linker's map: DMA memory is what stands in the sections `.dma`, whatever its
    name; what is known by name (DMA_SYMBOLS) must lie there even if somebody forgot to say so.
    """
    areas = re.findall(r"^ \.dma\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$", map_text, re.MULTILINE)
    for start, size, name in areas:
        if int(size, 16) and not _in_sram(int(start, 16), int(size, 16)):
            raise ImageError(f"DMA cannot reach {name}'s memory at 0x{start}")
    for name in DMA_SYMBOLS:
        if name not in symbols:
            raise ImageError(f"there is no DMA memory {name}")
        if not _in_sram(symbols[name], 1):
            raise ImageError(f"DMA cannot reach {name} at {symbols[name]:#010x}")


def _in_sram(start: int, size: int) -> bool:
    return start in SRAM and start + size - 1 in SRAM


def _sizes(listing: str) -> dict[str, int]:
    found = re.findall(r"^(\.\w+)\s+(\d+)\s+\d+$", listing, re.MULTILINE)
    size = {name: int(number) for name, number in found}
    flash = sum(size[name] for region in REGIONS for name in region.sections)
    return {
        "flash": flash,
        "sram": size[".data"] + size[".bss"] + size[".noinit"],
        "ccm": size[".ccm"] + CCM_STACK,
    }


def worst_stack(calls: Mapping[str, str], disassembly: str) -> int:
    """Return the most bytes of stack that main and interrupts take together.

    `calls`: each object's path below the firmware, and its .ci file's content. Two priorities:
    an interrupt of the scan may come while another is served. Raises ImageError where it does
    not fit or cannot be told.
    """
    graph = stack_depth.CallGraph()
    try:
        for text in calls.values():
            graph.add_compiled(text)
        graph.add_disassembled(disassembly)
        graph.name_indirect(_indirect_targets(graph, calls))
        isrs = {name for name in graph.use if name.startswith("fpxi_isr_")}
        levels = [isrs & SCAN_ISRS, isrs - SCAN_ISRS]
        interrupts = sum(
            max(map(graph.depth, level)) + EXCEPTION_FRAME for level in levels if level
        )
        # The fault handler begins a new stack.
        worst = max(graph.depth(MAIN_ROOT) + interrupts, graph.depth(FAULT_ROOT))
    except stack_depth.StackError as error:
        raise ImageError(f"the stack's depth cannot be told: {error}") from error
    if worst > LIMITS["stack"]:
        raise ImageError(f"the stack may take {worst} bytes; there are {LIMITS['stack']}")
    return worst


def _indirect_targets(
    graph: stack_depth.CallGraph, calls: Mapping[str, str]
) -> dict[str, list[str]]:
    """Say whom the core's callers by pointer can reach: the handlers of commands, or the hooks."""
    callers = {
        caller
        for path, text in calls.items()
        if path.startswith(CORE)
        for caller in stack_depth.indirect_callers(text)
    }
    handlers = [name for name in graph.use if name.startswith(COMMAND_HANDLERS)]
    return {name: handlers if name == COMMAND_DISPATCHER else list(HOOKS) for name in callers}


def examine(
    *, symbols: str, sections: str, map_text: str, calls: Mapping[str, str], disassembly: str
) -> Findings:
    """Check an image by what nm, `size -A`, the linker's map, gcc and objdump say of it.

    Raises ImageError for one that must not be shipped.
    """
    addresses = parse_symbols(symbols)
    check_no_heap(addresses)
    check_dma_memory(map_text, addresses)
    sizes = _sizes(sections) | {"stack": worst_stack(calls, disassembly)}
    prefix = "fpxi_dictionary_"
    dictionaries = {
        name.removeprefix(prefix): address
        for name, address in addresses.items()
        if name.startswith(prefix)
    }
    return Findings(sizes, dictionaries)

"""Counts the instructions that the emulated board executes, by source file and by function.

Every executed instruction is counted at its own address, which the release image's debugging
information and symbols then name: exact, not sampled. Waits that the emulator passes over (poll
loops, WFI) are no instructions here. What was inlined counts where it was inlined; code without
debugging information is the C library's.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from elftools.elf.elffile import ELFFile
from unicorn.unicorn_const import UC_HOOK_CODE

LIBRARY = "C library"


class InstructionMap:
    """What the addresses of an image belong to."""

    def __init__(self, elf: Path) -> None:
        with elf.open("rb") as stream:
            image = ELFFile(stream)
            self._files = self._source_files(image.get_dwarf_info())
            functions = sorted(
                (int(symbol["st_value"]) & ~1, symbol.name)
                for symbol in image.get_section_by_name(".symtab").iter_symbols()
                if symbol["st_info"]["type"] == "STT_FUNC"
            )
        self._starts = [address for address, _ in functions]
        self._names = [name for _, name in functions]

    @staticmethod
    def _source_files(dwarf: Any) -> Callable[[int], str]:
        aranges = dwarf.get_aranges()
        names = {
            unit.cu_offset: PurePosixPath(unit.get_top_DIE().get_full_path()).name
            for unit in dwarf.iter_CUs()
        }
        return lambda address: names.get(aranges.cu_offset_at_addr(address), LIBRARY)

    def by_file(self, counts: Counter[int]) -> Counter[str]:
        """Add up counts by address for each C file."""
        return self._by(counts, self._files)

    def by_function(self, counts: Counter[int]) -> Counter[str]:
        """Add up counts by address for each function."""
        return self._by(counts, self._function)

    def _function(self, address: int) -> str:
        return self._names[bisect.bisect_right(self._starts, address) - 1]

    @staticmethod
    def _by(counts: Counter[int], name_of: Callable[[int], str]) -> Counter[str]:
        named: Counter[str] = Counter()
        for address, count in counts.items():
            named[name_of(address)] += count
        return named


def count_instructions(machine: Any, work: Callable[[], object]) -> Counter[int]:
    """Return how often the instruction at each address was executed while `work` was done.

    Raises SystemExit where that is not as many as the emulator executed.
    """
    counts: Counter[int] = Counter()

    def count(_uc: Any, address: int, _size: int, _data: Any) -> None:
        counts[address] += 1

    engine = machine.engine.uc
    hook = engine.hook_add(UC_HOOK_CODE, count)
    engine.ctl_flush_tb()  # what is translated already knows nothing of the hook
    before = machine.instructions
    try:
        work()
    finally:
        engine.hook_del(hook)
        engine.ctl_flush_tb()
    executed = machine.instructions - before
    if counts.total() != executed:
        raise SystemExit(f"counted {counts.total()} instructions where {executed} were executed")
    return counts

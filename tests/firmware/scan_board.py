"""The board's scan logic, compiled with a bench in place of its timers, and a hand on both."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FIRMWARE = HERE.parents[1] / "readout" / "firmware"
BOARD = FIRMWARE / "boards" / "stm32f405"
OK, AGAIN = 0, 1
NEEDED = ("scan.c", "scan_engine.c", "waveforms.c", "tft64.c", "cmos32.c")
HEADERS = ("interrupts.h", "scan.h", "scan_engine.h", "scan_timers.h", "time.h", "waveforms.h")
PROCESSOR = """
#include <stdint.h>
#define FPXI_DMA_MEMORY
#define FPXI_CCM_MEMORY
uint32_t fpxi_interrupts_off(void);
void fpxi_interrupts_restore(uint32_t before);
"""


class Exposure(ctypes.Structure):
    _fields_ = [
        ("exposure_us", ctypes.c_uint32),
        ("gain_setting", ctypes.c_uint8),
        ("oversampling", ctypes.c_uint8),
        ("cds", ctypes.c_bool),
        ("request_beam", ctypes.c_bool),
    ]


class Entry(ctypes.Structure):
    _fields_ = [
        ("start_us", ctypes.c_uint32),
        ("slots", ctypes.c_uint32),
        ("played", ctypes.c_uint32),
        ("wake_slots", ctypes.c_uint32),
        ("token", ctypes.c_uint8),
        ("range", ctypes.c_uint8),
        ("converts", ctypes.c_uint8),
        ("started", ctypes.c_uint8),
    ]


def compile_scan(folder: Path, compiler: Any) -> Path:
    """Compile scan.c and scan_engine.c with the bench; return the library."""
    shutil.copytree(FIRMWARE / "core", folder / "core")
    board = folder / "boards" / "stm32f405"
    board.mkdir(parents=True)
    for name in (*NEEDED, *HEADERS):
        shutil.copy(BOARD / name, board)
    shutil.copy(HERE / "scan_bench.c", board)
    (board / "processor.h").write_text(PROCESSOR)
    sources = [board / name for name in (*NEEDED, "scan_bench.c")]
    sources.append(folder / "core" / "oversampling.c")
    flags = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"]
    library = folder / "scan.so"
    command = [*compiler.command, *flags, *map(str, sources), "-o", str(library)]
    subprocess.run(command, check=True)
    return library


class Bench:
    """A board with a panel."""

    def __init__(self, library: Path, plan: Any, now_us: int = 1000) -> None:
        self.c: Any = ctypes.CDLL(str(library))
        self.c.bench_now_us.restype = ctypes.c_uint64
        self.c.bench_beam.restype = ctypes.c_uint64
        self.c.bench_log.restype = ctypes.POINTER(Entry)
        self.c.bench_word.restype = ctypes.c_uint16
        self.plan = plan
        self.columns: int = plan.columns * plan.converters
        self.c.bench_init(plan.panel, plan.converters, ctypes.c_uint64(now_us))
        self.run(200)  # long enough to clear the gate driver

    def begin_exposure(self, exposure_us: int, **others: Any) -> int | None:
        """When it began; None where it failed."""
        return self._begin(self.c.fpxi_scan_begin_exposure, self.exposure(exposure_us, **others))

    def begin_readout(self, exposure_us: int | None = None, **others: Any) -> int | None:
        """When the next exposure began, 0 without one; None where it failed."""
        following = None if exposure_us is None else self.exposure(exposure_us, **others)
        return self._begin(self.c.fpxi_scan_begin_readout, following)

    def exposure(self, exposure_us: int, **others: Any) -> Exposure:
        given = {"oversampling": self.plan.conversions, "cds": True, **others}
        return Exposure(exposure_us=exposure_us, **given)

    @staticmethod
    def _begin(function: Any, exposure: Exposure | None) -> int | None:
        began = ctypes.c_uint64(0)
        pointer = None if exposure is None else ctypes.byref(exposure)
        return began.value if function(pointer, ctypes.byref(began)) == OK else None

    def run(self, us: int, masked: bool = False) -> None:
        self.c.bench_pass(us, masked)

    def run_to(self, time_us: int) -> None:
        self.run(max(0, time_us - self.now_us))

    def row(self, number: int) -> tuple[int, list[int]]:
        samples = (ctypes.c_uint16 * self.columns)()
        result: int = self.c.fpxi_scan_read_row(number, samples)
        return result, list(samples)

    def rows(self) -> list[list[int]]:
        """All rows, each asked for until it is there."""
        found = []
        for number in range(self.plan.rows):
            for _ in range(3000):
                result, samples = self.row(number)
                if result != AGAIN:
                    break
                self.run(1)
            assert result == OK, number
            found.append(samples)
        return found

    def expected(self, scan: int) -> list[list[int]]:
        """Rows of a scan (the number of its entry in the log): means, rounded half up."""
        found = []
        for passes in self.plan.word_index:
            words = [[self.c.bench_word(scan + 1, i) for i in columns] for columns in passes]
            count = len(words)
            found.append([(sum(each) + count // 2) // count for each in zip(*words, strict=True)])
        return found

    @property
    def now_us(self) -> int:
        return int(self.c.bench_now_us())

    @property
    def log(self) -> list[Entry]:
        count: int = self.c.bench_log_count()
        return [self.c.bench_log(i).contents for i in range(count)]

    @property
    def pending(self) -> bool:
        return bool(self.c.fpxi_scan_pending() & 1)

    @property
    def wrong(self) -> int:
        return int(self.c.bench_wrong())

    @property
    def readout_us(self) -> int:
        line_us: int = self.plan.line_slots * self.plan.conversions
        lines: int = self.plan.rows + 1
        return lines * line_us + 5

"""A panel that does what a self-test asks of it, with defects put in by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fpxi.self_test.patterns import expected_pattern
from fpxi_readout.device_errors import CommandRefusedError
from fpxi_readout.frame import Frame
from fpxi_readout.links.base import LinkLostError
from fpxi_readout.protocol import generated as messages
from fpxi_readout.protocol.generated import BoardTest, Fault, FrameFlag, NackCode, ResetCause

ENUMERATIONS = {
    "encoding": messages.Encoding,
    "test_pattern": messages.TestPattern,
    "trigger_mode": messages.TriggerMode,
    "binning": messages.Binning,
    "cds": messages.OnOff,
    "delivery": messages.Delivery,
}
DEFAULTS = {
    "exposure_us": 10_000,
    "frame_period_us": 0,
    "gain_setting": 3,
    "bias_mV": 0,
    "trigger_mode": 0,
    "encoding": 0,
    "delivery": 0,
    "cds": 1,
    "oversampling": 1,
    "average_log2": 0,
    "region_first_row": 0,
    "region_rows": 0,
    "region_first_column": 0,
    "region_columns": 0,
    "binning": 1,
    "test_pattern": 0,
    "readout_us": 2150,
}


class MadePanel:
    """Rows x columns that respond to exposure; an exposure below the read-out time is refused."""

    ROWS, COLUMNS = 24, 16

    def __init__(self) -> None:
        self.values = dict(DEFAULTS)
        self.saved = dict(DEFAULTS)
        self.spoil: Callable[[np.ndarray], None] = lambda samples: None
        self.spoil_pattern: Callable[[np.ndarray], None] = lambda samples: None
        self.counts_per_us = 0.1
        self.outcomes = dict.fromkeys(BoardTest, messages.TestOutcome.PASSED)
        self.numbers = (100, 100)
        self.provoked: list[BoardTest] = []
        self.reports_restarts = True
        self.restarts = True
        self.refused: dict[str, int] = {}
        self.fails_in: str | None = None
        self.frames_lost = 0
        self.geometry = SimpleNamespace(
            name="made", rows=self.ROWS, columns=self.COLUMNS, full_scale=65535, process_ring=0
        )
        self.identity = SimpleNamespace(
            serial_number="SN-1", reset_cause=ResetCause.POWER_ON, reset_fault=Fault.NONE
        )
        self.dictionary = SimpleNamespace(
            parameters={name: self._info(name) for name in self.values},
            enumerations={
                name: SimpleNamespace(values={m.name.lower(): m for m in kind})
                for name, kind in ENUMERATIONS.items()
            },
        )
        self._random = np.random.default_rng(5)
        self._next_frame = 1000
        self._wanted = 0

    @staticmethod
    def _info(name: str) -> Any:
        return SimpleNamespace(
            name=name, minimum=100, access="ro" if name == "readout_us" else "rw"
        )

    def get(self, name: str) -> int:
        return self.values[name]

    def set(self, name: str, value: int | str) -> int:
        if isinstance(value, str):
            value = self.dictionary.enumerations[name].values[value].value
        self._fail("set")
        exposure = value if name == "exposure_us" else self.values["exposure_us"]
        factor = value if name == "oversampling" else self.values["oversampling"]
        if exposure < 2150 * factor or self.refused.get(name) == value:
            raise CommandRefusedError("SET", NackCode.OUT_OF_RANGE, 1, "too short")
        self.values[name] = value
        return value

    def stop(self) -> None:
        self._fail("stop")

    def start(self, frames: int = 0, *, reliable: bool = False) -> int:
        self._fail("start")
        self.values["delivery"] = int(reliable)
        self._wanted = frames
        return self._next_frame

    def frames(self, count: int | None = None, *, timeout_s: float) -> Iterator[Frame]:
        for _ in range(self._wanted - self.frames_lost):
            self._next_frame += 1
            yield self._frame(self._next_frame)

    def self_test(self, test: BoardTest) -> messages.TestResult:
        self._fail("self_test")
        return messages.TestResult(test, self.outcomes[test], *self.numbers)

    def provoke(self, test: BoardTest, timeout_s: float) -> bool:
        self.provoked.append(test)
        if not self.restarts:
            return False
        self.values = dict(self.saved)
        if self.reports_restarts:
            fault = test is BoardTest.ASSERTION
            self.identity = SimpleNamespace(
                serial_number="SN-1",
                reset_fault=Fault.ASSERTION if fault else Fault.WATCHDOG,
                reset_cause=ResetCause.FAULT if fault else ResetCause.WATCHDOG,
            )
        return True

    def last_fault(self) -> messages.FaultRecord:
        return messages.FaultRecord(Fault.ASSERTION, 123, 4567, b"core.c")

    def _fail(self, where: str) -> None:
        if self.fails_in == where:
            raise LinkLostError("serial:X", "unplugged")

    def _frame(self, number: int) -> Frame:
        pattern = messages.TestPattern(self.values["test_pattern"])
        if pattern is messages.TestPattern.NONE:
            samples, flags = self._samples(), FrameFlag(0)
        else:
            samples = expected_pattern(pattern, self.ROWS, self.COLUMNS, number)
            flags = FrameFlag.PATTERN
            self.spoil_pattern(samples)
        received = np.ones(self.ROWS, np.bool_)
        common = (number, 0, self.values["exposure_us"], 3, 0, 25_000, flags, samples, received)
        return Frame(*common)

    def _samples(self) -> np.ndarray:
        shape = (self.ROWS, self.COLUMNS)
        level = 3000 + self.counts_per_us * self.values["exposure_us"]
        samples = level + self._random.normal(0, 10, shape)
        self.spoil(samples)
        return np.clip(np.rint(samples), 0, 65535).astype(np.uint16)


@pytest.fixture
def panel() -> MadePanel:
    return MadePanel()

"""The tests that the board makes of itself, in words."""

from __future__ import annotations

from dataclasses import dataclass

from fpxi_readout.device_errors import CommandRefusedError
from fpxi_readout.identity import DeviceIdentity
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import (
    BoardTest,
    Fault,
    NackCode,
    ResetCause,
    TestOutcome,
    TestResult,
)
from fpxi_readout.protocol.version import UnsupportedByDeviceError

from fpxi.self_test.report import Check, Outcome

RESTART_S = 5.0
"""the watchdog bites after a second; then the board starts"""


@dataclass(frozen=True, slots=True)
class _Words:
    """How one test is told. `{e}` and `{m}` stand for the expected and the measured number."""

    name: str
    passed: str
    failed: str
    remedy: str


HARMLESS = {
    BoardTest.MEMORY: _Words(
        "memory",
        "every word of the frame memory holds what is written",
        "the frame memory fails at address {m:#010x}",
        "the processor is damaged: replace the board",
    ),
    BoardTest.CLOCK: _Words(
        "clock",
        "{m} kHz, nominal {e} kHz",
        "{m} kHz measured where {e} kHz are nominal",
        "check the crystal, its capacitors and its solder joints",
    ),
    BoardTest.BIAS_LOOP: _Words(
        "bias loop",
        "the monitor reads {m} mV at a set-point of {e} mV",
        "the monitor reads {m} mV at a set-point of {e} mV",
        "check the bias DAC (SPI2, DAC_CS), its reference and the monitor's divider",
    ),
    BoardTest.STORAGE: _Words(
        "parameter store",
        "{m} of {e} saved sets are sound",
        "{m} of {e} saved sets are sound",
        "save the parameters again (`fpxi set --save`); if it comes back, the flash is worn",
    ),
    BoardTest.FIRMWARE: _Words(
        "firmware",
        "the image has its checksum, {m:#010x}",
        "the image's checksum is {m:#010x}, not {e:#010x}",
        "write the firmware again with `fpxi flash`",
    ),
}
RESTARTING = {
    BoardTest.ASSERTION: (Fault.ASSERTION, ResetCause.FAULT),
    BoardTest.WATCHDOG: (Fault.WATCHDOG, ResetCause.WATCHDOG),
}
SIGNED = (BoardTest.BIAS_LOOP,)


def check_board(panel: Panel, test: BoardTest) -> Check:
    """Have the board make one of the `HARMLESS` tests."""
    words = HARMLESS[test]
    try:
        result = panel.self_test(test)
    except UnsupportedByDeviceError:
        return Check(words.name, Outcome.NOT_SUPPORTED, "this firmware has no self-test")
    except CommandRefusedError as refusal:
        if refusal.code != NackCode.NOT_SUPPORTED:
            raise
        return Check(words.name, Outcome.NOT_SUPPORTED, "this board cannot test that")
    return describe(test, result)


def describe(test: BoardTest, result: TestResult) -> Check:
    """Put the result of one of the `HARMLESS` tests in words."""
    words = HARMLESS[test]
    if result.outcome == TestOutcome.NOT_SUPPORTED:
        return Check(words.name, Outcome.NOT_SUPPORTED, "this board cannot test that")
    numbers = {"e": result.expected, "m": result.measured}
    if test in SIGNED:
        numbers = {key: _signed(value) for key, value in numbers.items()}
    if result.outcome == TestOutcome.PASSED and test == BoardTest.STORAGE and not result.expected:
        return Check(words.name, Outcome.PASSED, "no set is saved: the defaults are in force")
    if result.outcome == TestOutcome.PASSED:
        return Check(words.name, Outcome.PASSED, words.passed.format(**numbers))
    return Check(words.name, Outcome.FAILED, words.failed.format(**numbers), words.remedy)


def check_restart(panel: Panel, test: BoardTest) -> Check:
    """Have the board restart by a failed assertion or its watchdog, and see what it reports."""
    fault, cause = RESTARTING[test]
    name = test.name.lower()
    before = panel.identity
    try:
        told = panel.provoke(test, RESTART_S)
    except (UnsupportedByDeviceError, CommandRefusedError):
        return Check(name, Outcome.NOT_SUPPORTED, "this firmware cannot provoke it")
    identity = panel.identity
    if not told and _last_reset(before) == _last_reset(identity):
        return Check(
            name,
            Outcome.FAILED,
            "the board did not say that it restarted",
            "a firmware that hangs would not be noticed: write it again with `fpxi flash`",
        )
    if _last_reset(identity) != (fault, cause):
        found = f"reset cause {_name(identity.reset_cause)}, fault {_name(identity.reset_fault)}"
        return Check(
            name,
            Outcome.FAILED,
            f"the board reports {found} afterwards",
            "a real fault would go unnoticed: write the firmware again with `fpxi flash`",
        )
    record = panel.last_fault()
    place = record.file.decode("ascii", errors="replace")
    where = f" at {place}:{record.line}" if place else ""
    return Check(name, Outcome.PASSED, f"the board restarted and reports it{where}")


def _last_reset(identity: DeviceIdentity) -> tuple[Fault | int, ResetCause | int]:
    return identity.reset_fault, identity.reset_cause


def _signed(pattern: int) -> int:
    return pattern - (1 << 32) if pattern >> 31 else pattern


def _name(value: Fault | ResetCause | int) -> str:
    return value.name.lower() if isinstance(value, Fault | ResetCause) else str(value)

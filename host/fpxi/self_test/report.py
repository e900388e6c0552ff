"""What a self-test found, in words and numbers."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Outcome(enum.Enum):
    """How one check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_SUPPORTED = "not supported"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was found, and what to do if it failed."""

    name: str
    outcome: Outcome
    text: str
    remedy: str = ""
    """empty unless the check failed"""


@dataclass(slots=True)
class SelfTestReport:
    """All checks, in the order in which they were made."""

    panel: str
    serial_number: str
    checks: list[Check] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether no check failed. What a board cannot test does not count against it."""
        return all(check.outcome is not Outcome.FAILED for check in self.checks)

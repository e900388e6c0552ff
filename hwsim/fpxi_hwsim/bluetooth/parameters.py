"""Connection parameters, as hosts negotiate them."""

from __future__ import annotations

from dataclasses import dataclass

INTERVAL_UNIT_US = 1250
TIMEOUT_UNIT_US = 10_000


@dataclass(frozen=True, slots=True)
class ConnectionParameters:
    """Parameters of a connection, in the units of the HCI: 1.25 ms, events, 10 ms."""

    interval: int
    latency: int
    timeout: int

    @property
    def interval_us(self) -> int:
        """Connection interval in microseconds."""
        return self.interval * INTERVAL_UNIT_US

    @property
    def timeout_us(self) -> int:
        """Supervision time-out in microseconds."""
        return self.timeout * TIMEOUT_UNIT_US

    @property
    def are_valid(self) -> bool:
        """Whether a controller takes them (Core Specification, Vol 4, Part E, 7.8.12)."""
        return (
            6 <= self.interval <= 3200
            and 0 <= self.latency <= 499
            and 10 <= self.timeout <= 3200
            and self.timeout_us > 2 * (1 + self.latency) * self.interval_us
        )

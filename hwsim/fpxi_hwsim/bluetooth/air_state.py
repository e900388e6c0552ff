"""The state of the air that all connections of a radio share."""

from __future__ import annotations

import random

from fpxi_hwsim.bluetooth.conditions import RadioConditions
from fpxi_hwsim.bluetooth.statistics import RadioStatistics


class AirState:
    """Conditions in force, the random sequence behind packet errors, and what was counted.

    A new `radio_seed` begins the sequence anew; no other condition does.
    """

    def __init__(self, conditions: RadioConditions) -> None:
        self.statistics = RadioStatistics()
        self._conditions = conditions
        self._generator = random.Random(conditions.radio_seed)

    @property
    def conditions(self) -> RadioConditions:
        """Conditions in force; may be assigned."""
        return self._conditions

    @conditions.setter
    def conditions(self, conditions: RadioConditions) -> None:
        if conditions.radio_seed != self._conditions.radio_seed:
            self._generator = random.Random(conditions.radio_seed)
        self._conditions = conditions

    def spoils(self) -> bool:
        """Decide whether a PDU arrives with a wrong CRC."""
        errors = self._conditions.packet_errors
        return errors > 0 and self._generator.random() < errors

"""What a virtual radio is like: its air, its adapters, and what the panel's module asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fpxi_hwsim.errors import BadValueError
from fpxi_hwsim.settings_text import parse_on_off, parse_u32, with_setting

PhyName = Literal["1M", "2M"]

INTERVAL_UNIT_MS = 1.25
SHORTEST_INTERVAL_MS = 7.5
LONGEST_INTERVAL_MS = 4000.0
SHORTEST_SUPERVISION_S = 0.1
LONGEST_SUPERVISION_S = 32.0
SHORTEST_DATA_LENGTH = 27
LONGEST_DATA_LENGTH = 251
WEAKEST_RSSI_DBM = -127
STRONGEST_RSSI_DBM = 20


@dataclass(frozen=True, slots=True)
class RadioConditions:
    """Conditions of a virtual radio; ranges are those of the Core Specification, Vol 6, Part B.

    The *air* (`packet_errors`, `rssi_dBm`, `in_reach`) acts on every connection at once.
    The *adapters* do at best `phy` and `data_length`: 2M is refused where `phy` is 1M. A
    connection begins with 1M and 27 octets, as the specification has it, and has what hosts
    negotiated later. Interval and supervision time-out of a connection are its hosts' alone:
    `interval_ms` and `supervision_s` are what the panel's module *asks for* once connected,
    beside `phy` and `data_length`. A change of adapters or of wishes acts on later negotiations.
    """

    interval_ms: float = 15.0
    """connection interval the module asks for, a multiple of 1.25 ms"""
    phy: PhyName = "2M"
    """fastest PHY of the adapters, which the module asks for"""
    data_length: int = LONGEST_DATA_LENGTH
    """most octets of a data PDU that the adapters take, which the module asks for"""
    packet_errors: float = 0.0
    """probability that a PDU arrives with a wrong CRC"""
    supervision_s: float = 2.0
    """supervision time-out the module asks for"""
    rssi_dBm: int = -60
    """received signal strength that every adapter reports"""
    in_reach: bool = True
    """whether PDUs arrive at all"""
    radio_seed: int = 1
    """seed of the packet errors"""

    def __post_init__(self) -> None:
        _check_range("interval_ms", self.interval_ms, SHORTEST_INTERVAL_MS, LONGEST_INTERVAL_MS)
        if self.interval_ms % INTERVAL_UNIT_MS:
            raise BadValueError("interval_ms", f"{self.interval_ms:g}", "a multiple of 1.25 ms")
        if self.phy not in ("1M", "2M"):
            raise BadValueError("phy", self.phy, "1M or 2M")
        _check_range("data_length", self.data_length, SHORTEST_DATA_LENGTH, LONGEST_DATA_LENGTH)
        _check_range("packet_errors", self.packet_errors, 0.0, 1.0)
        _check_range(
            "supervision_s", self.supervision_s, SHORTEST_SUPERVISION_S, LONGEST_SUPERVISION_S
        )
        # Vol 6, Part B, 4.5.2: longer than two intervals, lest one lost event end a connection
        if self.supervision_s * 1000.0 <= 2.0 * self.interval_ms:
            raise BadValueError(
                "supervision_s", f"{self.supervision_s:g}", "more than twice interval_ms"
            )
        _check_range("rssi_dBm", self.rssi_dBm, WEAKEST_RSSI_DBM, STRONGEST_RSSI_DBM)


_WHOLE_NUMBERS = ("data_length", "rssi_dBm")


def with_condition(conditions: RadioConditions, name: str, text: str) -> RadioConditions:
    """Return the conditions with one changed.

    Raises
    ------
    UnknownKeyError, BadValueError
        There is no such condition, or it cannot take this value.

    """
    return with_setting(conditions, name, text, _parse)


def _parse(name: str, text: str) -> float | str | bool:
    if name == "phy":
        return text
    if name == "in_reach":
        return parse_on_off(name, text)
    if name == "radio_seed":
        return parse_u32(name, text)
    try:
        return int(text) if name in _WHOLE_NUMBERS else float(text)
    except ValueError:
        kind = "a whole number" if name in _WHOLE_NUMBERS else "a number"
        raise BadValueError(name, text, kind) from None


def _check_range(key: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise BadValueError(key, f"{value:g}", f"{least:g} to {most:g}")

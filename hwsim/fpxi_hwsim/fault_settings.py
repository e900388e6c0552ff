"""How often a simulated line and device misbehave."""

from __future__ import annotations

from dataclasses import dataclass, fields

from fpxi_hwsim.settings_text import parse_on_off, parse_u32, parse_up_to, with_setting

LONGEST_STALL_S = 3600.0


@dataclass(frozen=True, slots=True)
class FaultSpecification:
    """Rates of faults; all zero: a perfect line.

    A block is what one hand-over carries, at most `fpxi_hwsim.faults.BLOCK_BYTES`. All but
    `resets` act in both directions.
    """

    bit_flips: float = 0.0
    """probability that a bit is inverted"""
    drops: float = 0.0
    """probability that a block is lost"""
    duplicates: float = 0.0
    """probability that a block arrives twice"""
    stalls: float = 0.0
    """probability that the line falls silent for `stall_s` before a block"""
    stall_s: float = 0.05
    """length of a stall, in seconds"""
    rechunk: bool = False
    """whether bytes are handed over in pieces of random size"""
    resets: float = 0.0
    """probability, for each exposure, that the device resets while frame data leave it"""
    fault_seed: int = 1
    """seed of all of these"""


FAULT_SETTINGS = tuple(field.name for field in fields(FaultSpecification))


def with_fault(faults: FaultSpecification, name: str, text: str) -> FaultSpecification:
    """Return the specification with one setting changed.

    Raises
    ------
    UnknownKeyError, BadValueError
        There is no such fault, or it cannot take this value.

    """
    return with_setting(faults, name, text, _parse)


def _parse(name: str, text: str) -> float | bool | int:
    if name == "rechunk":
        return parse_on_off(name, text)
    if name == "fault_seed":
        return parse_u32(name, text)
    return parse_up_to(name, text, LONGEST_STALL_S if name == "stall_s" else 1.0)

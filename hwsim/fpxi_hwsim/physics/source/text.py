"""Tubes and their output over time as people write them, in URLs and on the control console."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from fpxi_hwsim.errors import BadValueError, UnknownMaterialError, UnphysicalError
from fpxi_hwsim.physics.source.output import STEADY, BeamOutput
from fpxi_hwsim.physics.source.tube import Tube

Read = TypeVar("Read", Tube, BeamOutput)

TUBE_GRAMMAR = (
    "anode:kV[@angle][:filters], such as W:50kV, Ag:50kV@20deg or "
    "W:70kV:Be 0.127mm+Al 2.5mm+air 500mm"
)
OUTPUT_GRAMMAR = (
    "steady, or some of ripple=0.05@100Hz, drift=-0.01/h, pulses=15Hz*5ms, "
    "shutter=2s..10s*20ms (from .. to * travel; no end: 2s..), jitter=0.01, joined by commas"
)

_NUMBER = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
_TUBE = re.compile(rf"([A-Z][a-z]?):{_NUMBER}kV(?:@{_NUMBER}deg)?(?::(.+))?")
_FILTER = re.compile(rf"(\S+)\s+{_NUMBER}(mm|um)")
_MM = {"mm": 1.0, "um": 1e-3}


def parse_tube(key: str, text: str) -> Tube:
    """Read a tube: anode, voltage, perhaps the anode's angle, and filters joined by `+`.

    Raises
    ------
    BadValueError
        The text is no tube, or one that cannot be; the message says what to write.

    """
    match = _TUBE.fullmatch(text.strip())
    if match is None:
        raise BadValueError(key, text, TUBE_GRAMMAR)
    anode, kV, angle_deg, filters = match.groups()
    pieces = [_FILTER.fullmatch(part.strip()) for part in filters.split("+")] if filters else []
    read = [(m[1], float(m[2]) * _MM[m[3]]) for m in pieces if m is not None]
    if len(read) != len(pieces):
        raise BadValueError(key, text, TUBE_GRAMMAR)
    angle = {} if angle_deg is None else {"anode_angle_deg": float(angle_deg)}
    return _checked(key, text, TUBE_GRAMMAR, lambda: Tube(anode, float(kV), tuple(read), **angle))


_SETTINGS: dict[str, tuple[re.Pattern[str], tuple[str, ...]]] = {
    "ripple": (re.compile(rf"{_NUMBER}@{_NUMBER}Hz"), ("ripple", "ripple_hz")),
    "drift": (re.compile(rf"{_NUMBER}/h"), ("drift_per_hour",)),
    "pulses": (re.compile(rf"{_NUMBER}Hz\*{_NUMBER}ms"), ("pulse_hz", "pulse_width_ms")),
    "shutter": (
        re.compile(rf"{_NUMBER}s\.\.(?:{_NUMBER}s)?(?:\*{_NUMBER}ms)?"),
        ("shutter_opens_s", "shutter_closes_s", "shutter_travel_ms"),
    ),
    "jitter": (re.compile(_NUMBER), ("jitter",)),
}


def parse_output(key: str, text: str) -> BeamOutput:
    """Read how the source's output varies: `steady`, or settings joined by commas.

    Raises
    ------
    BadValueError
        The text is no such list, names a setting twice, or asks for what no source does.

    """
    if text.strip() == "steady":
        return STEADY
    values: dict[str, float] = {}
    for item in text.split(","):
        name, _, value = item.strip().partition("=")
        pattern, fields = _SETTINGS.get(name, (None, ()))
        match = pattern.fullmatch(value) if pattern else None
        if match is None or fields[0] in values:
            raise BadValueError(key, text, OUTPUT_GRAMMAR)
        given = zip(fields, match.groups(), strict=True)
        values.update({field: float(number) for field, number in given if number is not None})
    return _checked(key, text, OUTPUT_GRAMMAR, lambda: BeamOutput(**values))


def _checked(key: str, text: str, grammar: str, make: Callable[[], Read]) -> Read:
    try:
        return make()
    except (BadValueError, UnknownMaterialError, UnphysicalError) as error:
        raise BadValueError(key, text, f"{grammar}; {error}") from error

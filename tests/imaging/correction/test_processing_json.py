from __future__ import annotations

import json
from typing import Any

import pytest
from fpxi_imaging import (
    DEFAULT_PROCESSING,
    Averaging,
    Orientation,
    Processing,
    ProcessingFormatError,
    Scale,
)

EVERYTHING = Processing(
    lag=True,
    zinger_sigma=6.5,
    averaging=Averaging.running(12),
    repair=False,
    scale=Scale.ATTENUATION,
    orientation=Orientation(flip_rows=True, rotate_deg=270),
)


@pytest.mark.parametrize("processing", [DEFAULT_PROCESSING, EVERYTHING])
def test_a_description_comes_back_as_it_was(processing: Processing) -> None:
    assert Processing.from_json(processing.to_json()) == processing


def test_what_is_left_out_has_its_usual_value() -> None:
    assert Processing.from_json('{"version": 1}') == DEFAULT_PROCESSING
    given = '{"version": 1, "zinger_sigma": 6, "averaging": {"mode": "block", "frames": 4}}'
    expected = Processing(zinger_sigma=6.0, averaging=Averaging.block(4))
    assert Processing.from_json(given) == expected


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"version": 2}, "version .*2"),
        ({"version": None}, "version"),
        ({"gamma": 1}, "gamma .*one of lag, "),
        ({"averaging": {"mode": "block", "N": 4}}, "averaging.N .*one of mode, frames"),
        ({"averaging": {"mode": "mean"}}, "averaging.mode .*'mean'.*block"),
        ({"averaging": {"mode": "block", "frames": 0}}, "averaging.frames of block averaging .*0"),
        ({"averaging": {"mode": "block", "frames": 2.5}}, "averaging.frames .*2.5.*whole"),
        ({"averaging": 4}, "averaging .*4.*object"),
        ({"averaging": None}, "averaging .*None"),
        ({"lag": 1}, "lag .*1.*true or false"),
        ({"lag": None}, "lag .*None"),
        ({"zinger_sigma": "6"}, "zinger_sigma .*'6'.*a number"),
        ({"zinger_sigma": True}, "zinger_sigma .*True"),
        ({"zinger_sigma": float("nan")}, "zinger_sigma .*nan"),
        ({"zinger_sigma": 1e30}, "zinger_sigma .*1e.30.*at most 1000000"),
        ({"zinger_sigma": 10**400}, "zinger_sigma .*usual size"),
        ({"averaging": {"mode": "recursive", "frames": 8, "motion_sigma": 1e30}}, "motion_sigma"),
        ({"version": True}, "version .*True"),
        ({"scale": "log"}, "scale .*'log'.*transmission"),
        ({"orientation": {"rotate_deg": 45}}, "orientation.rotate_deg .*45"),
        ({"orientation": {"flip_rows": 0}}, "orientation.flip_rows .*0"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(change: dict[str, Any], named: str) -> None:
    said = json.loads(EVERYTHING.to_json()) | change
    with pytest.raises(ProcessingFormatError, match=named):
        Processing.from_json(json.dumps(said))


def test_what_is_said_twice_is_refused() -> None:
    with pytest.raises(ProcessingFormatError, match=r"lag .*False.*once"):
        Processing.from_json('{"version": 1, "lag": true, "lag": false}')


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "null", "[" * 100_000])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ProcessingFormatError, match="the text"):
        Processing.from_json(text)

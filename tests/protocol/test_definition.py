"""A definition that contradicts itself is refused, and the message names the entry."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

CONTRADICTIONS = {
    "two messages share a type": ("type = 0x11", "type = 0x10", "message type 16"),
    "two parameters share an id": ("id = 2\ntype", "id = 1\ntype", "parameter id 1"),
    "two panels share an id": ("[panels.cmos32]\nid = 2", "[panels.cmos32]\nid = 1", "panel id 1"),
    "two names share a value": ("packed14 = { value = 1", "packed14 = { value = 0", "encoding"),
    "a default lies outside its range": ("default = 10_000", "default = 99", "exposure_us"),
    "a parameter is of no known type": (
        'id = 1\ntype = "u32"',
        'id = 1\ntype = "f32"',
        "u32 or i32",
    ),
    "an access is unknown": ('access = "idle"', 'access = "sometimes"', "ro, rw or idle"),
    "a panel limits a parameter that is not there": (
        "parameters.gain_setting = { default = 3",
        "parameters.gains = { default = 3",
        "gains",
    ),
    "a bias reaches further on one side": (
        "minimum = -110_000",
        "minimum = -100_000",
        "as far below 0 as above",
    ),
    "a panel is read by a board that is not there": (
        'boards = ["native"]',
        'boards = ["nowhere"]',
        "nowhere",
    ),
    "the rows of a chunk are longer than a packet": (
        "rows_per_chunk = { default = 4, minimum = 1, maximum = 4 }",
        "rows_per_chunk = { default = 4, minimum = 1, maximum = 5 }",
        "camera256: 5 rows_per_chunk",
    ),
    "a frozen message grows": (
        '{ name = "value", type = "u32", help = "result',
        '{ name = "value", type = "u32", since = 1, help = "result',
        "ack is frozen",
    ),
    "a later field stands before an older one": (
        '{ name = "rows", type = "u16", help',
        '{ name = "rows", type = "u16", since = 1, help',
        "only be appended",
    ),
    "open bytes are not last": (
        '{ name = "first_row", type = "u16"',
        '{ name = "first_row", type = "bytes"',
        "open length",
    ),
    "a message ending in open bytes grows": (
        '"u8", enumeration = "encoding", help = "packing of the samples" },\n'
        '    { name = "samples"',
        '"u8", since = 1, help = "packing of the samples" },\n    { name = "samples"',
        "may not grow",
    ),
    "a field names an unknown enumeration": (
        'enumeration = "event_code"',
        'enumeration = "event_kind"',
        "no enumeration event_kind",
    ),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_contradiction_is_refused_by_name(
    case: str, definitions: ModuleType, tmp_path: Path
) -> None:
    before, after, named = CONTRADICTIONS[case]
    text = definitions.DEFINITION.read_text(encoding="utf-8")
    assert before in text
    changed = tmp_path / "protocol.toml"
    changed.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(definitions.DefinitionError, match=named):
        definitions.load(changed)


def test_the_definition_itself_is_sound(definitions: ModuleType) -> None:
    definition = definitions.load()
    assert {"tft64", "cmos32"} <= set(definition.panels)


def test_a_panel_narrows_the_common_range(definitions: ModuleType) -> None:
    definition = definitions.load()
    common = definition.parameters["gain_setting"]["maximum"]
    for name, panel in definition.panels.items():
        limits = definitions.panel_parameters(definition, name)["gain_setting"]
        assert limits["maximum"] == len(panel["gain_settings"]) - 1 <= common

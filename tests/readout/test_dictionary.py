"""What a device says about itself, when it can be believed and when not."""

from __future__ import annotations

import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from fpxi_readout import explanation
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.protocol.dictionary import (
    MAX_COMPRESSED,
    MAX_TEXT,
    Dictionary,
    DictionaryError,
    parse,
)
from fpxi_readout.protocol.generated import (
    PROTOCOL_VERSION,
    Event,
    EventCode,
    Nack,
    NackCode,
    Parameters,
    Severity,
)
from hypothesis import given
from hypothesis import strategies as st

Served = tuple[bytes, bytes]


def parse_text(text: bytes) -> Dictionary:
    return parse(zlib.compress(text), hashlib.sha256(text).digest())


def _deeper(children: Any) -> Any:
    return st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children)


def changed(served: Served, path: str, value: object) -> bytes:
    """The served text with one entry replaced, or removed where the value is ..."""
    root: Any = json.loads(zlib.decompress(served[0]))
    *parents, last = path.split(".")
    table = root
    for key in parents:
        table = table[int(key)] if isinstance(table, list) else table[key]
    if value is ...:
        del table[last]
    else:
        table[last] = value
    return json.dumps(root).encode()


def test_the_dictionary_tells_panel_parameters_and_commands(dictionary: Dictionary) -> None:
    assert dictionary.protocol_version == PROTOCOL_VERSION
    panel = dictionary.panel
    assert (panel.name, panel.rows, panel.columns, panel.pitch_um) == ("tft64", 64, 64, 200.0)
    assert panel.full_scale == 65535
    assert panel.gain_settings[3].name == "1.2 pC"
    bias = dictionary.parameters["bias_mV"]
    assert (bias.type, bias.minimum, bias.maximum, bias.unit) == ("i32", -20_000, 20_000, "mV")
    assert dictionary.name_of("trigger_mode", 1) == "software"
    assert dictionary.commands["start"] == 0x20


def test_every_generated_parameter_is_in_the_dictionary(dictionary: Dictionary) -> None:
    typed = {name for name in dir(Parameters) if isinstance(getattr(Parameters, name), property)}
    assert typed == set(dictionary.parameters)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("panel.rows", 0),
        ("panel.rows", 4097),
        ("panel.rows", 64.0),
        ("panel.rows", True),
        ("panel.pitch_um", -1),
        ("panel.pitch_um", "wide"),
        ("panel.pitch_um", 10**400),
        ("panel.process_ring", 32),
        ("panel.adc_bits", 17),
        ("panel.gain_settings", []),
        ("panel.gain_settings", [3]),
        ("panel.name", "a\x1b[2Jb"),
        ("panel", ...),
        ("parameters", []),
        ("parameters.exposure_us.type", "f64"),
        ("parameters.exposure_us.default", 1),
        ("parameters.exposure_us.maximum", 2**32),
        ("parameters.exposure_us.maximum", 1),
        ("parameters.exposure_us.id", 2),
        ("parameters.exposure_us.saved", 1),
        ("parameters.exposure_us.access", "any"),
        ("parameters.exposure_us.help", ...),
        ("parameters.delivery.enumeration", "nonsense"),
        ("enumerations.state.idle.value", -1),
        ("commands.start.type", 256),
        ("protocol.major", "one"),
    ],
)
def test_an_entry_that_is_wrong_is_named(served: Served, path: str, value: object) -> None:
    with pytest.raises(DictionaryError) as caught:
        parse_text(changed(served, path, value))
    assert path.split(".", maxsplit=1)[0] in str(caught.value)


def test_entries_that_only_newer_hosts_know_are_passed_over(served: Served) -> None:
    assert parse_text(changed(served, "panel.colour", "blue")).panel.rows == 64


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"3", b"{", b"\xff", b"[" * 100_000, b'{"panel": NaN}', b"9" * 5000],
    ids=["empty", "list", "number", "cut", "binary", "deep", "nan", "huge"],
)
def test_a_text_that_is_no_dictionary_is_refused(text: bytes) -> None:
    with pytest.raises(DictionaryError):
        parse_text(text)


def test_a_text_that_unpacks_to_too_much_is_refused() -> None:
    bomb = zlib.compress(bytes(MAX_TEXT + 1), 9)
    with pytest.raises(DictionaryError, match="over the limit"):
        parse(bomb, bytes(32))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda c: bytes(MAX_COMPRESSED + 1), "over the limit"),
        (lambda c: c[:-1], "does not end"),
        (lambda c: c + b"x", "does not end"),
        (lambda c: b"zzz", "damaged"),
        (lambda c: zlib.compress(b"{}"), "hash"),
    ],
)
def test_a_damaged_stream_is_refused(served: Served, spoil: Any, reason: str) -> None:
    with pytest.raises(DictionaryError, match=reason):
        parse(spoil(served[0]), served[1])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), _deeper))
def test_any_json_is_read_or_refused_by_name(tree: object) -> None:
    with pytest.raises(DictionaryError):
        parse_text(json.dumps(tree).encode())


def test_the_cache_gives_back_what_was_stored(served: Served, tmp_path: Path) -> None:
    cache = DictionaryCache(tmp_path / "new" / "folder")
    compressed, schema_hash = served
    assert cache.load(schema_hash) is None
    cache.store(schema_hash, compressed)
    assert cache.load(schema_hash) == parse(compressed, schema_hash)
    assert len(list(cache.directory.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"nonsense", bytes(100_000)])
def test_a_damaged_cache_entry_is_as_good_as_none(
    served: Served, cache: DictionaryCache, content: bytes
) -> None:
    cache.store(served[1], served[0])
    [entry] = cache.directory.iterdir()
    entry.write_bytes(content)
    assert cache.load(served[1]) is None


def test_a_cache_that_cannot_be_written_costs_nothing(served: Served, tmp_path: Path) -> None:
    obstacle = tmp_path / "file"
    obstacle.write_text("")
    cache = DictionaryCache(obstacle / "below")
    cache.store(served[1], served[0])
    assert cache.load(served[1]) is None


def test_events_are_put_in_words(dictionary: Dictionary) -> None:
    event = explanation.explain_event(Event(7, 3, EventCode.FAULT, 2), dictionary)
    assert event.severity is Severity.FAULT
    assert event.text == "a fault was latched (fault: bias)"
    unknown = explanation.explain_event(Event(7, 9, 200, 5), dictionary)
    assert (unknown.severity, unknown.code) == (9, 200)
    assert "200" in unknown.text


def test_a_new_board_says_that_nothing_is_saved(dictionary: Dictionary) -> None:
    new = explanation.explain_event(Event(7, 0, EventCode.PARAMETERS_DEFAULTED, 0), dictionary)
    assert new.text == "started with default parameters: none are saved for this firmware"
    worn = explanation.explain_event(Event(7, 1, EventCode.PARAMETERS_DEFAULTED, 1), dictionary)
    assert "saved sets found damaged: 1" in worn.text


@pytest.mark.parametrize(
    ("code", "detail", "words"),
    [
        (NackCode.OUT_OF_RANGE, 1, "the value is outside the parameter's range"),
        (NackCode.OUT_OF_RANGE, 1, "exposure_us"),
        (NackCode.UNKNOWN_PARAMETER, 999, "999"),
        (NackCode.BUSY, 2, "state: exposing"),
        (NackCode.FAULTED, 1, "fault: panel_read"),
        (NackCode.FRAME_GONE, 17, "17"),
        (99, 5, "99"),
    ],
)
def test_refusals_are_put_in_words(
    dictionary: Dictionary, code: int, detail: int, words: str
) -> None:
    assert words in explanation.explain_nack(Nack(0x11, code, detail), dictionary)


def test_a_refusal_has_words_without_a_dictionary() -> None:
    assert "busy" in explanation.explain_nack(Nack(2, NackCode.BUSY, 1), None)
    assert "77" in explanation.explain_nack(Nack(2, 77, 1), None)

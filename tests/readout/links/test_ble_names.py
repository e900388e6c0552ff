"""Names from the air on their way to a terminal or a list."""

from __future__ import annotations

import unicodedata

import pytest
from fpxi_readout.links.ble_names import LONGEST_SHOWN, shown_name
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("FPXI-64", "FPXI-64"),
        ("Größe 64", "Größe 64"),
        (None, "(no name)"),
        ("", "(no name)"),
        (" \t\r\n\0", "(no name)"),
        ("\x1b[31mred\x07", "[31mred"),
        ("a\u202eb\u2066c\u200bd\ufeffe", "abcde"),
        ("a\u2028b\u2029c\x85d", "abcd"),
        ("a\u00a0b", "a b"),
        ("\ud800x\ue000y", "xy"),
        ("z" + "\u0301" * 50, "z\u0301\u0301"),
        ("n" * 100, "n" * 32),
    ],
)
def test_a_name_is_shown_without_what_disturbs(name: str | None, shown: str) -> None:
    assert shown_name(name) == shown


@given(st.text(alphabet=st.characters(), max_size=500))
def test_whatever_is_advertised_is_short_and_printable(name: str) -> None:
    shown = shown_name(name)
    assert 0 < len(shown) <= LONGEST_SHOWN
    assert not any(unicodedata.category(character)[0] == "C" for character in shown)
    assert shown_name(shown) == shown

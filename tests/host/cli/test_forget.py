"""`fpxi forget`; that a panel pairs anew afterwards is a test of the whole system."""

from __future__ import annotations

from collections.abc import Callable

from click.testing import Result


def test_what_is_not_on_bluetooth_is_not_paired_with(run: Callable[..., Result]) -> None:
    result = run("forget", "sim:tft64")
    assert result.exit_code == 2
    assert "ble:<name or address>" in result.stderr

"""The page on the protocol names every message as it is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from fpxi_readout.connection import command_name
from fpxi_readout.protocol.generated import (
    COMMANDS,
    REPORTS,
    Command,
    Get,
    SoftwareTrigger,
    Stop,
)


def test_the_table_of_messages_is_complete(repository: Path) -> None:
    page = (repository / "docs" / "protocol.md").read_text(encoding="utf-8")
    rows = {int(number, 16): name for number, name in re.findall(r"\| (0x..) \| `(\w+)`", page)}
    defined = {**COMMANDS, **REPORTS}
    assert set(rows) == set(defined)
    for number, message in defined.items():
        assert rows[number].replace("_", "") == message.__name__.lower()


@pytest.mark.parametrize(
    ("command", "name"),
    [(SoftwareTrigger(), "SOFTWARE_TRIGGER"), (Get(parameter=1), "GET"), (Stop(), "STOP")],
)
def test_commands_are_called_by_their_names(command: Command, name: str) -> None:
    assert command_name(command) == name

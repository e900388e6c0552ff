"""The page on the protocol names every message as it is."""

from __future__ import annotations

import re
from pathlib import Path

from fpxi_readout.connection import command_name
from fpxi_readout.protocol.generated import COMMANDS, REPORTS


def test_the_table_of_messages_is_complete(repository: Path) -> None:
    page = (repository / "docs" / "protocol.md").read_text(encoding="utf-8")
    rows = {int(number, 16): name for number, name in re.findall(r"\| (0x..) \| `(\w+)`", page)}
    defined = {**COMMANDS, **REPORTS}
    assert set(rows) == set(defined)
    for number, message in defined.items():
        assert rows[number].replace("_", "") == message.__name__.lower()


def test_commands_are_called_by_their_names() -> None:
    names = {
        command_name(kind(*[0] * len(kind.__dataclass_fields__))) for kind in COMMANDS.values()
    }
    assert {"SOFTWARE_TRIGGER", "IDENTIFY", "SET"} <= names

"""docs/simulator.md and docs/commands.md name everything that a `sim:` URL can say."""

from __future__ import annotations

from pathlib import Path

import pytest
from fpxi_hwsim.control import HELP
from fpxi_hwsim.physics.object.menu import Choice, motion_choices, object_choices
from fpxi_hwsim.specification import KEYS
from fpxi_hwsim.without import EFFECTS

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "simulator.md").read_text(encoding="utf-8")
COMMANDS = (DOCS / "commands.md").read_text(encoding="utf-8")


def row_of(name: str) -> str:
    """Return the row of a table that begins with a name."""
    return next(line for line in GUIDE.splitlines() if line.startswith(f"| `{name}` "))


@pytest.mark.parametrize("choice", object_choices(), ids=lambda choice: choice.name)
def test_every_object_is_described_with_its_keys(choice: Choice) -> None:
    row = row_of(choice.name)
    assert choice.description in row
    common = {"angle_deg", "x_mm", "y_mm"}
    missing = [key for key in choice.keys if f"`{key}`" not in row]
    assert set(missing) <= common


@pytest.mark.parametrize(
    "choice", [each for each in motion_choices() if each.name], ids=lambda choice: choice.name
)
def test_every_motion_is_described_with_its_keys(choice: Choice) -> None:
    row = row_of(f"@{choice.name}")
    assert all(f"`{key}`" in row for key in choice.keys)


@pytest.mark.parametrize("name", EFFECTS)
def test_every_effect_that_can_be_left_out_is_described(name: str) -> None:
    assert f"`{name}`" in GUIDE


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_a_url_is_described(key: str) -> None:
    assert f"`{key}`" in COMMANDS


@pytest.mark.parametrize("line", HELP.splitlines())
def test_every_line_of_the_console_is_described(line: str) -> None:
    assert f"`{line.split(maxsplit=1)[0]}" in COMMANDS

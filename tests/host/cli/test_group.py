"""The command group: lazy imports, error messages and exit statuses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from fpxi.cli import sim
from fpxi.cli.group import INTERRUPTED, TERMINATED, LazyGroup, Terminated
from fpxi.cli.main import COMMANDS, cli
from fpxi_readout.errors import FpxiError

DOCUMENTATION = Path(__file__).parents[3] / "docs" / "commands.md"


class OneCommandGroup(LazyGroup):
    """A group whose only command runs a given function."""

    def __init__(self, action: Callable[[], None]) -> None:
        super().__init__("fpxi", lazy={})
        self.action = click.Command("act", callback=action)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return self.action


def run_action(action: Callable[[], None]) -> Result:
    return CliRunner().invoke(OneCommandGroup(action), ["act"])


def raiser(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def test_a_named_error_is_one_message_on_stderr_and_status_1() -> None:
    result = run_action(raiser(FpxiError("the panel is asleep; wake it")))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "Error: the panel is asleep; wake it\n"


def test_notes_on_an_error_are_shown() -> None:
    error = FpxiError("no room left")
    error.add_note("137 frames are safe in run.h5")
    assert "no room left\n137 frames are safe" in run_action(raiser(error)).stderr


def test_an_operating_system_error_names_the_file() -> None:
    result = run_action(raiser(FileNotFoundError(2, "No such file or directory", "run.h5")))
    assert result.exit_code == 1
    assert result.stderr == "Error: run.h5: No such file or directory\n"


def test_an_operating_system_error_without_a_file_says_what_went_wrong() -> None:
    result = run_action(raiser(OSError(28, "No space left on device")))
    assert (result.exit_code, result.stderr) == (1, "Error: No space left on device\n")


def test_an_operating_system_error_without_a_number_is_not_disguised() -> None:
    assert isinstance(run_action(raiser(OSError("odd"))).exception, OSError)


def test_a_programming_error_is_not_disguised() -> None:
    assert isinstance(run_action(raiser(ZeroDivisionError())).exception, ZeroDivisionError)


def test_an_interrupt_ends_with_status_130() -> None:
    result = run_action(raiser(KeyboardInterrupt()))
    assert result.exit_code == INTERRUPTED == 130
    assert result.stderr == "Interrupted.\n"


def test_sigterm_ends_with_status_143() -> None:
    assert run_action(raiser(Terminated())).exit_code == TERMINATED == 143


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(cli, ["devise"])
    assert result.exit_code == 2
    assert "devise" in result.stderr


def test_no_command_shows_the_help() -> None:
    result = CliRunner().invoke(cli, [])
    assert "devices" in result.output
    assert result.exit_code == 2


def test_help_names_every_command_and_the_urls() -> None:
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    assert set(COMMANDS) <= set(result.stdout.split())
    assert "serial:/dev/ttyACM0" in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert f"Usage: fpxi {name}" in result.stdout.replace("Usage: cli", "Usage: fpxi")


@pytest.mark.parametrize(
    "words", [["info"], ["set"], ["capture", "-n", "1", "-o", "x.h5"], ["correct"], ["export"]]
)
def test_what_to_work_on_must_be_named(words: list[str]) -> None:
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2
    assert "Missing argument" in result.stderr


def test_the_documentation_names_every_command_and_option() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    context = click.Context(cli)
    loaded = {f"fpxi {name}": cli.get_command(context, name) for name in COMMANDS}
    simulated = {
        f"fpxi sim {name}": sim.command.get_command(context, name) for name in sim.command.lazy
    }
    for name, command in {**loaded, **simulated}.items():
        assert command is not None
        assert name in text
        options = [option for option in command.params if isinstance(option, click.Option)]
        missing = [option.opts for option in options if not any(o in text for o in option.opts)]
        assert not missing, f"{name}: {missing}"


def test_version_of_the_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", {"fpxi": "1.2.3"}.__getitem__)
    result = CliRunner().invoke(cli, ["--version"])
    assert (result.exit_code, result.stdout) == (0, "fpxi 1.2.3\n")


def test_version_of_a_source_tree_is_not_invented(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", version)
    result = CliRunner().invoke(cli, ["--version"])
    assert (result.exit_code, result.stdout) == (0, "fpxi not installed, run from sources\n")


def test_the_help_imports_nothing_heavy() -> None:
    heavy = {"numba", "h5py", "serial", "rich", "PySide6", "fpxi_gui", "fpxi_hwsim"}
    script = (
        "import sys\nfrom fpxi.cli.main import cli\n"
        "cli(['--help'], standalone_mode=False)\n"
        f"sys.exit(', '.join({heavy!r} & sys.modules.keys()) or None)"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")

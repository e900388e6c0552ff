"""A command group that imports a command when it is run, and turns errors into exit statuses.

Exit status: 0 the job was done; 1 it was not, and standard error says why; 2 the command line was
wrong; 130 interrupted (SIGINT) and 143 terminated (SIGTERM), in both cases after an orderly end.
"""

from __future__ import annotations

import importlib
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

import click
from fpxi_readout.errors import FpxiError

from fpxi.cli.held_signals import come_again, signals_held_back
from fpxi.errors import (
    CalibrationExistsError,
    ExportExistsError,
    LinkGivenUpError,
    RecordingExistsError,
)

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM
# What is raised within these leaves the lock held for ever: `with` does not own it yet, or no
# longer.
_AT_A_LOCK = (threading.Condition.__enter__.__code__, threading.Condition.__exit__.__code__)


@dataclass(frozen=True)
class LazyCommand:
    """Where a command is found, and the line that `--help` shows without importing it."""

    module: str
    summary: str

    def load(self) -> click.Command:
        """Import the command: the attribute `command` of the module."""
        with signals_held_back():
            loaded: click.Command = importlib.import_module(self.module).command
        loaded.short_help = self.summary
        return loaded


class LazyGroup(click.Group):
    """Commands are imported when they are used, so that `fpxi --help` answers at once."""

    def __init__(self, *args: Any, lazy: Mapping[str, LazyCommand], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names in the order in which a user meets them."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return the named command; None if there is none of that name."""
        lazy = self.lazy.get(cmd_name)
        return lazy.load() if lazy else None

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """Write the list of commands from their summaries alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.summary) for name, lazy in self.lazy.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a named error becomes one message and exit status 1."""
        try:
            return super().invoke(ctx)
        except FpxiError as error:
            raise CommandFailedError(describe(error)) from error
        except BrokenPipeError:
            raise  # click ends quietly: the reader of our output has gone
        except OSError as error:
            if error.errno is None:
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise CommandFailedError(f"{where}{error.strerror}") from error
        except KeyboardInterrupt:
            click.echo("Interrupted.", err=True)
            ctx.exit(INTERRUPTED)


class CommandFailedError(click.ClickException):
    """The job was not done: exit status 1 after one message on standard error."""


def describe(error: FpxiError) -> str:
    """Words of an error: its message, notes added on its way up, the option that helps."""
    lines = [str(error), *getattr(error, "__notes__", ())]
    if isinstance(error, RecordingExistsError | CalibrationExistsError | ExportExistsError):
        lines.append("--overwrite replaces it.")
    if isinstance(error, LinkGivenUpError):
        lines.append("--give-up sets how long it is waited for.")
    return "\n".join(lines)


class Terminated(SystemExit):
    """SIGTERM came; unwinds the program as an exception does, so files and links are closed."""

    def __init__(self) -> None:
        super().__init__(TERMINATED)


def end_in_order_on_sigterm() -> None:
    """Turn SIGTERM into `Terminated`."""
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, frame: FrameType | None) -> None:
    # On Windows no other program can send it.
    if sys.platform != "win32" and _is_at_a_lock(frame):
        come_again(number)
    else:
        raise Terminated


def _is_at_a_lock(frame: FrameType | None) -> bool:
    """Look through all callers: the signal may have come again before its handler was left."""
    while frame is not None:
        if frame.f_code in _AT_A_LOCK:
            return True
        frame = frame.f_back
    return False

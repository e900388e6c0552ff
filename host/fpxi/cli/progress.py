"""Progress of long work, on standard error when that is a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.status import Status
from rich.text import Text

from fpxi.cli.output import note


class ProgressBar:
    """A bar that appears with the first step and goes when the block or the work ends."""

    def __init__(self) -> None:
        self._visible = sys.stderr.isatty()
        self._label = ""
        self._bar: Progress | None = None

    def show(self, label: str, done: int, total: int, detail: str = "") -> None:
        """Show how far the work of this name is; work of another name gets a bar of its own.

        `detail` is shown behind the name, and may change.
        """
        if not self._visible:
            return
        if self._bar is None or label != self._label:
            self.hide()
            self._begin(label)
        assert self._bar is not None
        description = f"{label}, {detail}" if detail else label
        self._bar.update(
            self._bar.task_ids[0], completed=done, total=total, description=escape(description)
        )

    def note(self, text: str) -> None:
        """Write a line, terminal or not; the bar comes back with the next step."""
        self.hide()
        note(text)

    def hide(self) -> None:
        """Take the bar away, to ask something or because all is done."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.hide()

    def _begin(self, label: str) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
        )
        self._label = label
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._bar.add_task(label, total=None)
        self._bar.start()


class Waiting:
    """Says what is being waited for, by a line that moves and goes when the block ends."""

    def __init__(self) -> None:
        self._visible = sys.stderr.isatty()
        self._status: Status | None = None

    def show(self, text: str) -> None:
        """Replace the line."""
        if not self._visible:
            return
        if self._status is None:
            self._status = Status(Text(text), console=Console(stderr=True))
            self._status.start()
        else:
            self._status.update(Text(text))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._status is not None:
            self._status.stop()

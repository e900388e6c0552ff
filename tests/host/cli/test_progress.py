"""Progress: a bar on a terminal, silence elsewhere."""

from __future__ import annotations

import io
import sys

import pytest
from fpxi.cli.progress import ProgressBar, Waiting


class Terminal(io.StringIO):
    """Standard error that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_each_work_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with ProgressBar() as bar:
        bar.show("Darks", 1, 4)
        bar.show("Flats", 2, 8)
    assert "Darks" in terminal.getvalue()
    assert "Flats" in terminal.getvalue()
    assert "2/8" in terminal.getvalue()


def test_a_detail_is_shown_behind_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with ProgressBar() as bar:
        bar.show("Darks", 1, 4, "limited by [the link]")
    assert "Darks, limited by [the link]" in terminal.getvalue()


def test_the_bar_is_gone_when_hidden_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with ProgressBar() as bar:
        bar.show("Darks", 4, 4)
        bar.hide()
        written = len(terminal.getvalue())
        sys.stderr.write("question")
        bar.show("Darks", 5, 8)
    assert terminal.getvalue()[written:].startswith("question")
    assert "5/8" in terminal.getvalue()


def test_nothing_is_written_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBar() as bar:
        bar.show("Darks", 1, 4)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("texts", [["Asking [bold] panels"], ["Listening", "Asking [bold] panels"]])
def test_a_terminal_shows_what_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, texts: list[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with Waiting() as waiting:
        for text in texts:
            waiting.show(text)
    assert "Asking [bold] panels" in terminal.getvalue()


def test_waiting_is_silent_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    with Waiting() as waiting:
        waiting.show("Listening")
    assert capsys.readouterr() == ("", "")

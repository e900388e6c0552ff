"""Commands that take a file, given what is none: each names it and says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from fpxi.connectors import connector_for
from fpxi.errors import UnsupportedUrlError

Run = Callable[..., Result]

WRONG = {
    "absent.h5": "does not exist|there is no (such )?file",
    "folder": "is a directory|it is a folder",
    "empty.h5": "it is empty",
    "text.h5": "it is not an HDF5 file|neither HDF5 nor JSON",
}
COMMANDS = {
    "info": ["info", "WRONG"],
    "capture": ["capture", "file:WRONG", "-n", "1", "-o", "OUT"],
    "calibrate": ["calibrate", "--dark", "WRONG", "--flat", "WRONG", "-o", "OUT"],
    "refresh": ["calibrate", "sim:tft64?time=virtual", "--refresh", "WRONG", "-o", "OUT"],
    "correct": ["correct", "WRONG", "-c", "WRONG", "-o", "OUT"],
    "defects": ["defects", "WRONG", "list"],
    "export": ["export", "WRONG", "-o", "OUT.npy"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.h5").touch()
    (tmp_path / "text.h5").write_text("words")
    return tmp_path


@pytest.fixture(params=WRONG)
def wrong(request: pytest.FixtureRequest, folder: Path) -> Path:
    return folder / str(request.param)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_is_none_is_named_and_told_what_it_is(
    run: Run, wrong: Path, command: str
) -> None:
    out = str(wrong.with_name("out"))
    words = [each.replace("WRONG", str(wrong)).replace("OUT", out) for each in COMMANDS[command]]
    result = run(*words)
    assert result.exit_code in {1, 2}
    assert str(wrong) in result.stderr
    assert re.search(WRONG[wrong.name], result.stderr)
    assert list(wrong.parent.glob("out*")) == []


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("absent.h5", "there is no such file, and it is no URL; use sim:"),
        ("folder", "it is a folder, and no URL; use sim:"),
        ("text.h5", "it is a file, and no URL: a recording is played back as file:.*text.h5; use"),
        ("simm:tft64", "'simm:tft64': use sim:"),
    ],
)
def test_a_file_in_place_of_a_url_is_told_what_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(UnsupportedUrlError, match=words):
        connector_for(name)

"""`fpxi calibrate` before a panel whose X-rays somebody has to switch."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from fpxi.calibration import load_calibration

Run = Callable[..., Result]
Panel = tuple[str, Callable[[str], None]]
Spawn = Callable[..., "subprocess.Popen[str]"]

PATIENCE_S = 30.0
"""For a busy machine; a run that hangs fails after it."""
FEW = ("--dark", 8, "--flat", 8, "--no-picture")


class Terminal:
    """A command run by a user who sees what it writes and types answers."""

    def __init__(self, *arguments: object) -> None:
        pty = pytest.importorskip("pty")  # not on Windows
        self._own, inside = pty.openpty()
        words = [str(argument) for argument in arguments]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fpxi", *words], stdin=inside, stdout=inside, stderr=inside
        )
        os.close(inside)
        self.seen = ""
        """All that it wrote, without what moves the cursor."""
        self._read_to = 0

    def wait_for(self, words: str) -> str:
        """Return what it wrote since the last words waited for, up to these."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in self.seen[self._read_to :]:
            assert time.monotonic() < deadline, self.seen
            if not self._read(1.0):
                raise AssertionError(f"ended without {words!r}: {self.seen}")
        end = self.seen.index(words, self._read_to) + len(words)
        before, self._read_to = self.seen[self._read_to : end], end
        return before

    def type(self, text: str = "") -> None:
        """Type a line."""
        os.write(self._own, f"{text}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def close(self) -> None:
        """End it, if it is still there."""
        self._process.kill()
        self._process.wait(PATIENCE_S)
        os.close(self._own)

    def end(self) -> int:
        """Read to the end, and return the exit status."""
        while self._read(PATIENCE_S):
            pass
        return self._process.wait(PATIENCE_S)

    def _read(self, patience_s: float) -> bool:
        """Take in what is there; False at the end."""
        if not select.select([self._own], [], [], patience_s)[0]:
            return True
        try:
            text = os.read(self._own, 65_536).decode()
        except OSError:  # Linux: the other side has closed
            return False
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n")
        self.seen += plain
        return bool(text)


@pytest.fixture
def terminal() -> Iterator[Callable[..., Terminal]]:
    """`fpxi` with these arguments in a terminal of its own, which ends with the test."""
    with ExitStack() as stack:

        def start(*arguments: object) -> Terminal:
            user = Terminal(*arguments)
            stack.callback(user.close)
            return user

        yield start


@pytest.fixture
def panel(spawn: Spawn) -> Panel:
    """URL of a panel on a pseudo-terminal, and a way to switch what is before it."""
    server = spawn("sim", "serve", "sim:cmos32?object=letters-caep", "--serial", "--control-stdin")
    assert server.stdout is not None

    def tell(line: str) -> None:
        server.stdin.write(f"{line}\n")
        server.stdin.flush()
        answer = server.stdout.readline()
        assert answer.startswith(line.split(maxsplit=1)[0]), answer

    return f"serial:{server.stdout.readline().strip()}", tell


def test_a_user_who_forgets_everything_once_comes_to_a_calibration_all_the_same(
    panel: Panel, terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    url, tell = panel
    user = terminal("calibrate", url, *FEW, "-o", tmp_path / "cal.h5")
    plan = user.wait_for("then press Enter.")
    assert "1. 8 darks of 10 ms, X-rays off" in plan
    assert "1/3 Darks: switch the X-rays off, then press Enter." in plan
    user.type("no")
    user.wait_for("'no' is no answer: press Enter when it is done")
    user.type()  # and leaves them on
    user.wait_for("2/3 Flats: switch the X-rays on, with nothing between source and panel")
    tell("object none")
    user.type()
    refused = user.wait_for("or Ctrl-C to end.")
    assert "Refused: the flats are" in refused
    assert "they were on during the darks too" in refused
    assert "d and Enter to take the darks again" in refused
    user.type("what?")
    user.wait_for("is none of the answers")
    user.type("d")
    user.wait_for("1/3 Darks: switch the X-rays off, then press Enter.")
    tell("beam off")
    user.type()
    user.wait_for("2/3 Flats")
    tell("beam on")
    tell("object letters-caep")
    user.type()
    assert "the flat is uneven" in user.wait_for("or Ctrl-C to end.")
    tell("object none")
    tell("dose_rate 6e-3")
    user.type()
    assert "of what it is, or less: pixels that saturate" in user.wait_for("or Ctrl-C to end.")
    tell("dose_rate 6e-4")
    user.type()
    user.wait_for("3/3 Closing darks: switch the X-rays off")
    user.type()  # and leaves them on
    assert "the X-rays are on" in user.wait_for("or Ctrl-C to end.")
    tell("beam off")
    user.type()
    assert user.end() == 0
    assert "Darks before and after the flats" in user.seen
    assert load_calibration(tmp_path / "cal.h5").normalisation > 1000


def test_ctrl_c_keeps_the_recordings_and_names_them(
    panel: Panel, terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    url, tell = panel
    user = terminal("calibrate", url, *FEW, "-o", tmp_path / "cal.h5")
    user.wait_for("then press Enter.")
    tell("beam off")
    user.type()
    user.wait_for("2/3 Flats")
    user.wait_for("then press Enter.")
    user.interrupt()
    assert user.end() == 130
    assert f"{tmp_path / 'cal.dark.h5'} kept" in "".join(user.seen.splitlines())
    assert not (tmp_path / "cal.h5").exists()


def test_a_refresh_with_the_beam_on_is_refused_and_nothing_changed(
    panel: Panel, spawn: Spawn, run: Run, tmp_path: Path
) -> None:
    url, tell = panel
    cal = tmp_path / "cal.h5"
    made = answer_all(spawn("calibrate", url, *FEW, "-o", cal), tell)
    assert made.returncode == 0
    before = cal.read_bytes()
    tell("beam on")
    result = run("calibrate", url, "--refresh", cal, *FEW[:2], "--no-picture", stdin="\n")
    assert result.exit_code == 1
    assert "1/1 Darks: switch the X-rays off, then press Enter." in result.stderr
    assert "the X-rays are on" in result.stderr
    assert cal.read_bytes() == before
    tell("beam off")
    words = ("calibrate", url, "--refresh", cal, *FEW[:2], "--no-picture", "--json")
    result = run(*words, stdin="\n")
    assert result.exit_code == 0, result.stderr
    (refresh,) = load_calibration(cal).refreshes
    assert "the offset has drifted by" in refresh.text
    assert refresh.text in result.stdout


def answer_all(user: subprocess.Popen[str], tell: Callable[[str], None]) -> Any:
    """Do what a run without a terminal asks, step by step; it ends without another word."""
    assert user.stderr is not None
    assert user.stdin is not None
    tell("object none")
    for line in user.stderr:
        if "then press Enter" in line:
            tell(f"beam {'on' if 'X-rays on' in line else 'off'}")
            user.stdin.write("\n")
            user.stdin.flush()
    user.wait(PATIENCE_S)
    return user


def test_without_anybody_to_switch_the_beam_nothing_is_recorded(
    run: Run, served_url: str, tmp_path: Path
) -> None:
    result = run("calibrate", served_url, "-o", tmp_path / "cal.h5", stdin="")
    assert result.exit_code == 1
    assert "nobody confirmed" in result.stderr
    assert not list(tmp_path.glob("*.h5"))


def test_a_picture_of_that_name_is_not_drawn_over(run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "cal.png"
    picture.write_bytes(b"mine")
    result = run("calibrate", "sim:cmos32", *FEW[:4], "-o", tmp_path / "cal.h5")
    assert result.exit_code == 1
    assert "cal.png exists" in result.stderr
    assert [path.name for path in tmp_path.glob("cal*")] == ["cal.png"]
    assert picture.read_bytes() == b"mine"


def test_a_refresh_of_several_exposures_is_told_as_one_and_asks_once(
    panel: Panel, spawn: Spawn, terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    url, tell = panel
    cal = tmp_path / "cal.h5"
    words = ("calibrate", url, *FEW, "--exposures", "5ms", "-o", cal)
    assert answer_all(spawn(*words), tell).returncode == 0
    tell("beam off")
    user = terminal("calibrate", url, *FEW[:2], "--no-picture", "--refresh", cal)
    plan = user.wait_for("then press Enter.")
    assert "Refresh of the offset in 2 steps" in plan
    assert "2. 8 darks of 10 ms, X-rays off" in plan
    user.type()
    assert user.end() == 0
    assert user.seen.count("press Enter") == 1
    refreshes = load_calibration(cal).refreshes
    assert [each.conditions.exposure_us for each in refreshes] == [5000, 10_000]

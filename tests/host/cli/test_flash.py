"""`fpxi flash`; the update itself is tested beside its package."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from fpxi.firmware_update import UpdateReport
from fpxi.firmware_update.errors import NoBoardError

Run = Callable[..., Result]
REPORT = UpdateReport("tft64", "BOARD-7", "0.1.0", "0.2.0", False, 21)


@pytest.fixture
def update(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Answers that the update gives, instead of talking to a board: reports or errors."""
    answers: list[Any] = [REPORT]

    def answer(url: str, image: Any, progress: Any) -> UpdateReport:
        if isinstance(answers[0], BaseException):
            raise answers[0]
        progress("Writing", 1, 2)
        return answers[0]

    module = importlib.import_module("fpxi.cli.flash")
    monkeypatch.setattr(module, "update_firmware", answer)
    return answers


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.json"
    data = bytes(8)
    (tmp_path / "f.bin").write_bytes(data)
    digest = "af5570f5a1810b7af78caf4bc70a660f0df51e42baf91d4de5b2328de0e83dfc"
    region = {"file": "f.bin", "address": 0x0801_0000, "size": 8, "sha256": digest}
    document = {
        "format": 1,
        "name": "fpxi-stm32f405",
        "board": "stm32f405",
        "panels": ["tft64"],
        "version": "0.2.0",
        "git": f"{0x3A53F61C0B7E:012x}{1:028x}-dirty",
        "schema_hash": {"tft64": "00" * 32},
        "regions": [region],
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_what_was_done_is_said_in_words(run: Run, manifest: Path, update: list[Any]) -> None:
    result = run("flash", "serial:X", manifest)
    assert result.exit_code == 0, result.stderr
    assert "fpxi-stm32f405 0.2.0 (3a53f61c0b7e-dirty)" in result.stdout
    assert "21 saved values as before" in result.stdout
    assert "left as it was" in result.stdout


def test_a_recovered_board_is_said_to_be_one(run: Run, manifest: Path, update: list[Any]) -> None:
    update[0] = UpdateReport("tft64", "BOARD-7", None, "0.2.0", True, 0)
    stdout = run("flash", "serial:X", manifest.parent).stdout
    assert "unknown: the board was in its boot loader" in stdout
    assert "rewritten" in stdout


def test_json_is_one_document(run: Run, manifest: Path, update: list[Any]) -> None:
    document = json.loads(run("flash", "serial:X", manifest, "--json").stdout)
    assert document == {
        "url": "serial:X",
        "image": str(manifest),
        "panel": "tft64",
        "serial_number": "BOARD-7",
        "previous_version": "0.1.0",
        "version": "0.2.0",
        "start_rewritten": False,
        "parameters_compared": 21,
    }


def test_a_failure_is_status_1_with_the_way_out(
    run: Run, manifest: Path, update: list[Any]
) -> None:
    update[0] = NoBoardError("serial:X")
    result = run("flash", "serial:X", manifest)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "BOOT0" in result.stderr


def test_an_interruption_is_told_to_be_repeated(
    run: Run, manifest: Path, update: list[Any]
) -> None:
    update[0] = KeyboardInterrupt()
    result = run("flash", "serial:X", manifest)
    assert result.exit_code == 130
    assert "run the same command again" in result.stderr


def test_a_damaged_image_is_refused_without_looking_for_the_board(run: Run, manifest: Path) -> None:
    (manifest.parent / "f.bin").write_bytes(b"12345678")
    result = run("flash", "serial:/dev/no-such-port", manifest)
    assert result.exit_code == 1
    assert "SHA-256" in result.stderr


def test_without_the_client_it_says_what_to_install(
    run: Run, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "stm32loader.bootloader", None)
    result = run("flash", "serial:/dev/no-such-port", manifest)
    assert result.exit_code == 1
    assert 'pip install "fpxi[flash]"' in result.stderr


def test_no_firmware_goes_over_bluetooth(run: Run, manifest: Path) -> None:
    result = run("flash", "ble:FPXI-64", manifest)
    assert result.exit_code == 1
    assert "connect the board by its cable" in result.stderr
    assert "nothing was sent" in result.stderr

"""The C and Python forms follow the definition, and a stale one is noticed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def readout_copy(protocol_folder: Path, tmp_path: Path) -> Path:
    """The definition, its generator and what it generated, where a test may change them."""
    readout = tmp_path / "readout"
    for part in ("protocol", "firmware/core", "fpxi_readout/protocol"):
        shutil.copytree(protocol_folder.parent / part, readout / part)
    return readout


def run_check(readout: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(readout / "protocol" / "generate.py"), "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_generated_files_are_current(readout_copy: Path) -> None:
    done = run_check(readout_copy)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_changed_definition_makes_every_form_stale(readout_copy: Path) -> None:
    toml = readout_copy / "protocol" / "protocol.toml"
    text = toml.read_text(encoding="utf-8")
    toml.write_text(text.replace("maximum = 60_000_000", "maximum = 50_000_000"), encoding="utf-8")
    done = run_check(readout_copy)
    assert done.returncode == 1
    assert "protocol_generated.c" in done.stdout
    assert "dictionary_generated.c" in done.stdout


@pytest.mark.parametrize(
    "edited", ["fpxi_readout/protocol/generated.py", "firmware/core/protocol_generated.h"]
)
def test_an_edited_generated_file_is_named(edited: str, readout_copy: Path) -> None:
    with (readout_copy / edited).open("a", encoding="utf-8") as file:
        file.write("\n")
    done = run_check(readout_copy)
    assert done.returncode == 1
    assert Path(edited).name in done.stdout


def test_the_dictionary_says_what_the_definition_says(
    definitions: ModuleType, dictionaries: ModuleType
) -> None:
    definition = definitions.load()
    for panel, table in definition.panels.items():
        built = dictionaries.build(definition, panel)
        content = json.loads(zlib.decompress(built.compressed))
        assert content["panel"]["name"] == panel
        assert content["panel"]["pitch_um"] == table["pitch_um"]
        assert content["parameters"].keys() == definition.parameters.keys()


def test_an_equal_stream_of_another_zlib_is_kept(
    definitions: ModuleType, dictionaries: ModuleType
) -> None:
    definition = definitions.load()
    text = dictionaries.build(definition, "tft64").text
    other_zlib = zlib.compress(text, 1)
    assert dictionaries.build(definition, "tft64", other_zlib).compressed == other_zlib
    older = zlib.compress(b"{}", 1)
    assert dictionaries.build(definition, "tft64", older).compressed != older

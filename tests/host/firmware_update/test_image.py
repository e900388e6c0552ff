"""Manifests and their files: what is not as it must be is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fpxi.firmware_update import load_image
from fpxi.firmware_update.errors import ImageFileError, ManifestError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WriteImage = Callable[..., Path]


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("by_folder", [False, True])
def test_an_image_is_read_by_its_manifest_or_its_folder(
    write_image: WriteImage, by_folder: bool
) -> None:
    manifest = write_image(version="1.22.3", firmware=bytes(range(200)))
    image = load_image(manifest.parent if by_folder else manifest)
    assert image.version == (1, 22, 3)
    assert image.version_text == "1.22.3"
    assert image.panels == ("tft64", "cmos32")
    assert image.start is not None
    assert image.start.address == 0x0800_0000
    (firmware,) = image.firmware
    assert (firmware.address, firmware.data) == (0x0801_0000, bytes(range(200)))
    assert firmware.sectors == [4]


def test_an_image_may_leave_the_start_sector_alone(write_image: WriteImage) -> None:
    manifest = edit(write_image(), lambda document: document["regions"].pop(0))
    assert load_image(manifest).start is None


def test_a_cut_file_is_refused(write_image: WriteImage) -> None:
    manifest = write_image()
    firmware = manifest.parent / "firmware.bin"
    firmware.write_bytes(firmware.read_bytes()[:-4])
    with pytest.raises(ImageFileError, match=r"firmware\.bin: has 66232 bytes .* says 66236"):
        load_image(manifest)


def test_a_damaged_file_is_refused(write_image: WriteImage) -> None:
    manifest = write_image()
    firmware = manifest.parent / "firmware.bin"
    data = bytearray(firmware.read_bytes())
    data[777] ^= 1
    firmware.write_bytes(data)
    with pytest.raises(ImageFileError, match="SHA-256"):
        load_image(manifest)


def test_an_absent_file_is_refused(write_image: WriteImage) -> None:
    manifest = write_image()
    (manifest.parent / "start.bin").unlink()
    with pytest.raises(ImageFileError, match=r"start\.bin: cannot be read"):
        load_image(manifest)


def test_an_absent_or_cut_manifest_is_refused(write_image: WriteImage, tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        load_image(tmp_path)
    manifest = write_image()
    manifest.write_bytes(manifest.read_bytes()[:-20])
    with pytest.raises(ManifestError, match="damaged or no manifest"):
        load_image(manifest)
    manifest.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ManifestError, match="damaged or no manifest"):
        load_image(manifest)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "format must be 1"),
        ({"board": "stm32h743"}, "for board 'stm32h743'"),
        ({"panels": []}, "at least one panel"),
        ({"panels": [1]}, "at least one panel"),
        ({"version": "1.2"}, "not of the form"),
        ({"version": "1.2.300"}, "not of the form"),
        ({"schema_hash": {"tft64": "00" * 32}}, "'cmos32' is missing"),
        ({"schema_hash": {"tft64": "xy", "cmos32": "00" * 32}}, "tft64 is not a SHA-256"),
        ({"git": None}, "'git' is missing"),
        ({"regions": []}, "holds no firmware"),
        ({"regions": ["firmware.bin"]}, "a table with 'file' is missing"),
    ],
)
def test_a_manifest_that_says_something_else_is_refused(
    write_image: WriteImage, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ManifestError, match=words) as caught:
        load_image(write_image(**changes))
    assert "the board was left as it is" in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"address": 0x0800_8000}, "where the parameters are"),
        ({"address": 0x0800_4000}, "where the parameters are"),
        ({"address": 0x0801_0004}, "does not begin with a sector"),
        ({"address": 0x080F_FFFC}, "do not fit"),
        ({"address": 0x2000_0000}, "do not fit"),
        ({"address": "0x08010000"}, "'address' is missing"),
        ({"address": True}, "'address' is missing"),
        ({"size": 66_235}, "do not fit"),
        ({"size": 0}, "do not fit"),
        ({"size": -4}, "do not fit"),
        ({"address": 0x0800_0000}, "where the parameters are|share a sector"),
        ({"file": "../firmware.bin"}, "not a plain name"),
        ({"file": "/etc/passwd"}, "not a plain name"),
        ({"sha256": "AA" * 32}, "small hexadecimal"),
    ],
)
def test_a_region_that_must_not_be_written_is_refused(
    write_image: WriteImage, changes: dict[str, Any], words: str
) -> None:
    manifest = edit(write_image(), lambda document: document["regions"][1].update(changes))
    with pytest.raises(ManifestError, match=words):
        load_image(manifest)


def test_two_regions_in_one_sector_are_refused(write_image: WriteImage) -> None:
    manifest = edit(
        write_image(), lambda document: document["regions"].append(document["regions"][1])
    )
    with pytest.raises(ManifestError, match="share a sector"):
        load_image(manifest)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
KEYS = ["format", "board", "panels", "version", "schema_hash", "regions", "name", "git"]


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(KEYS), JSON)
def test_whatever_a_manifest_says_it_is_read_or_refused_by_name(
    write_image: WriteImage, key: str, value: Any
) -> None:
    try:
        load_image(write_image(firmware=bytes(8), **{key: value}))
    except (ManifestError, ImageFileError):
        return
    assert key in ("name", "git", "version", "panels", "schema_hash")

"""`fpxi sim gallery`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result
from PIL import Image

Run = Callable[..., Result]


def take(run: Run, folder: Path, *more: str) -> Result:
    few = ("--preset", "cmos32", "--object", "letters-hust", "--frames", "1")
    return run("sim", "gallery", "-o", folder, *few, *more)


def test_a_page_and_a_contact_sheet_are_written(run: Run, tmp_path: Path) -> None:
    result = take(run, tmp_path / "new" / "gallery", "--json")
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    (picture,) = document["pictures"]
    assert (picture["preset"], picture["object"]) == ("cmos32", "letters-hust")
    assert picture["low"] < picture["high"]
    assert picture["dose_Gy"] > 0
    page = Path(document["page"]).read_text(encoding="utf-8")
    assert "letters-hust" in page
    assert picture["url"].replace("&", "&amp;") in page
    assert page.count("data:image/png;base64,") == 1
    assert 'src="http' not in page
    with Image.open(document["contact_sheet"]) as sheet:
        assert min(sheet.size) > 100


def test_a_gallery_is_not_replaced_unasked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    result = take(run, tmp_path)
    assert result.exit_code == 1
    assert "--overwrite" in result.stderr
    assert (tmp_path / "index.html").read_text() == "mine"


def test_what_is_named_twice_is_taken_once(run: Run, tmp_path: Path) -> None:
    again = ("--object", "letters-hust", "--preset", "sim:cmos32", "--object", "none")
    assert "2 pictures" in take(run, tmp_path, *again).stdout


def test_an_unknown_preset_is_refused_before_anything_is_written(run: Run, tmp_path: Path) -> None:
    result = run("sim", "gallery", "-o", tmp_path / "g", "--preset", "tft65")
    assert result.exit_code == 1
    assert "tft64" in result.stderr
    assert not (tmp_path / "g").exists()


def test_an_unknown_object_leaves_no_page(run: Run, tmp_path: Path) -> None:
    result = take(run, tmp_path, "--object", "gold")
    assert result.exit_code == 1
    assert "letters-caep" in result.stderr
    assert not (tmp_path / "index.html").exists()

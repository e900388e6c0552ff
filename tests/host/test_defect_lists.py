"""Lists and masks of defects: what is written is read, and nothing is guessed."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import tifffile
from fpxi.calibration import defect_xml
from fpxi.calibration.defect_list_errors import (
    DefectLineError,
    DefectListError,
    DefectListFormatError,
    DefectListSizeError,
    MaskContentError,
    PolarityError,
    XmlRefusedError,
)
from fpxi.calibration.defect_lists import effective_classes, read_defects, write_defects
from fpxi.calibration.defect_masks import Polarity
from fpxi_imaging import DefectEdit
from fpxi_imaging.defects.defect_map import DefectClass as C
from fpxi_imaging.defects.defect_map import DefectMap
from PIL import Image

SHAPE = (5, 7)
NOW = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.fixture
def defects() -> DefectMap:
    classes = np.zeros(SHAPE, np.uint16)
    classes[0, 6] = C.DEAD | C.CLUSTER
    classes[1, 5] = C.NOISY | C.CLUSTER
    classes[4, 0] = C.PERSISTENT
    edits = (DefectEdit(4, 0, False, "Ada", NOW), DefectEdit(3, 2, True, "Ada", NOW))
    return DefectMap(classes, edits)


def test_text_keeps_the_classes(defects: DefectMap, tmp_path: Path) -> None:
    write_defects(tmp_path / "list.txt", defects)
    lines = (tmp_path / "list.txt").read_text().splitlines()
    assert lines[2:] == ["0 6 dead,cluster", "1 5 noisy,cluster", "3 2 imported"]
    read = read_defects(tmp_path / "list.txt", SHAPE)
    expected = effective_classes(defects)
    np.testing.assert_array_equal(read, np.where(expected, expected | C.IMPORTED, 0))


def test_text_is_rows_and_columns_with_comments(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("# mine\n\n 1 6  # the odd one\n2 0 dead\n")
    read = read_defects(tmp_path / "list.txt", SHAPE)
    assert read[1, 6] == C.IMPORTED
    assert read[2, 0] == C.IMPORTED | C.DEAD
    assert np.count_nonzero(read) == 2


@pytest.mark.parametrize("between", [" ", ",", ", ", "\t", "  "])
def test_row_and_column_stand_apart_by_blanks_or_a_comma(between: str, tmp_path: Path) -> None:
    parts = ("2", "0"), ("1", "6", "dead,noisy"), ("3", "3", "dead"), ("4", "4", "dead", "noisy")
    (tmp_path / "list.txt").write_text("\n".join(between.join(each) for each in parts))
    read = read_defects(tmp_path / "list.txt", SHAPE)
    assert read[2, 0] == C.IMPORTED
    assert read[1, 6] == read[4, 4] == C.IMPORTED | C.DEAD | C.NOISY
    assert read[3, 3] == C.IMPORTED | C.DEAD
    assert np.count_nonzero(read) == 4


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("5 0", "row 5, column 0 is no pixel of 5 rows x 7 columns"),
        ("0 7", "row 0, column 7 is no pixel"),
        ("-1 2", "'-1 2' is no defect"),
        ("1", "'1' is no defect"),
        ("row,column", "'row,column' is no defect"),
        ("1;2", "`12 40 dead,noisy` or `12,40`"),
        ("1,,2", "is no defect"),
        ("1 2,", "'' is no class"),
        ("1,2,3", "'3' is no class"),
        ("1 2 ded", "'ded' is no class"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_with_its_number(
    line: str, words: str, tmp_path: Path
) -> None:
    (tmp_path / "list.txt").write_text(f"0 0\n{line}\n")
    with pytest.raises(DefectLineError, match=words) as refused:
        read_defects(tmp_path / "list.txt", SHAPE)
    assert refused.value.line == 2


def test_what_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"\xff\xfe0\x00")
    with pytest.raises(DefectListError, match="not text"):
        read_defects(tmp_path / "list.txt", SHAPE)


def test_xml_has_columns_as_x_and_rows_as_y(defects: DefectMap, tmp_path: Path) -> None:
    write_defects(tmp_path / "list.xml", defects)
    text = (tmp_path / "list.xml").read_text()
    assert 'SizeX="7" SizeY="5"' in text
    # above on the right is the first defect, below on the left nothing but good pixels
    assert '<BadPixel X="5" Y="1" Mask="247" NoisyPixel="true" />' in text
    read = read_defects(tmp_path / "list.xml", SHAPE)
    assert read[1, 5] == C.IMPORTED | C.NOISY
    assert read[0, 6] == read[3, 2] == C.IMPORTED
    assert np.count_nonzero(read) == 3


def test_pixels_that_users_listed_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "list.xml").write_text(
        '<BadPixelMap SizeX="7" SizeY="5"><BadPixels/><UserDefinedBadPixels>'
        '<BadPixel X="6" Y="2"/></UserDefinedBadPixels></BadPixelMap>'
    )
    assert read_defects(tmp_path / "list.xml", SHAPE)[2, 6] == C.IMPORTED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<BadPixelMap", "not whole XML"),
        ("", "not whole XML"),
        ("<Other/>", "it is a Other"),
        ('<BadPixelMap SizeX="7"/>', "SizeY=''"),
        ('<BadPixelMap SizeX="7" SizeY="5"><L><P X="7" Y="0"/></L></BadPixelMap>', "how L lists"),
        (
            '<BadPixelMap SizeX="7" SizeY="5"><BadRows><BadRow Y="1"/></BadRows></BadPixelMap>',
            "how BadRows lists",
        ),
        (
            '<BadPixelMap SizeX="7" SizeY="5"><BadPixels><BadPixel X="7" Y="0"/></BadPixels>'
            "</BadPixelMap>",
            "row 0, column 7 is no pixel",
        ),
        (
            '<BadPixelMap SizeX="7" SizeY="5"><BadPixels><BadPixel X="a" Y="0"/></BadPixels>'
            "</BadPixelMap>",
            "X='a'",
        ),
        (
            '<BadPixelMap SizeX="5" SizeY="7"/>',
            "it is of 7 rows x 5 columns, the calibration of 5 x 7",
        ),
    ],
)
def test_xml_that_is_no_list_of_the_panel_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "list.xml").write_text(text)
    with pytest.raises(DefectListError, match=words):
        read_defects(tmp_path / "list.xml", SHAPE)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused(encoding: str, tmp_path: Path) -> None:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>'
        '<!DOCTYPE BadPixelMap [<!ENTITY a "1"><!ENTITY b "&a;&a;&a;">]>'
        '<BadPixelMap SizeX="7" SizeY="5"><BadPixels><BadPixel X="&b;" Y="0"/></BadPixels>'
        "</BadPixelMap>"
    )
    (tmp_path / "list.xml").write_bytes(text.encode(encoding))
    with pytest.raises(XmlRefusedError, match="document type"):
        read_defects(tmp_path / "list.xml", SHAPE)


def test_too_large_an_xml_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defect_xml, "MOST_BYTES", 10)
    (tmp_path / "list.xml").write_text('<BadPixelMap SizeX="7" SizeY="5"/>')
    with pytest.raises(XmlRefusedError, match="34 bytes"):
        read_defects(tmp_path / "list.xml", SHAPE)


@pytest.mark.parametrize("name", ["PerkinElmerFull", "PerkinElmerRefurbished"])
def test_lists_of_real_panels_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    folder = os.environ.get("FPXI_TEST_DATA")
    if folder is None:
        pytest.skip("FPXI_TEST_DATA is not set: no real lists to test with")
    original = Path(folder) / "bad_pixels" / f"{name}_BadPixelMap_t1.bpm.xml"
    classes = read_defects(original, (2000, 2000))
    write_defects(tmp_path / "again.xml", DefectMap(classes))
    np.testing.assert_array_equal(read_defects(tmp_path / "again.xml", (2000, 2000)), classes)
    before, after = (
        {line.strip() for line in path.read_text(encoding="utf-8").splitlines()}
        for path in (original, tmp_path / "again.xml")
    )
    assert len(before) == len(after)
    assert len(before & after) > 0.96 * len(before)  # of the rest, a bit of Mask differs


@pytest.mark.parametrize("ending", [".npy", ".tif", ".tiff", ".png"])
@pytest.mark.parametrize("polarity", list(Polarity))
def test_masks_come_back_in_either_polarity(
    ending: str, polarity: Polarity, defects: DefectMap, tmp_path: Path
) -> None:
    path = tmp_path / f"mask{ending}"
    write_defects(path, defects, polarity)
    read = read_defects(path, SHAPE, polarity)
    np.testing.assert_array_equal(read, np.where(defects.mask, C.IMPORTED, 0))
    other = Polarity.ZERO if polarity is Polarity.NONZERO else Polarity.NONZERO
    np.testing.assert_array_equal(read_defects(path, SHAPE, other) != 0, ~defects.mask)


def test_pictures_of_masks_can_be_looked_at(defects: DefectMap, tmp_path: Path) -> None:
    write_defects(tmp_path / "mask.png", defects, Polarity.NONZERO)
    with Image.open(tmp_path / "mask.png") as picture:
        assert set(np.unique(np.asarray(picture))) == {0, 255}


@pytest.mark.parametrize("ending", [".npy", ".tif", ".png"])
def test_the_polarity_of_a_mask_is_never_guessed(
    ending: str, defects: DefectMap, tmp_path: Path
) -> None:
    path = tmp_path / f"mask{ending}"
    with pytest.raises(PolarityError, match="--bad-is"):
        write_defects(path, defects)
    assert not path.exists()
    write_defects(path, defects, Polarity.ZERO)
    with pytest.raises(PolarityError, match="--bad-is"):
        read_defects(path, SHAPE)


def test_a_list_has_no_polarity(defects: DefectMap, tmp_path: Path) -> None:
    with pytest.raises(PolarityError, match="leave --bad-is out"):
        write_defects(tmp_path / "list.txt", defects, Polarity.ZERO)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros(SHAPE), "every pixel is 0"),
        (np.ones(SHAPE, bool), "every pixel is True"),
        (np.arange(35).reshape(SHAPE), "its values are 0, 1, 2, 3, ..."),
        (np.arange(35).reshape(SHAPE) % 2 + 1, "its values are 1, 2"),
        (np.where(np.eye(5, 7), np.nan, 0.0), "its values are 0.0, nan"),
    ],
)
def test_a_mask_without_two_values_of_which_one_is_0_is_refused(
    values: np.ndarray, words: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "mask.npy", values)
    with pytest.raises(MaskContentError, match=words):
        read_defects(tmp_path / "mask.npy", SHAPE, Polarity.ZERO)


def test_a_mask_of_another_shape_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "mask.npy", np.eye(7, 5))
    with pytest.raises(DefectListSizeError, match="7 rows x 5 columns") as refused:
        read_defects(tmp_path / "mask.npy", SHAPE, Polarity.ZERO)
    assert refused.value.expected == SHAPE
    tifffile.imwrite(
        tmp_path / "mask.tif", np.zeros((3, *SHAPE), np.uint8), photometric="minisblack"
    )
    with pytest.raises(DefectListError, match="its shape is"):
        read_defects(tmp_path / "mask.tif", SHAPE, Polarity.ZERO)


def test_a_mask_of_words_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "mask.npy", np.full(SHAPE, "bad"))
    with pytest.raises(DefectListError, match="mask of numbers"):
        read_defects(tmp_path / "mask.npy", SHAPE, Polarity.ZERO)


@pytest.mark.parametrize("ending", [".npy", ".tif", ".png"])
def test_a_damaged_mask_is_refused(ending: str, tmp_path: Path) -> None:
    (tmp_path / f"mask{ending}").write_bytes(b"nothing of the kind")
    with pytest.raises(DefectListError, match="cannot be read"):
        read_defects(tmp_path / f"mask{ending}", SHAPE, Polarity.ZERO)


@pytest.mark.parametrize("ending", [".txt", ".xml", ".npy", ".png"])
def test_an_absent_file_is_said_to_be_absent(ending: str, tmp_path: Path) -> None:
    polarity = None if ending in {".txt", ".xml"} else Polarity.ZERO
    with pytest.raises(FileNotFoundError):
        read_defects(tmp_path / f"absent{ending}", SHAPE, polarity)


def test_an_unknown_ending_is_refused(defects: DefectMap, tmp_path: Path) -> None:
    with pytest.raises(DefectListFormatError, match=r"\.txt, \.xml") as refused:
        write_defects(tmp_path / "defects.csv", defects)
    assert ".png" in refused.value.known

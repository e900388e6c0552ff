"""`fpxi defects`: listing, exporting, importing, marking and clearing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from fpxi.calibration import load_calibration, save_calibration
from fpxi_imaging import Conditions, Grade, Verdict, calibration_from_maps
from fpxi_imaging.defects.defect_map import DefectClass as C
from PIL import Image

Run = Callable[..., Result]
SHAPE = (30, 8)


@pytest.fixture
def calibration(tmp_path: Path) -> Path:
    """A calibration of 30 x 8 pixels, of which 2,3 is bad and has no gain; the last row is ring."""
    defects = np.zeros(SHAPE, bool)
    defects[2, 3] = True
    ring = np.zeros(SHAPE, bool)
    ring[-1] = True
    made = calibration_from_maps(
        offset=np.zeros(SHAPE),
        gain=np.where(defects, np.nan, 1.0),
        defects=defects,
        not_imaging=ring,
        normalisation=1000.0,
        saturation_level=60_000,
        dark_frames=10,
        flat_frames=10,
        conditions=Conditions("tiny", "S1", 10_000, 1, -50_000, 25_000),
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )
    save_calibration(tmp_path / "cal.h5", made)
    return tmp_path / "cal.h5"


def defective(path: Path) -> list[tuple[int, int]]:
    return [(int(row), int(col)) for row, col in np.argwhere(load_calibration(path).defects.mask)]


def done(result: Result) -> Result:
    assert result.exit_code == 0, result.stderr
    return result


def test_the_list_counts_classes_and_shows_decisions(run: Run, calibration: Path) -> None:
    done(run("defects", calibration, "mark", "4,5", "--author", "Ada", "--reason", "blinks"))
    words = done(run("defects", calibration, "list")).stdout
    assert "2 of 232 imaging pixels" in words
    assert ["imported", "1"] in [line.split() for line in words.splitlines()]
    edited = next(line for line in words.splitlines() if "Ada" in line).split()
    assert edited[:5] == ["1", "4", "5", "defective", "Ada"]
    assert edited[-1] == "blinks"


def test_json_lists_every_pixel_and_edit(run: Run, calibration: Path) -> None:
    done(run("defects", calibration, "mark", "4,5", "6,7", "--author", "Ada"))
    document = json.loads(done(run("defects", calibration, "list", "--json")).stdout)
    assert document["defective_pixels"] == 3
    assert document["imaging_pixels"] == 232
    assert document["found"]["imported"] == 1
    places = [(pixel["row"], pixel["column"]) for pixel in document["pixels"]]
    assert places == [(2, 3), (4, 5), (6, 7)]
    assert [pixel["origin"] for pixel in document["pixels"]] == [["found"], ["marked"], ["marked"]]
    assert [edit["author"] for edit in document["edits"]] == ["Ada", "Ada"]
    assert [edit["number"] for edit in document["edits"]] == [1, 2]
    assert datetime.fromisoformat(document["edits"][0]["time"]).tzinfo is not None


def test_marked_pixels_can_be_cleared_again(run: Run, calibration: Path) -> None:
    done(run("defects", calibration, "mark", "4,5", "6,7"))
    assert defective(calibration) == [(2, 3), (4, 5), (6, 7)]
    document = json.loads(done(run("defects", calibration, "clear", "4,5", "--json")).stdout)
    assert (document["edits"], document["defective_pixels"]) == (1, 2)
    assert defective(calibration) == [(2, 3), (6, 7)]
    edits = load_calibration(calibration).defects.edits
    assert len(edits) == 3
    assert all(edit.author for edit in edits)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mark", "30,0"], "row 30, column 0 is no pixel of 30 rows x 8 columns"),
        (["mark", "0,8"], "row 0, column 8 is no pixel"),
        (["mark", "1,1", "29,0"], "process ring"),
        (["clear", "2,3"], "no finite offset and gain"),
        (["mark", "1,1", "--author", " "], "author"),
    ],
)
def test_a_decision_that_cannot_hold_is_refused_and_nothing_changed(
    words: list[str], message: str, run: Run, calibration: Path
) -> None:
    before = calibration.read_bytes()
    result = run("defects", calibration, *words)
    assert result.exit_code == 1
    assert message in result.stderr
    assert calibration.read_bytes() == before


@pytest.mark.parametrize("text", ["4", "4,5,6", "a,b", "4;5"])
def test_a_place_is_row_comma_column(text: str, run: Run, calibration: Path) -> None:
    result = run("defects", calibration, "mark", text)
    assert result.exit_code == 2
    assert "ROW,COLUMN" in result.stderr


@pytest.mark.parametrize("name", ["list.txt", "list.xml"])
def test_an_exported_list_imports_as_it_was(
    name: str, run: Run, calibration: Path, tmp_path: Path
) -> None:
    done(run("defects", calibration, "mark", "4,5"))
    words = done(run("defects", calibration, "export", "-o", tmp_path / name)).stdout
    assert "2 defective pixels" in words
    done(run("defects", calibration, "clear", "4,5"))
    result = done(run("defects", calibration, "import", tmp_path / name, "--json"))
    assert json.loads(result.stdout)["listed"] == 2
    classes = load_calibration(calibration).defects.classes
    assert classes[4, 5] == C.IMPORTED
    assert (4, 5) not in defective(calibration)  # a user said that it is good


def test_masks_need_their_polarity(run: Run, calibration: Path, tmp_path: Path) -> None:
    result = run("defects", calibration, "export", "-o", tmp_path / "mask.png")
    assert result.exit_code == 1
    assert "--bad-is" in result.stderr
    done(run("defects", calibration, "export", "-o", tmp_path / "mask.png", "--bad-is", "zero"))
    with Image.open(tmp_path / "mask.png") as picture:
        assert np.argwhere(np.asarray(picture) == 0).tolist() == [[2, 3]]
    assert run("defects", calibration, "import", tmp_path / "mask.png").exit_code == 1


def test_imported_pixels_join_clusters_and_lines(
    run: Run, calibration: Path, tmp_path: Path
) -> None:
    (tmp_path / "list.txt").write_text("".join(f"{row} 3\n" for row in range(29)) + "29 1\n")
    words = done(run("defects", calibration, "import", tmp_path / "list.txt")).stdout
    assert "30 pixels listed" in words
    assert "1 in the process ring left out" in words
    assert "29 defective pixels now, 1 before" in words
    classes = load_calibration(calibration).defects.classes
    assert np.all(classes[1:28, 3] == C.IMPORTED | C.CLUSTER | C.LINE)
    assert classes[0, 3] & C.CLUSTER_KERNEL  # at the edge, four good neighbours are left
    assert not classes[29].any()


def imported(run: Run, calibration: Path, text: str, *words: str) -> None:
    path = calibration.with_name("maker.txt")
    path.write_text(text)
    done(run("defects", calibration, "import", path, *words))


def test_a_whole_import_can_be_withdrawn(run: Run, calibration: Path) -> None:
    before = load_calibration(calibration).defects
    imported(run, calibration, "2 4 dead\n9 5\n", "--author", "Bob", "--reason", "delivered")
    assert defective(calibration) == [(2, 3), (2, 4), (9, 5)]
    words = done(run("defects", calibration, "withdraw", "--import", "1", "--author", "Ada")).stdout
    assert "1 import withdrawn; 1 defective pixel now, 3 before" in words
    after = load_calibration(calibration).defects
    np.testing.assert_array_equal(after.classes, before.classes)
    listed = done(run("defects", calibration, "list")).stdout
    row = next(line for line in listed.splitlines() if "maker.txt" in line)
    for said in ("1  ", "2  ", "list of pixels", "Bob", "delivered", "by Ada, "):
        assert said in row
    (entry,) = json.loads(done(run("defects", calibration, "list", "--json")).stdout)["imports"]
    assert (entry["file"], entry["author"]) == ("maker.txt", "Bob")
    assert entry["withdrawn"]["author"] == "Ada"


def test_imports_are_told_apart_from_what_was_found(run: Run, calibration: Path) -> None:
    imported(run, calibration, "2 4 dead\n")
    document = json.loads(done(run("defects", calibration, "list", "--json")).stdout)
    origins = {(each["row"], each["column"]): each["origin"] for each in document["pixels"]}
    assert origins == {(2, 3): ["found"], (2, 4): ["imported"]}
    assert (document["found"]["dead"], document["with_imports"]["dead"]) == (0, 1)
    lines = done(run("defects", calibration, "list")).stdout.splitlines()
    assert ["dead", "0", "1"] in [line.split() for line in lines]


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["--edit", "2"], [(2, 3), (4, 5), (6, 7)]),
        (["4,5"], [(2, 3), (6, 7)]),
        (["--by", "Ada"], [(2, 3), (6, 7)]),
        (["--by", "Bob"], [(2, 3)]),
        (["--edit", "1", "4,5", "--by", "Ada"], [(2, 3), (6, 7)]),
        (["--edit", "1", "--edit", "2", "--edit", "3"], [(2, 3)]),
    ],
)
def test_edits_can_be_withdrawn(
    words: list[str], left: list[tuple[int, int]], run: Run, calibration: Path
) -> None:
    done(run("defects", calibration, "mark", "4,5", "--author", "Ada"))
    done(run("defects", calibration, "clear", "4,5", "--author", "Ada"))
    done(run("defects", calibration, "mark", "6,7", "--author", "Bob"))
    done(run("defects", calibration, "withdraw", *words, "--reason", "mistaken"))
    assert defective(calibration) == left
    defects = load_calibration(calibration).defects
    assert len(defects.edits) == 3
    assert {each.reason for each in defects.withdrawals} == {"mistaken"}


def test_a_pixel_shows_its_history(run: Run, calibration: Path) -> None:
    imported(run, calibration, "2 4 dead\n", "--author", "Bob")
    done(run("defects", calibration, "clear", "2,4", "--author", "Ada", "--reason", "works"))
    done(run("defects", calibration, "withdraw", "2,4", "--author", "Eve"))
    lines = done(run("defects", calibration, "show", "2,4", "2,3", "29,0")).stdout.splitlines()
    assert lines[0].split() == ["2,4", "defective"]
    assert lines[1].split() == ["Found", "nothing"]
    assert "Import 1      dead, imported: maker.txt, by Bob, " in lines[2]
    assert "Edit 1        good: by Ada, " in lines[3]
    assert ": works; withdrawn by Eve, " in lines[3]
    assert lines[4].split() == ["With", "imports", "cluster"]
    assert "29,0   in the process ring" in lines
    assert run("defects", calibration, "show", "30,0").exit_code == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--edit", "2"], "there is no edit 2, they are numbered 1 to 1"),
        (["--edit", "0"], "there is no edit 0"),
        (["--import", "2"], "there is no import 2"),
        (["3,3"], "no edit in force of row 3, column 3"),
        (["2,4"], "in the list of import 1: clear the pixel, or withdraw the whole import"),
        (["2,3"], "overruled by marking or clearing"),
        (["--by", "Nobody"], "no edit in force of Nobody"),
        (["4,5", "--author", " "], "author"),
    ],
)
def test_what_cannot_be_withdrawn_is_refused_and_nothing_changed(
    words: list[str], message: str, run: Run, calibration: Path
) -> None:
    imported(run, calibration, "2 4 dead\n")
    done(run("defects", calibration, "mark", "4,5"))
    before = calibration.read_bytes()
    result = run("defects", calibration, "withdraw", *words)
    assert (result.exit_code, calibration.read_bytes()) == (1, before)
    assert message in result.stderr


def test_nothing_is_withdrawn_twice(run: Run, calibration: Path) -> None:
    done(run("defects", calibration, "mark", "4,5"))
    done(run("defects", calibration, "withdraw", "--edit", "1"))
    result = run("defects", calibration, "withdraw", "--edit", "1")
    assert result.exit_code == 1
    assert "edit 1 is withdrawn already" in result.stderr


def test_it_has_to_be_said_what_to_withdraw(run: Run, calibration: Path) -> None:
    result = run("defects", calibration, "withdraw")
    assert result.exit_code == 2
    assert "--edit, --import or --by" in result.stderr


def test_a_list_of_another_panel_is_refused(run: Run, calibration: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "mask.npy", np.eye(5))
    result = run("defects", calibration, "import", tmp_path / "mask.npy", "--bad-is", "zero")
    assert result.exit_code == 1
    assert "of 5 rows x 5 columns, the calibration of 30 x 8" in result.stderr


def test_a_mask_read_the_wrong_way_round_does_not_spoil_the_calibration(
    run: Run, calibration: Path, tmp_path: Path
) -> None:
    mask = np.zeros(SHAPE, np.uint8)
    mask[5, 5] = 1
    np.save(tmp_path / "mask.npy", mask)
    before = calibration.read_bytes()
    result = run("defects", calibration, "import", tmp_path / "mask.npy", "--bad-is", "zero")
    assert result.exit_code == 1
    assert "which of its values means defective (--bad-is)" in result.stderr
    assert calibration.read_bytes() == before


def test_nothing_is_overwritten_unless_allowed(run: Run, calibration: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("mine")
    result = run("defects", calibration, "export", "-o", tmp_path / "list.txt")
    assert result.exit_code == 1
    assert "--overwrite" in result.stderr
    assert (tmp_path / "list.txt").read_text() == "mine"
    done(run("defects", calibration, "export", "-o", tmp_path / "list.txt", "--overwrite"))


def test_the_sources_of_a_calibration_are_kept(run: Run, calibration: Path) -> None:
    before = load_calibration(calibration)
    done(run("defects", calibration, "mark", "4,5"))
    after = load_calibration(calibration)
    assert (after.sources, after.created) == (before.sources, before.created)
    np.testing.assert_array_equal(after.defects.classes, before.defects.classes)


def test_decisions_are_taken_from_another_calibration(
    run: Run, calibration: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new.h5"
    new.write_bytes(calibration.read_bytes())
    done(run("defects", calibration, "mark", "4,5", "6,7", "--author", "Ada"))
    imported(run, calibration, "1 1 dead\n")
    text = done(run("defects", new, "take", calibration)).stdout
    assert f"2 edits and 1 import of {calibration} taken along" in text
    assert "4 defective pixels now, 1 before" in text
    assert defective(new) == defective(calibration)
    document = json.loads(done(run("defects", new, "take", calibration, "--json")).stdout)
    assert {**document, "path": ""} == {
        "path": "",
        "edits": 0,
        "imports": 0,
        "withdrawals": 0,
        "defective_pixels": 4,
    }
    assert "no edits or imports that it had not" in run("defects", new, "take", calibration).stdout


def test_the_list_says_how_to_get_the_pixels(run: Run, calibration: Path) -> None:
    words = done(run("defects", calibration, "list")).stdout
    assert words.endswith(f"fpxi defects {calibration} export -o defects.txt, or list --json\n")


def test_the_list_names_the_class_that_it_speaks_of(run: Run, calibration: Path) -> None:
    made = load_calibration(calibration)
    said = Verdict("noisy pixels", Grade.GOOD, 40, 30, "darks", "40 darks tell it")
    save_calibration(calibration, replace(made, verdicts=(said,)), overwrite=True)
    assert "noisy pixels  good: 40 darks tell it" in run("defects", calibration, "list").stdout


def test_a_list_of_an_unknown_kind_is_told_the_known_ones(run: Run, calibration: Path) -> None:
    path = calibration.with_name("list.csv")
    path.write_text("3,4\n")
    result = run("defects", calibration, "import", path)
    assert result.exit_code == 1
    assert ".csv is none of the known formats, .txt, .xml, .npy" in result.stderr
    assert "12,40" in result.stderr
    imported(run, calibration, "3,4\n")
    assert (3, 4) in defective(calibration)

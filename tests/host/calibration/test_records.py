from __future__ import annotations

import enum
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt
import pytest
from fpxi.calibration.errors import ContentError
from fpxi.calibration.records import read_record, write_record


class Colour(enum.Enum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Row:
    number: int
    value: float
    right: bool
    text: str
    time: datetime
    colour: Colour = Colour.RED


@dataclass(frozen=True)
class Leaf:
    value: float

    def __post_init__(self) -> None:
        if self.value < 0:
            raise ValueError("leaves are not negative")


@dataclass(frozen=True)
class Thorn:
    length_us: int


@dataclass(frozen=True, eq=False)
class Tree:
    image: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    rows: tuple[Row, ...]
    numbers: tuple[float, ...]
    branches: tuple[Branch, ...]
    either: Leaf | Thorn
    maybe: Leaf | Thorn | None
    certain: int | None = None
    hidden: int = field(default=5, init=False)


@dataclass(frozen=True)
class Branch:
    leaf: Leaf
    weight: float | None


TIME = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
ROWS = tuple(
    Row(number, value, number > 0, "ünï\n", TIME, Colour.GREEN)
    for number, value in ((0, 1), (7, math.inf))
)
Change = Callable[[h5py.Group], None]


def tree(**changes: object) -> Tree:
    image = np.array([[1, -0.0, np.nan], [np.inf, 1e-42, 3]], np.float32)
    values = {
        "image": image,
        "mask": image > 1,
        "rows": ROWS,
        "numbers": (0.1, 2),
        "branches": (Branch(Leaf(1.5), None), Branch(Leaf(2), 3.5)),
        "either": Thorn(4),
        "maybe": None,
    }
    return Tree(**(values | changes))


def units(owner: str, name: str) -> str:
    return {("Tree", "image"): "counts"}.get((owner, name), "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with h5py.File(tmp_path / "tree.h5", "w") as file:
        write_record(file.create_group("tree"), tree(), units)
    return tmp_path / "tree.h5"


def test_every_kind_of_field_comes_back_as_it_was(path: Path) -> None:
    with h5py.File(path) as file:
        found, wanted = read_record(file["tree"], Tree), tree()
        assert file["tree/image"].attrs["units"] == "counts"
        assert file["tree/either/length_us"].attrs["units"] == "us"
    assert found.image.tobytes() == wanted.image.tobytes()
    assert found.image.dtype == np.float32
    np.testing.assert_array_equal(found.mask, wanted.mask)
    for name in ("rows", "numbers", "branches", "either", "maybe", "certain", "hidden"):
        assert getattr(found, name) == getattr(wanted, name)
    assert type(found.rows[0].value) is float


@pytest.mark.parametrize("name", ["rows", "numbers", "branches"])
def test_an_empty_sequence_comes_back(tmp_path: Path, name: str) -> None:
    with h5py.File(tmp_path / "tree.h5", "w") as file:
        write_record(file.create_group("tree"), tree(**{name: ()}), units)
        assert getattr(read_record(file["tree"], Tree), name) == ()


def replace_dataset(name: str, data: object) -> Change:
    def change(group: h5py.Group) -> None:
        del group[name]
        group[name] = data

    return change


def remove(name: str) -> Change:
    def change(group: h5py.Group) -> None:
        del group[name]

    return change


def name_fields(group: h5py.Group, *names: str) -> None:
    group.attrs["fields"] = names


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (remove("image"), "/tree/image is missing"),
        (remove("either"), "/tree/either is missing"),
        (remove("rows/time"), "/tree/rows/time is missing"),
        (remove("branches/0"), "/tree/branches/0 is missing"),
        (replace_dataset("image", np.zeros((2, 3))), "/tree/image holds float64, not float32"),
        (replace_dataset("image", "text"), "/tree/image has dtype object"),
        (replace_dataset("either", 3), "/tree/either is no group"),
        (replace_dataset("either/length_us", 3.0), "/tree/either/length_us has dtype float64"),
        (replace_dataset("either/length_us", [3]), r"/tree/either/length_us .* shape \(1,\)"),
        (replace_dataset("rows/number", [3]), "/tree/rows has columns of different lengths"),
        (replace_dataset("rows/colour", ["red", "blue"]), "/tree/rows/colour holds 'blue'"),
        (replace_dataset("rows/time", ["now", "then"]), "/tree/rows/time holds 'now'"),
        (replace_dataset("branches/0/leaf/value", -1.0), "/branches/0/leaf makes no Leaf: leaves"),
        (lambda group: group["either"].attrs.__setitem__("type", "Root"), "is a Root, known are"),
        (lambda group: group["either"].attrs.__delitem__("type"), "has no attribute type"),
        (lambda group: group.attrs.__delitem__("fields"), "/tree has no attribute fields"),
        (lambda group: name_fields(group, "image"), "/tree/mask is missing"),
        (lambda group: name_fields(group["rows"], "text"), "/tree/rows/number is missing"),
        (
            lambda group: name_fields(group["either"], "length_us", "colour"),
            "/tree/either holds colour, of a later version: update fpxi",
        ),
    ],
)
def test_what_is_wrong_is_named(path: Path, change: Change, place: str) -> None:
    with h5py.File(path, "r+") as file:
        change(file["tree"])
        with pytest.raises(ContentError, match=place):
            read_record(file["tree"], Tree)


def test_what_a_file_did_not_yet_have_is_at_its_default(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        for group, name in ((file["tree"], "certain"), (file["tree/rows"], "colour")):
            name_fields(group, *(each for each in group.attrs["fields"] if each != name))
        found = read_record(file["tree"], Tree)
    assert found.certain is None
    assert [row.colour for row in found.rows] == [Colour.RED, Colour.RED]


def test_an_image_that_changed_on_the_disk_is_not_read(path: Path) -> None:
    with h5py.File(path) as file:
        where = file["tree/image"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[where.byte_offset + where.size // 2] ^= 4
    path.write_bytes(content)
    with h5py.File(path) as file, pytest.raises(OSError, match=r"checksum|fletcher|filter"):
        read_record(file["tree"], Tree)

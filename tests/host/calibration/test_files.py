from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import fpxi
import h5py
import numpy as np
import pytest
from fpxi.calibration import load_calibration, save_calibration
from fpxi.calibration.errors import NotACalibrationError
from fpxi.errors import CalibrationExistsError, OutputError, OutputFullError
from fpxi_imaging import Calibration, DefectMap, Source, SourceRole
from fpxi_readout.frame import Frame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CONTENT = "entry/process/calibration"
LAYOUT = "fpxi_calibration_layout"
Record = Callable[..., Path]
Change = Callable[[h5py.Group], None]


def require_same(found: Any, wanted: Any, place: str = "calibration") -> None:
    """Compare everything that a calibration is made of, to the bit."""
    assert type(found) is type(wanted), place
    if isinstance(wanted, np.ndarray):
        assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape), place
        assert found.tobytes() == wanted.tobytes(), place
    elif isinstance(wanted, tuple):
        assert len(found) == len(wanted), place
        for index, (one, other) in enumerate(zip(found, wanted, strict=True)):
            require_same(one, other, f"{place}[{index}]")
    elif is_dataclass(wanted):
        for each in fields(wanted):
            if each.init:
                names = getattr(found, each.name), getattr(wanted, each.name)
                require_same(*names, f"{place}.{each.name}")
    else:
        assert found == wanted, place


def test_a_calibration_comes_back_to_the_bit(tmp_path: Path, rich: Calibration) -> None:
    save_calibration(tmp_path / "cal.h5", rich)
    require_same(load_calibration(tmp_path / "cal.h5"), rich)
    assert [path.name for path in tmp_path.glob("*") if path.is_file()] == ["cal.h5"]


def test_a_calibration_that_was_loaded_is_saved_as_it_is(tmp_path: Path, rich: Calibration) -> None:
    save_calibration(tmp_path / "a.h5", rich)
    save_calibration(tmp_path / "b.h5", load_calibration(tmp_path / "a.h5"))
    require_same(load_calibration(tmp_path / "b.h5"), rich)


def test_what_is_not_there_stays_away(tmp_path: Path, rich: Calibration) -> None:
    bare = replace(rich, lag=None, verdicts=(), refreshes=(), sources=())
    save_calibration(tmp_path / "cal.h5", bare)
    require_same(load_calibration(tmp_path / "cal.h5"), bare)


def test_a_calibration_of_an_earlier_program_has_no_trace_of_its_lag(
    tmp_path: Path, rich: Calibration
) -> None:
    save_calibration(tmp_path / "cal.h5", rich)
    with h5py.File(tmp_path / "cal.h5", "r+") as file:
        lag = file[f"{CONTENT}/lag"]
        names = [name for name in lag.attrs["fields"] if name != "trace"]
        del lag["trace"], lag.attrs["fields"]
        lag.attrs.create("fields", names, dtype=h5py.string_dtype())
    assert rich.lag is not None
    found = load_calibration(tmp_path / "cal.h5")
    require_same(found, replace(rich, lag=replace(rich.lag, trace=None)))


def test_readers_of_nexus_find_their_way(tmp_path: Path, rich: Calibration) -> None:
    save_calibration(tmp_path / "cal.h5", rich)
    with h5py.File(tmp_path / "cal.h5") as file:
        classes = {
            place: file[place].attrs["NX_class"]
            for place in ("entry", "entry/instrument/detector", "entry/process", CONTENT)
        }
        assert list(classes.values()) == ["NXentry", "NXdetector", "NXprocess", "NXcollection"]
        mask = file["entry/instrument/detector/pixel_mask"]
        assert mask.dtype == np.uint32
        np.testing.assert_array_equal(mask[()] != 0, rich.defects.mask | rich.not_imaging)
        assert file["entry/instrument/detector/serial_number"].asstr()[()] == "SN-7"
        found = file[CONTENT]
        assert found["darks/0/mean"].attrs["units"] == "counts"
        assert found["darks/0/conditions/exposure_us"].attrs["units"] == "us"
        temperature = found["darks/0/conditions/temperature_mC"]
        assert temperature.attrs["units"] == "millidegree_Celsius"
        for place in ("classes", "found", "imports/0/classes"):
            legend = found[f"defects/{place}"].attrs
            words = legend["flag_meanings"].split()
            names = dict(zip(legend["flag_masks"].tolist(), words, strict=True))
            assert (names[1], names[8]) == ("dead", "noisy")
            assert legend["flag_masks"].dtype == np.uint16


def test_other_readers_find_who_decided_on_each_pixel(tmp_path: Path, rich: Calibration) -> None:
    save_calibration(tmp_path / "cal.h5", rich)
    with h5py.File(tmp_path / "cal.h5") as file:
        origins = file["entry/process/defect_origins"]
        bits = dict(
            zip(origins.attrs["flag_meanings"].split(), origins.attrs["flag_masks"], strict=True)
        )
        assert origins[2, 3] == bits["found"]
        assert origins[3, 1] == bits["marked"]
        assert origins[4, 0] == bits["found"] | bits["cleared"]
        assert origins[5, 0] == bits["imported"]
        assert np.count_nonzero(origins) == 4


def test_a_file_from_before_imports_were_kept_apart_is_read(
    tmp_path: Path, rich: Calibration
) -> None:
    plain = replace(rich, defects=DefectMap(rich.defects.as_found, rich.defects.edits[:2]))
    save_calibration(tmp_path / "cal.h5", plain)
    with h5py.File(tmp_path / "cal.h5", "r+") as file:
        group = file[f"{CONTENT}/defects"]
        assert list(group.attrs["fields"]) == ["classes", "edits", "imports", "withdrawals"]
        for name in ("imports", "withdrawals"):
            del group[name]
        group.attrs.create("fields", ["classes", "edits"], dtype=h5py.string_dtype())
    require_same(load_calibration(tmp_path / "cal.h5"), plain)


def test_every_number_has_a_unit(tmp_path: Path, rich: Calibration) -> None:
    save_calibration(tmp_path / "cal.h5", rich)
    bare: list[str] = []

    def look(name: str, node: h5py.Dataset | h5py.Group) -> None:
        number = isinstance(node, h5py.Dataset) and node.dtype.kind == "f"
        if number and not node.attrs.get("units") and "/verdicts/" not in name:
            bare.append(name)

    with h5py.File(tmp_path / "cal.h5") as file:
        file.visititems(look)
        assert bare == []
        lag = file[f"{CONTENT}/lag"]
        assert (lag["time_constants_s"].attrs["units"], lag["multiplier"].attrs["units"]) == (
            "s",
            "1",
        )


def test_other_readers_find_the_offset_as_a_function_of_exposure(
    tmp_path: Path, rich: Calibration
) -> None:
    save_calibration(tmp_path / "cal.h5", rich)
    (model,) = rich.offset_models
    with h5py.File(tmp_path / "cal.h5") as file:
        (group,) = file["entry/process/offset_models"].values()
        assert group["exposures_us"][()].tolist() == [2500, 5000]
        for name, unit in {"bias": "counts", "rate": "counts/s"}.items():
            for each in (name, f"{name}_uncertainty"):
                assert group[each].attrs["units"] == unit
                np.testing.assert_allclose(group[each], getattr(model, each), rtol=1e-6)


def test_an_existing_calibration_is_kept_unless_told_otherwise(
    tmp_path: Path, rich: Calibration
) -> None:
    path = tmp_path / "cal.h5"
    path.write_text("precious")
    with pytest.raises(CalibrationExistsError):
        save_calibration(path, rich)
    assert path.read_text() == "precious"
    path.unlink()
    save_calibration(path, rich)
    save_calibration(path, replace(rich, software="another"), overwrite=True)
    assert load_calibration(path).software == "another"
    assert load_calibration(path).normalisation == rich.normalisation


def test_a_calibration_does_not_replace_what_it_was_made_from(
    record: Record, darks: list[Frame], rich: Calibration
) -> None:
    dark = record(darks, "a.h5", fpxi.ImageKey.DARK)
    made = replace(rich, sources=(Source(str(dark), SourceRole.DARK),))
    with pytest.raises(OutputError, match="choose another name"):
        save_calibration(dark, made, overwrite=True)
    fpxi.read_recording(dark).close()


def test_a_full_disk_leaves_the_old_calibration(
    tmp_path: Path, rich: Calibration, files_limited_to: Callable[[int], Any]
) -> None:
    path = tmp_path / "cal.h5"
    save_calibration(path, rich)
    before = path.read_bytes()
    with files_limited_to(len(before) // 2), pytest.raises(OutputFullError):
        save_calibration(path, replace(rich, software="another"), overwrite=True)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.glob(".*") if each.is_file()] == []


def test_a_later_layout_is_refused_by_name(tmp_path: Path, rich: Calibration) -> None:
    save_calibration(tmp_path / "cal.h5", rich)
    with h5py.File(tmp_path / "cal.h5", "r+") as file:
        file.attrs[LAYOUT] = 4
    with pytest.raises(NotACalibrationError, match="layout is version 4, known are 1 to 3"):
        load_calibration(tmp_path / "cal.h5")


def test_files_that_are_no_calibration_are_named(tmp_path: Path, record: Record) -> None:
    with pytest.raises(NotACalibrationError, match="it is a recording"):
        load_calibration(record([]))
    with pytest.raises(NotACalibrationError, match="there is no file"):
        load_calibration(tmp_path / "absent.h5")


def set_values(name: str, value: Any, at: Any = ()) -> Change:
    def change(group: h5py.Group) -> None:
        data = np.array(group[name])
        data[at] = value
        group[name][...] = data

    return change


def unknown_class(group: h5py.Group) -> None:
    for name in ("classes", "found"):
        set_values(f"defects/{name}", 0x8001, (2, 3))(group)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (set_values("gains/0/gain", np.nan, (3, 2)), "good pixel has no finite offset and gain"),
        (set_values("darks/1/mean", np.inf, (3, 2)), "good pixel has no finite offset and gain"),
        (unknown_class, "classes has bits .* nobody knows: 0x8000"),
        (set_values("defects/classes", 0x8001, (2, 3)), "not what was found and imported"),
        (set_values("defects/edits/row", 6, 0), "row 6"),
        (set_values("defects/edits/column", -1, 0), "column -1"),
        (set_values("defects/found", 1, (5, 4)), "not what was found and imported"),
        (set_values("defects/imports/1/classes", 0), "not what was found and imported"),
        (set_values("defects/withdrawals/number", 4, 1), "there is no edit 4 to withdraw"),
        (set_values("saturation_level", 70_000), "saturation_level is 70000"),
    ],
)
def test_content_that_contradicts_itself_is_named(
    tmp_path: Path, rich: Calibration, change: Change, said: str
) -> None:
    save_calibration(tmp_path / "cal.h5", rich)
    with h5py.File(tmp_path / "cal.h5", "r+") as file:
        change(file[CONTENT])
    with pytest.raises(NotACalibrationError, match=said):
        load_calibration(tmp_path / "cal.h5")


TEXT = h5py.string_dtype()


def of_another_type(data: Any) -> Any:
    """What is no longer what it was: text instead of numbers and numbers instead of text."""
    if isinstance(data, np.ndarray):
        is_text = data.dtype == object
        return np.zeros(data.shape, "f2") if is_text else np.full(data.shape, "x", TEXT)
    return 1.5 if isinstance(data, bytes) else "x"


def of_another_shape(data: Any) -> Any:
    """One axis more than it had."""
    is_text = isinstance(data, bytes) or data.dtype == object
    return np.array(data, TEXT if is_text else None)[None]


BROKEN = {"gone": None, "type": of_another_type, "shape": of_another_shape}


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_is_missing_or_of_another_kind_is_named(
    tmp_path: Path, rich: Calibration, data: st.DataObject
) -> None:
    path = tmp_path / "cal.h5"
    if not (tmp_path / "good.h5").exists():
        save_calibration(tmp_path / "good.h5", rich)
    shutil.copy(tmp_path / "good.h5", path)
    places: list[str] = []
    with h5py.File(path, "r+") as file:
        group = file[CONTENT]
        group.visititems(
            lambda name, node: places.append(name) if isinstance(node, h5py.Dataset) else None
        )
        place = data.draw(st.sampled_from(places))
        breaking = BROKEN[data.draw(st.sampled_from(sorted(BROKEN)))]
        content = group[place][()]
        del group[place]
        if breaking is not None:
            group[place] = breaking(content)
    known_by = CONTENT if breaking is of_another_shape else f"{CONTENT}/{place}"
    with pytest.raises(NotACalibrationError, match=f": /{known_by}"):
        load_calibration(path)


def test_a_damaged_image_is_not_read(tmp_path: Path, rich: Calibration) -> None:
    path = tmp_path / "cal.h5"
    save_calibration(path, rich)
    with h5py.File(path) as file:
        chunk = file[f"{CONTENT}/gains/0/gain"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(NotACalibrationError):
        load_calibration(path)


def test_a_threshold_is_read_by_the_name_that_it_had_when_it_was_written(
    tmp_path: Path, rich: Calibration
) -> None:
    path = tmp_path / "cal.h5"
    saved = replace(rich, thresholds=replace(rich.thresholds, zero_fraction=0.2))
    save_calibration(path, saved)
    with h5py.File(path, "r+") as file:
        thresholds = file[f"{CONTENT}/thresholds"]
        thresholds.move("zero_fraction", "most_cut_off")
        names = [
            "most_cut_off" if name == "zero_fraction" else name
            for name in thresholds.attrs["fields"]
        ]
        thresholds.attrs["fields"] = names
    require_same(load_calibration(path), saved)


@pytest.mark.parametrize("layout", [1, 2])
def test_files_of_earlier_layouts_are_read(tmp_path: Path, layout: int) -> None:
    path = tmp_path / "old.h5"
    write_old(path, layout)
    found = load_calibration(path)
    (dark,), (gain,) = found.darks, found.gains
    offset, gains, defects = old_images()
    np.testing.assert_array_equal(dark.mean, offset)
    np.testing.assert_array_equal(gain.gain, gains)
    np.testing.assert_array_equal(found.defects.mask, defects)
    assert np.isnan(dark.noise).all()
    assert (found.dark_frames, found.flat_frames, found.normalisation) == (10, 20, 1234.5)
    assert found.conditions.exposure_us == 2500
    assert found.conditions.first_row == (4 if layout == 2 else 0)
    assert found.conditions.binning == (2 if layout == 2 else 1)
    assert (found.thresholds.noise, found.limits.most_defective) == (5.0, 0.25)
    assert (found.thresholds.zero_fraction, found.limits.most_cut_off) == (0.2, 0.5)
    assert found.software == "fpxi 0.1.0"
    assert found.sources == (
        Source("dark.h5", SourceRole.DARK),
        Source("flat.h5", SourceRole.FLAT),
    )
    save_calibration(tmp_path / "new.h5", found)
    require_same(load_calibration(tmp_path / "new.h5"), found)


@pytest.mark.parametrize(
    "name", ["offset", "gain", "conditions", "thresholds/noise", "sources", "created"]
)
def test_an_earlier_file_that_lacks_something_is_refused_or_has_its_default(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / "old.h5"
    write_old(path, 2)
    with h5py.File(path, "r+") as file:
        del file[f"calibration/{name}"]
    if name == "thresholds/noise":
        assert load_calibration(path).thresholds.noise == 6.0
        return
    with pytest.raises(NotACalibrationError, match=name):
        load_calibration(path)


def old_images() -> tuple[Any, Any, Any]:
    random = np.random.default_rng(4)
    defects = np.zeros((6, 5), np.bool_)
    defects[2, 3] = True
    gain = np.where(defects, np.nan, random.normal(1, 0.1, (6, 5)))
    return random.normal(100, 1, (6, 5)).astype("f4"), gain.astype("f4"), defects


def write_old(path: Path, layout: int) -> None:
    """Write a file as the programs of layouts 1 and 2 did."""
    offset, gain, defects = old_images()
    images = {"offset": offset, "gain": gain, "defects": defects, "not_imaging": defects & False}
    conditions: dict[str, object] = {
        "panel": "tiny",
        "serial_number": "SN-7",
        "exposure_us": 2500,
        "gain_setting": 1,
        "bias_mV": -12345,
        "temperature_mC": 27301,
    }
    region = {"first_row": 4, "first_column": 2, "binning": 2, "cds": 1, "oversampling": 1}
    thresholds = {
        "over_response": 1.3,
        "under_response": 0.6,
        "window": 21,
        "noise": 5.0,
        "least_flat_response": 3.0,
        "most_defective": 0.25,
        "most_cut_off": 0.2,
        "most_saturated": 0.05,
    }
    with h5py.File(path, "w", libver="earliest") as file:
        file.attrs[LAYOUT] = layout
        group = file.create_group("calibration")
        group.attrs["NX_class"] = "NXcollection"
        for name, data in images.items():
            group.create_dataset(name, data=data, compression="gzip")
        for name, value in {
            "normalisation": 1234.5,
            "saturation_level": 16383,
            "dark_frames": 10,
            "flat_frames": 20,
            "created": "2026-01-02T03:04:05.678901+00:00",
            "software": "fpxi 0.1.0",
        }.items():
            group[name] = value
        group.create_dataset("sources", data=["dark.h5", "flat.h5"], dtype=h5py.string_dtype())
        for name, facts in (
            ("conditions", conditions | (region if layout == 2 else {})),
            ("thresholds", thresholds),
        ):
            for key, value in facts.items():
                group[f"{name}/{key}"] = value

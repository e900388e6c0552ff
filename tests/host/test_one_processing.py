"""One description gives the same values live, in a corrected file, in an export and in a script."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import fpxi
import fpxi_imaging
import h5py
import numpy as np
import numpy.typing as npt
import pytest
from fpxi.correction import correct_recording
from fpxi.export import export
from fpxi.preview import PreviewImage
from fpxi.recording.facts import RecordingFacts
from fpxi_imaging import (
    DEFAULT_PROCESSING,
    Averaging,
    Calibration,
    Conditions,
    LagModel,
    Orientation,
    Processing,
    Scale,
    calibration_from_maps,
    correct_stack,
)
from fpxi_readout.frame import Frame

WAIT_S = 30.0
DETECTOR = "entry/instrument/detector"
NUMBERS = (2, 3, 4, 6, 7, 8, 9, 12, 13)
"""Of the frames; three were lost."""
CONDITIONS = Conditions("tiny", "SN-7", 2500, 1, -12345, 27301)

PROCESSINGS = {
    "default": DEFAULT_PROCESSING,
    "no repair": Processing(repair=False),
    "block": Processing(averaging=Averaging.block(4), scale=Scale.TRANSMISSION),
    "running": Processing(averaging=Averaging.running(3)),
    "recursive": Processing(averaging=Averaging.recursive(3)),
    "median": Processing(averaging=Averaging.median(3), scale=Scale.ATTENUATION),
    "zingers": Processing(zinger_sigma=6.0, orientation=Orientation(flip_rows=True)),
    "everything": Processing(
        lag=True,
        zinger_sigma=5.0,
        averaging=Averaging.recursive(4, motion_sigma=2.0),
        scale=Scale.TRANSMISSION,
        orientation=Orientation(flip_columns=True, rotate_deg=90),
    ),
    "lag": Processing(lag=True, averaging=Averaging.recursive(2), scale=Scale.TRANSMISSION),
}


@pytest.fixture
def calibration(facts: RecordingFacts) -> Calibration:
    random = np.random.default_rng(8)
    defects = np.zeros((6, 5), np.bool_)
    defects[2, 2] = defects[3, 2] = True
    made = calibration_from_maps(
        offset=random.normal(500, 50, (6, 5)),
        gain=np.where(defects, np.nan, random.normal(1, 0.1, (6, 5))),
        defects=defects,
        not_imaging=facts.dictionary.panel.not_imaging,
        normalisation=3000.0,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=10,
        conditions=CONDITIONS,
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )
    lag = LagModel(
        fractions=(0.05, 0.02),
        time_constants_s=(0.004, 0.05),
        covariance=np.zeros((4, 4)),
        residual=0.001,
        frames=50,
        first_s=0.001,
        last_s=0.1,
    )
    noise = np.full((6, 5), 3.0, np.float32)
    darks = (replace(made.darks[0], noise=noise),)
    gains = (replace(made.gains[0], noise_per_count=0.5),)
    return replace(made, darks=darks, gains=gains, lag=lag)


@pytest.fixture
def run(record: Callable[..., Path], make_frame: Callable[..., Frame]) -> Path:
    frames = [make_frame(number) for number in NUMBERS]
    received = np.array([True, True, False, True, True, True])
    frames[3] = replace(frames[3], row_received=received)
    frames[3].samples[2] = 0
    frames[4].samples[1, 1] = 16383
    return record(frames)


@pytest.mark.parametrize("name", PROCESSINGS)
def test_every_way_gives_the_same_values_and_flags(
    run: Path, calibration: Calibration, name: str
) -> None:
    processing = PROCESSINGS[name]
    filed = corrected(run, calibration, processing)
    pictures = replayed(run, calibration, processing)
    shown = [pictures[number] for number in filed["sequence_number"]]
    same(filed, [picture.values for picture in shown], [picture.flags for picture in shown])
    assert filed["frames_averaged"].tolist() == [picture.averaged_frames for picture in shown]
    last = played(run, calibration, processing)
    assert (bits(last.values) == bits(pictures[NUMBERS[-1]].values)).all(), "none was passed over"
    shared = corrected(run, calibration, processing, threads=3)
    same(filed, shared["data"], shared["pixel_flags"])
    with fpxi.read_recording(run) as reader:
        scripted = correct_stack(
            reader.data[:],
            calibration.resolve(CONDITIONS),
            processing,
            row_received=np.stack([frame.row_received for frame in reader]),
            times_us=[frame.timestamp_us for frame in reader],
        )
    same(filed, scripted.values, scripted.flags)
    out = run.with_name("x.npy")
    export(run, out, calibration=calibration, processing=processing, overwrite=True)
    np.testing.assert_array_equal(np.load(out), filed["data"])


def same(filed: dict[str, Any], values: Any, flags: Any) -> None:
    np.testing.assert_array_equal(bits(np.stack(values)), bits(filed["data"]))
    np.testing.assert_array_equal(np.stack(flags), filed["pixel_flags"])


def bits(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
    """Return what the values are made of; every NaN is alike."""
    return np.where(np.isnan(values), np.float32(np.nan), values).view(np.uint32)


def corrected(
    run: Path, calibration: Calibration, processing: Processing, threads: int = 1
) -> dict[str, Any]:
    out = run.with_name("out.h5")
    correct_recording(run, calibration, out, processing=processing, threads=threads, overwrite=True)
    with h5py.File(out) as file:
        return {name: dataset[()] for name, dataset in file[DETECTOR].items()}


def replayed(
    run: Path, calibration: Calibration, processing: Processing
) -> dict[int, PreviewImage]:
    """Play a recording frame by frame; return the live picture of each."""
    fpxi_imaging.warm_up()
    pictures = {}
    with fpxi.open(f"file:{run}?pace=fast") as session:
        session.pipeline.configure(corrected=True, calibration=calibration, processing=processing)
        for number in NUMBERS:
            assert session.preview() is None or number > NUMBERS[0]
            session.start(1)
            pictures[number] = shown(session, number)
    return pictures


def played(run: Path, calibration: Calibration, processing: Processing) -> PreviewImage:
    """Play a recording as fast as it is taken; return the live picture of its last frame."""
    with fpxi.open(f"file:{run}?pace=fast") as session:
        session.pipeline.configure(corrected=True, calibration=calibration, processing=processing)
        session.preview()
        deadline = time.monotonic() + WAIT_S
        while not session.pipeline.warm:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        session.start()
        return shown(session, NUMBERS[-1])


def shown(session: fpxi.Session, number: int) -> PreviewImage:
    """Wait for the corrected picture of a frame."""
    deadline = time.monotonic() + WAIT_S
    while True:
        picture = session.preview()
        if picture is not None and picture.corrected and picture.frame.number == number:
            return picture
        assert time.monotonic() < deadline, picture and picture.notice
        time.sleep(0.002)

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import fpxi.rendering
import numpy as np
import pytest
from fpxi.device_state import DeviceState
from fpxi.errors import ThreadFailedError
from fpxi.pipeline import Pipeline
from fpxi.preview import PipelineSettings, PreviewImage
from fpxi.recording.facts import RecordingFacts
from fpxi.rendering import NO_CALIBRATION, NOT_WARM, TEST_PATTERN, Renderer
from fpxi_imaging import (
    NO_AVERAGING,
    Averaging,
    Calibration,
    Conditions,
    Orientation,
    PixelFlag,
    Processing,
    calibration_from_maps,
)
from fpxi_readout.frame import Frame
from fpxi_readout.protocol.generated import FrameFlag

MakeFrame = Callable[..., Frame]
WAIT_S = 30.0
AVERAGED_4 = Processing(averaging=Averaging.recursive(4))


@pytest.fixture
def calibration(facts: RecordingFacts) -> Calibration:
    shape = (6, 5)
    return calibration_from_maps(
        offset=np.full(shape, 100.0),
        gain=np.full(shape, 2.0),
        defects=np.zeros(shape, np.bool_),
        not_imaging=facts.dictionary.panel.not_imaging,
        normalisation=1000.0,
        saturation_level=16383,
        dark_frames=10,
        flat_frames=10,
        conditions=Conditions("tiny", "SN-7", 2500, 1, -12345, 27301),
        created=datetime(2026, 1, 2, tzinfo=UTC),
    )


@pytest.fixture
def renderer(facts: RecordingFacts) -> Renderer:
    return Renderer(facts.dictionary.panel, "SN-7")


@pytest.fixture
def pipeline(facts: RecordingFacts) -> Iterator[Pipeline]:
    device = DeviceState()
    device.geometry, device.identity = facts.dictionary.panel, facts.identity
    made = Pipeline(device)
    yield made
    made.close(WAIT_S)


def shown(pipeline: Pipeline, wanted: Callable[[PreviewImage], bool]) -> PreviewImage:
    """Wait for a picture that is as wanted."""
    deadline = time.monotonic() + WAIT_S
    while True:
        picture = pipeline.newest
        if picture is not None and wanted(picture):
            return picture
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_raw_pictures_show_counts_and_flags(renderer: Renderer, make_frame: MakeFrame) -> None:
    samples = make_frame(0).samples.copy()
    samples[1, 1], samples[2, 1], samples[[0, 4]] = 16383, 0, 0
    received = np.array([True, True, True, True, False, True])
    frame = make_frame(0, samples=samples, row_received=received)
    picture = renderer.render(frame, PipelineSettings(), warm=False)
    assert picture.frame is frame
    assert (picture.corrected, picture.notice) == (False, "")
    np.testing.assert_array_equal(picture.values[1:4, 1:-1], samples[1:4, 1:-1])
    assert picture.flags[1, 1] == PixelFlag.SATURATED
    assert picture.flags[2, 1] == PixelFlag.CUT_OFF
    assert (picture.flags[4, 1:-1] == PixelFlag.MISSING).all()
    assert (picture.flags[0] == PixelFlag.NOT_IMAGING).all()
    assert np.isnan(picture.values[[0, 4]]).all()


def test_raw_pictures_are_those_of_the_imaging_kernel(
    renderer: Renderer, make_frame: MakeFrame, facts: RecordingFacts
) -> None:
    from fpxi_imaging import raw_values

    samples = make_frame(5).samples.copy()
    samples[2, 1:3] = 0, 16383
    received = np.array([True, False, True, True, True, False])
    frame = make_frame(5, samples=samples, row_received=received)
    picture = renderer.render(frame, PipelineSettings(), warm=True)
    values, flags = np.empty((6, 5), np.float32), np.empty((6, 5), np.uint8)
    panel = facts.dictionary.panel
    raw_values(frame.samples, frame.row_received, panel.not_imaging, 16383, out=values, flags=flags)
    np.testing.assert_array_equal(picture.values, values)
    np.testing.assert_array_equal(picture.flags, flags)


def test_a_fitting_calibration_corrects(
    renderer: Renderer, make_frame: MakeFrame, calibration: Calibration
) -> None:
    frame = make_frame(0)
    settings = PipelineSettings(corrected=True, calibration=calibration)
    picture = renderer.render(frame, settings, warm=True)
    assert (picture.corrected, picture.notice) == (True, "")
    inner = (slice(1, -1), slice(1, -1))
    expected = (frame.samples[inner] - 100.0) * 2.0
    np.testing.assert_allclose(picture.values[inner], expected, rtol=1e-6)


def test_a_temperature_that_differs_within_the_tolerance_is_told(
    renderer: Renderer, make_frame: MakeFrame, calibration: Calibration
) -> None:
    settings = PipelineSettings(corrected=True, calibration=calibration)
    alike = renderer.render(make_frame(0), settings, warm=True)
    assert (alike.corrected, alike.notes) == (True, ())
    warmer = renderer.render(make_frame(1, temperature_mC=28_401), settings, warm=True)
    (note,) = warmer.notes
    assert warmer.corrected
    assert note.startswith("frames at 28.4 °C are corrected with darks at 27.3 °C: up to 1.1 K")


def test_a_calibration_of_other_conditions_is_not_applied_and_says_so(
    renderer: Renderer, make_frame: MakeFrame, calibration: Calibration
) -> None:
    settings = PipelineSettings(corrected=True, calibration=calibration)
    picture = renderer.render(make_frame(0, exposure_us=7777), settings, warm=True)
    assert not picture.corrected
    assert "7.777 ms" in picture.notice
    assert picture.values[2, 2] == picture.frame.samples[2, 2]


def test_a_test_pattern_is_not_corrected_and_the_picture_says_so(
    renderer: Renderer, make_frame: MakeFrame, calibration: Calibration
) -> None:
    settings = PipelineSettings(corrected=True, calibration=calibration)
    frame = make_frame(0, flags=FrameFlag.PATTERN)
    picture = renderer.render(frame, settings, warm=True)
    assert (picture.corrected, picture.notice) == (False, TEST_PATTERN)


@pytest.mark.parametrize(
    ("warm", "with_calibration", "notice"),
    [(True, False, NO_CALIBRATION), (False, True, NOT_WARM)],
)
def test_what_is_wanting_for_a_correction_is_said(
    renderer: Renderer,
    make_frame: MakeFrame,
    calibration: Calibration,
    warm: bool,
    with_calibration: bool,
    notice: str,
) -> None:
    settings = PipelineSettings(
        corrected=True, calibration=calibration if with_calibration else None
    )
    picture = renderer.render(make_frame(0), settings, warm=warm)
    assert (picture.corrected, picture.notice) == (False, notice)


def test_an_average_of_raw_frames_is_their_mean(renderer: Renderer, make_frame: MakeFrame) -> None:
    settings = PipelineSettings(processing=AVERAGED_4)
    frames = [make_frame(number) for number in range(3)]
    for count, frame in enumerate(frames, 1):
        picture = renderer.render(frame, settings, warm=True)
        assert picture.averaged_frames == count
    mean = np.mean([frame.samples for frame in frames], axis=0)
    np.testing.assert_allclose(picture.values[1:-1, 1:-1], mean[1:-1, 1:-1], rtol=1e-5)


def test_a_picture_tells_how_many_frames_a_full_average_has(
    renderer: Renderer, make_frame: MakeFrame, calibration: Calibration
) -> None:
    averaged = PipelineSettings(processing=AVERAGED_4)
    for settings, warm, expected in (
        (PipelineSettings(), True, 1),
        (averaged, False, 4),
        (averaged, True, 4),
        (replace(averaged, corrected=True, calibration=calibration), True, 4),
    ):
        picture = renderer.render(make_frame(0), settings, warm=warm, repeated=True)
        assert (picture.averaged_frames, picture.frames_to_average) == (1, expected)


@pytest.mark.parametrize("corrected", [False, True])
def test_where_whole_blocks_are_asked_for_they_stay_until_the_next_is_whole(
    renderer: Renderer, make_frame: MakeFrame, calibration: Calibration, corrected: bool
) -> None:
    grows = PipelineSettings(
        corrected=corrected,
        calibration=calibration,
        processing=Processing(averaging=Averaging.block(3)),
    )
    whole = replace(grows, whole_blocks=True)

    def counts(settings: PipelineSettings, numbers: range) -> list[tuple[int, int]]:
        made = [renderer.render(make_frame(n), settings, warm=True) for n in numbers]
        return [(picture.frame.number, picture.averaged_frames) for picture in made]

    assert counts(grows, range(5)) == [(0, 1), (1, 2), (2, 3), (3, 1), (4, 2)]
    assert counts(whole, range(5, 12)) == [(5, 3)] * 3 + [(8, 3)] * 3 + [(11, 3)]
    assert counts(whole, range(2)) == [(0, 1), (1, 2)], "the panel has restarted"


def test_an_average_begins_anew_when_the_exposure_changes(
    renderer: Renderer, make_frame: MakeFrame
) -> None:
    settings = PipelineSettings(processing=AVERAGED_4)
    renderer.render(make_frame(0), settings, warm=True)
    picture = renderer.render(make_frame(1, exposure_us=5), settings, warm=True)
    assert picture.averaged_frames == 1


def test_an_average_goes_on_over_lost_frames_but_not_over_a_restart(
    renderer: Renderer, make_frame: MakeFrame
) -> None:
    settings = PipelineSettings(processing=AVERAGED_4)
    counts = [
        renderer.render(make_frame(number), settings, warm=True).averaged_frames
        for number in (3, 4, 7, 0, 1)
    ]
    assert counts == [1, 2, 3, 1, 2]


def test_an_average_of_raw_frames_begins_anew_after_corrected_ones(
    renderer: Renderer, make_frame: MakeFrame, calibration: Calibration
) -> None:
    raw = PipelineSettings(processing=AVERAGED_4)
    corrected = replace(raw, corrected=True, calibration=calibration)
    asked = [raw, raw, corrected, corrected, raw, corrected]
    counts = [
        renderer.render(make_frame(number), settings, warm=True).averaged_frames
        for number, settings in enumerate(asked)
    ]
    assert counts == [1, 2, 1, 2, 1, 1]


@pytest.mark.parametrize("averaging", [NO_AVERAGING, Averaging.recursive(3)], ids=str)
@pytest.mark.parametrize("warm", [False, True])
def test_a_raw_picture_is_turned_too(
    renderer: Renderer, make_frame: MakeFrame, averaging: Averaging, warm: bool
) -> None:
    orientation = Orientation(flip_columns=True, rotate_deg=90)
    straight = PipelineSettings(processing=Processing(averaging=averaging))
    turned = PipelineSettings(processing=Processing(averaging=averaging, orientation=orientation))
    before = renderer.render(make_frame(0), straight, warm=warm)
    picture = renderer.render(make_frame(0), turned, warm=warm, repeated=True)
    assert picture.orientation == orientation
    np.testing.assert_array_equal(picture.values, np.rot90(before.values[:, ::-1]))
    np.testing.assert_array_equal(picture.flags, np.rot90(before.flags[:, ::-1]))


def test_every_picture_has_arrays_of_its_own_and_a_later_generation(
    renderer: Renderer, make_frame: MakeFrame
) -> None:
    settings = PipelineSettings(processing=Processing(averaging=Averaging.recursive(2)))
    first = renderer.render(make_frame(0), settings, warm=True)
    kept = first.values.copy()
    second = renderer.render(make_frame(1), settings, warm=True)
    np.testing.assert_array_equal(first.values, kept)
    assert second.generation > first.generation


def test_changed_settings_show_the_last_frame_again(
    pipeline: Pipeline, make_frame: MakeFrame, calibration: Calibration
) -> None:
    pipeline.offer(make_frame(0))
    assert not shown(pipeline, lambda picture: True).corrected
    pipeline.configure(corrected=True, calibration=calibration)
    picture = shown(pipeline, lambda picture: picture.corrected)
    assert picture.frame.number == 0
    assert pipeline.frames_previewed == 1
    pipeline.settings = replace(pipeline.settings, calibration=None)
    assert shown(pipeline, lambda picture: not picture.corrected).notice == NO_CALIBRATION


class BusyPipeline(Pipeline):
    """One whose thread never gets to the next frame."""

    def _run(self) -> None:
        pass


def test_frames_overtaken_are_counted_as_skipped(make_frame: MakeFrame) -> None:
    pipeline = BusyPipeline(DeviceState())
    assert pipeline.newest is None
    for number in range(5):
        assert pipeline.offer(make_frame(number))
    assert pipeline.frames_skipped == 4
    pipeline.close(WAIT_S)


def test_nothing_is_prepared_or_counted_before_the_first_look(make_frame: MakeFrame) -> None:
    pipeline = Pipeline(DeviceState())
    before = threading.active_count()
    for number in range(5):
        assert pipeline.offer(make_frame(number))
    assert threading.active_count() == before
    assert pipeline.frames_skipped == 0
    pipeline.close(WAIT_S)
    assert pipeline.newest is None
    assert threading.active_count() == before


def test_the_first_look_shows_a_frame_that_came_before_it(
    pipeline: Pipeline, make_frame: MakeFrame
) -> None:
    pipeline.offer(make_frame(7))
    assert shown(pipeline, lambda picture: True).frame.number == 7


def test_an_error_that_nobody_foresaw_is_raised_where_pictures_are_asked_for(
    pipeline: Pipeline, make_frame: MakeFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr(fpxi.rendering.Renderer, "render", fail)
    pipeline.offer(make_frame(0))
    with pytest.raises(ThreadFailedError, match="surprise"):
        shown(pipeline, lambda picture: False)

"""What a corrector asks of frames and calibrations, and what it costs."""

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging import PixelFlag as F
from fpxi_imaging.correction import _plan, _sharing

Calibrate = Callable[..., im.ResolvedCalibration]


def lag_model(fractions: tuple[float, ...] = (0.1,), **changes: Any) -> im.LagModel:
    constants = tuple(float(n) for n in range(1, len(fractions) + 1))
    unsure = np.zeros((2 * len(fractions), 2 * len(fractions)))
    return im.LagModel(fractions, constants, unsure, 0.0, 9, 0.0, 9.0, **changes)


def show(corrector: im.Corrector, count: int, time_us: int | None = None) -> float:
    out, flags = np.empty((1, 1), np.float32), np.empty((1, 1), np.uint8)
    corrector.correct(
        np.full((1, 1), count, np.uint16), np.ones(1, bool), out=out, flags=flags, time_us=time_us
    )
    return float(out[0, 0])


class TestLag:
    def corrector(self, make_resolved: Calibrate, **changes: Any) -> im.Corrector:
        calibration = make_resolved((1, 1), lag=lag_model(**changes))
        return im.Corrector(calibration, im.Processing(lag=True))

    def test_a_constant_exposure_is_left_as_it_is(self, make_resolved: Calibrate) -> None:
        corrector = self.corrector(make_resolved)
        values = [show(corrector, 1000, time) for time in range(0, 10_000_000, 500_000)]
        np.testing.assert_allclose(values, 1000, rtol=1e-6)

    def test_a_frame_without_a_time_is_refused_and_changes_nothing(
        self, make_resolved: Calibrate
    ) -> None:
        corrector = self.corrector(make_resolved)
        with pytest.raises(im.FrameTimeError, match="time_us"):
            show(corrector, 1000)
        assert corrector.averaged_frames == 0

    def test_the_same_frame_twice_gives_the_same(self, make_resolved: Calibrate) -> None:
        corrector = self.corrector(make_resolved)
        show(corrector, 1000, 0)
        assert show(corrector, 0, 100_000) == show(corrector, 0, 100_000) < 0

    def test_a_clock_that_runs_back_starts_anew(self, make_resolved: Calibrate) -> None:
        corrector = self.corrector(make_resolved)
        show(corrector, 1000, 1_000_000)
        assert show(corrector, 500, 0) == 500

    def test_reset_forgets_the_lag_and_reset_average_does_not(
        self, make_resolved: Calibrate
    ) -> None:
        corrector = self.corrector(make_resolved)
        show(corrector, 1000, 0)
        corrector.reset_average()
        assert show(corrector, 500, 100_000) < 499
        corrector.reset()
        assert show(corrector, 500, 200_000) == 500

    def test_rows_that_came_as_often_at_other_times_lag_each_for_its_own(
        self, make_resolved: Calibrate
    ) -> None:
        both = im.Corrector(make_resolved((2, 1), lag=lag_model()), im.Processing(lag=True))
        rows = [self.corrector(make_resolved) for _ in range(2)]
        out, flags = np.empty((2, 1), np.float32), np.empty((2, 1), np.uint8)
        for time_us, count, there in (
            (0, 0, (True, True)),
            (100_000, 1000, (True, False)),
            (600_000, 1000, (False, True)),
            (700_000, 0, (True, True)),
        ):
            samples = np.full((2, 1), count, np.uint16)
            both.correct(samples, np.array(there), out=out, flags=flags, time_us=time_us)
            alone = [
                show(row, count, time_us) if came else np.nan
                for row, came in zip(rows, there, strict=True)
            ]
            np.testing.assert_array_equal(out[:, 0], alone)
        assert alone[0] < 2 * alone[1] < 0

    def test_a_saturated_frame_leaves_numbers_behind(self, make_resolved: Calibrate) -> None:
        corrector = self.corrector(make_resolved)
        show(corrector, 65_535, 0)
        values = [show(corrector, 100, time) for time in range(10**5, 20 * 10**6, 10**5)]
        assert np.isfinite(values).all()
        assert values[-1] == pytest.approx(100, abs=0.01)

    def test_a_model_without_components_changes_nothing(self, make_resolved: Calibrate) -> None:
        corrector = self.corrector(make_resolved, fractions=())
        assert [show(corrector, count, count) for count in (7, 9)] == [7, 9]

    def test_a_calibration_without_lag_is_refused(self, make_resolved: Calibrate) -> None:
        with pytest.raises(im.NoLagModelError, match="step-off"):
            im.Corrector(make_resolved(), im.Processing(lag=True))

    def test_another_number_of_components_needs_a_new_corrector(
        self, make_resolved: Calibrate
    ) -> None:
        corrector = self.corrector(make_resolved)
        with pytest.raises(im.RecalibrationError, match="components"):
            corrector.recalibrate(make_resolved((1, 1), lag=lag_model((0.1, 0.1))))


class TestRecalibration:
    def test_it_goes_on_with_what_is_remembered(self, make_resolved: Calibrate) -> None:
        processing = im.Processing(averaging=im.Averaging.block(2))
        corrector = im.Corrector(make_resolved((1, 1)), processing)
        show(corrector, 10)
        corrector.recalibrate(make_resolved((1, 1), offset=np.full((1, 1), 4)))
        assert show(corrector, 24) == 15
        assert corrector.averaged_frames == 2

    def test_another_shape_is_refused(self, make_resolved: Calibrate) -> None:
        corrector = im.Corrector(make_resolved((1, 1)))
        with pytest.raises(im.ShapeMismatchError):
            corrector.recalibrate(make_resolved((1, 2)))

    @pytest.mark.parametrize("first_bad", [True, False])
    @pytest.mark.parametrize("mask", ["defects", "not_imaging"])
    def test_other_good_pixels_of_which_nothing_is_remembered_are_refused(
        self, mask: str, first_bad: bool, make_resolved: Calibrate
    ) -> None:
        masks = np.array([[[first_bad]], [[not first_bad]]])
        corrector = im.Corrector(make_resolved((1, 1), **{mask: masks[0]}))
        with pytest.raises(im.RecalibrationError, match="which pixels are good"):
            corrector.recalibrate(make_resolved((1, 1), **{mask: masks[1]}))
        assert corrector.calibration.good[0, 0] == (not first_bad)

    def test_curves_where_there_were_none_are_refused_and_nothing_is_changed(
        self, make_resolved: Calibrate
    ) -> None:
        corrector = im.Corrector(
            make_resolved((1, 1)), im.Processing(averaging=im.Averaging.recursive(4))
        )
        show(corrector, 10)
        curved = make_resolved((1, 1), linearity=im.Polynomial(np.full((1, 1, 1), 1e-9)))
        with pytest.raises(im.RecalibrationError, match="linear"):
            corrector.recalibrate(curved)
        assert show(corrector, 20) == 15

    def test_constants_for_which_there_is_no_room_take_what_is_remembered_along(
        self, make_resolved: Calibrate
    ) -> None:
        shape = (30, 40)
        straight, curved = (im.Polynomial(np.zeros((terms, *shape))) for terms in (1, 5))
        corrector = im.Corrector(
            make_resolved(shape, linearity=straight),
            im.Processing(averaging=im.Averaging.running(4)),
        )
        frame, received = np.arange(1200, dtype=np.uint16).reshape(shape), np.ones(30, bool)
        out, flags = np.empty(shape, np.float32), np.empty(shape, np.uint8)
        corrector.correct(frame, received, out=out, flags=flags)
        corrector.recalibrate(make_resolved(shape, linearity=curved))
        corrector.correct(frame + np.uint16(10), received, out=out, flags=flags)
        np.testing.assert_array_equal(out, frame + 5)
        np.testing.assert_array_equal(flags, np.where(frame == 0, F.CUT_OFF, 0))


class TestStack:
    def test_blocks_are_averaged_and_the_last_says_how_few_it_has(
        self, make_resolved: Calibrate
    ) -> None:
        stack = np.arange(5, dtype=np.uint16).reshape(5, 1, 1) * 10 + 10
        processing = im.Processing(averaging=im.Averaging.block(2))
        result = im.correct_stack(stack, make_resolved((1, 1)), processing)
        np.testing.assert_array_equal(result.values.ravel(), [15, 35, 50])
        np.testing.assert_array_equal(result.frames, [2, 2, 1])
        np.testing.assert_array_equal(result.flags.ravel(), [0, 0, 0])

    def test_every_frame_is_as_alone(self, make_resolved: Calibrate) -> None:
        stack = np.random.default_rng(1).integers(0, 9, (3, 4, 5)).astype(np.uint16)
        received = np.random.default_rng(2).random((3, 4)) > 0.3
        calibration = make_resolved(defects=np.eye(4, 5, dtype=bool))
        result = im.correct_stack(stack, calibration, row_received=received)
        for index, frame in enumerate(stack):
            values, flags = im.correct_frame(frame, calibration, received[index])
            np.testing.assert_array_equal(result.values[index], values)
            np.testing.assert_array_equal(result.flags[index], flags)

    def test_lag_needs_times(self, make_resolved: Calibrate) -> None:
        calibration = make_resolved(lag=lag_model())
        stack = np.zeros((2, 4, 5), np.uint16)
        with pytest.raises(im.FrameTimeError):
            im.correct_stack(stack, calibration, im.Processing(lag=True))
        im.correct_stack(stack, calibration, im.Processing(lag=True), times_us=[0, 1])
        with pytest.raises(im.ShapeMismatchError):
            im.correct_stack(stack, calibration, im.Processing(lag=True), times_us=[0])

    @pytest.mark.parametrize(
        ("stack", "error"),
        [
            (np.zeros((2, 4, 6), np.uint16), im.ShapeMismatchError),
            (np.zeros((4, 5), np.uint16), im.ArrayLayoutError),
            (np.zeros((2, 4, 5), np.int32), im.ArrayLayoutError),
            (np.zeros((4, 4, 5), np.uint16)[::2], im.ArrayLayoutError),
            ([[[1]]], im.ArrayLayoutError),
        ],
    )
    def test_what_is_no_stack_of_the_panel_is_refused(
        self, stack: Any, error: type[Exception], make_resolved: Calibrate
    ) -> None:
        with pytest.raises(error):
            im.correct_stack(stack, make_resolved((4, 5)))


def test_transmission_is_one_where_nothing_is_in_the_beam(make_resolved: Calibrate) -> None:
    calibration = make_resolved((1, 2), normalisation=500.0)
    values, _ = im.correct_frame(
        np.array([[500, 250]], np.uint16),
        calibration,
        processing=im.Processing(scale=im.Scale.TRANSMISSION),
    )
    np.testing.assert_allclose(values, [[1, 0.5]])


def test_without_repair_a_defect_has_no_value(make_resolved: Calibrate) -> None:
    calibration = make_resolved((1, 2), defects=np.array([[True, False]]))
    values, flags = im.correct_frame(
        np.array([[5, 7]], np.uint16), calibration, processing=im.Processing(repair=False)
    )
    np.testing.assert_array_equal(values, [[np.nan, 7]])
    np.testing.assert_array_equal(flags, [[F.UNREPAIRABLE, 0]])


@pytest.mark.parametrize("threads", [0, -1, 257])
def test_an_impossible_number_of_threads_is_refused(threads: int, make_resolved: Calibrate) -> None:
    with pytest.raises(im.SettingError):
        im.Corrector(make_resolved(), threads=threads)


def test_threads_refuse_what_one_thread_refuses(
    make_resolved: Calibrate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sharing, "LEAST_PIXELS", 1)
    corrector = im.Corrector(make_resolved((4, 5)), threads=2)
    out, flags = np.empty((4, 5), np.float32), np.empty((4, 5), np.uint8)
    for samples, error in (
        (np.zeros((4, 5), np.int16), im.ArrayLayoutError),
        (np.zeros((5, 5), np.uint16), im.ShapeMismatchError),
    ):
        with pytest.raises(error):
            corrector.correct(samples, np.ones(4, bool), out=out, flags=flags)
    assert corrector.averaged_frames == 0


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("averaging", [im.Averaging.running(4), im.Averaging.recursive(4)])
def test_no_frame_allocates_an_array(
    threads: int, averaging: im.Averaging, make_resolved: Calibrate
) -> None:
    shape = (1024, 512)
    calibration = make_resolved(shape, lag=lag_model())
    corrector = im.Corrector(
        calibration, im.Processing(lag=True, averaging=averaging), threads=threads
    )
    samples, received = np.ones(shape, np.uint16), np.ones(shape[0], bool)
    out, flags = np.empty(shape, np.float32), np.empty(shape, np.uint8)
    corrector.correct(samples, received, out=out, flags=flags, time_us=0)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for time in range(5):
            corrector.correct(samples, received, out=out, flags=flags, time_us=time)
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 20_000, "a hundredth of a frame"
    assert after - before < 5_000


@pytest.mark.parametrize(
    "changes",
    [
        {"gain": np.full((4, 5), 1e35)},
        {"linearity": im.Polynomial(np.full((1, 4, 5), np.nan))},
        {"linearity": im.Polynomial(np.full((9, 4, 5), 1.0))},
        {
            "linearity": im.Piecewise(
                np.full((1, 4, 5), np.nan), np.ones((2, 4, 5)), np.ones((2, 4, 5))
            )
        },
    ],
)
def test_a_good_pixel_whose_values_are_no_numbers_is_refused(
    changes: dict[str, Any], make_resolved: Calibrate
) -> None:
    with pytest.raises(im.CalibrationError):
        make_resolved((4, 5), **changes)
    make_resolved((4, 5), defects=np.ones((4, 5), bool), **changes)


@pytest.mark.parametrize(("knots", "slopes"), [((2, 4, 5), (2, 4, 5)), ((0, 4, 5), (0, 4, 5))])
def test_segments_and_knots_must_agree(knots: tuple[int, ...], slopes: tuple[int, ...]) -> None:
    with pytest.raises(im.ShapeMismatchError):
        im.Piecewise(np.ones(knots), np.ones(slopes), np.ones(slopes))


def test_more_frames_than_memory_holds_are_refused_by_their_size(
    make_resolved: Calibrate, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(size: int) -> None:
        raise MemoryError(size)

    monkeypatch.setattr(_plan, "aligned_zeros", refuse)
    with pytest.raises(im.TooLittleMemoryError, match="average fewer frames") as caught:
        im.Corrector(make_resolved((40, 50)), im.Processing(averaging=im.Averaging.running(1000)))
    assert caught.value.needed > 1000 * 40 * 50 * 4

from collections.abc import Callable
from typing import Any

import fpxi_imaging as im
import numpy as np
import numpy.typing as npt
import pytest
from fpxi_imaging import PixelFlag as F
from fpxi_imaging.correction import _sharing
from fpxi_imaging.correction._flag_steps import MOST_FRAMES_HELD_LONG, MOST_FRAMES_HELD_SHORT
from fpxi_imaging.correction._plan import MOST_SINGLE_FRAMES
from fpxi_imaging.correction.averaging import MOST_FRAMES
from fpxi_imaging.lag.model import LagModel
from fpxi_imaging.linearity import Piecewise, Polynomial
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from naive_pipeline import NaivePipeline

LEVEL = 60_000

Calibrate = Callable[..., im.ResolvedCalibration]


def assert_same(actual: tuple[Any, Any], expected: tuple[Any, Any], scale: float = 7e4) -> None:
    np.testing.assert_array_equal(actual[1], expected[1])
    # Where opposite neighbours differ little and alike, their rounding decides between the pairs.
    repaired = actual[1] & F.DEFECT != 0
    for chosen, part in ((~repaired, 2e-6), (repaired, 1e-3)):
        np.testing.assert_allclose(
            actual[0][chosen], expected[0][chosen], rtol=1e-5, atol=scale * part
        )


def assert_same_decisions_but_one(
    actual: tuple[Any, Any], expected: tuple[Any, Any], scale: float = 7e4
) -> None:
    """Compare as `assert_same`, but for one decision (zinger, motion) within rounding of its limit.

    The decision is about one pixel; defects beside it take its value over.
    """
    near = np.isclose(actual[0], expected[0], rtol=1e-5, atol=scale * 1e-3, equal_nan=True)
    other = np.argwhere(~near | (actual[1] != expected[1]))
    if len(other):
        assert len(other) <= 9
        assert np.ptp(other, axis=0).max() <= 8
    alike = np.ones(actual[0].shape, bool)
    alike[tuple(other.T)] = False
    assert_same(
        (actual[0][alike], actual[1][alike]), (expected[0][alike], expected[1][alike]), scale
    )


counts = st.sampled_from([0, 1, 500, LEVEL - 1, LEVEL, 65535]) | st.integers(0, 65535)
averagings = st.one_of(
    st.just(im.NO_AVERAGING),
    st.builds(im.Averaging.block, st.integers(1, 4)),
    st.builds(im.Averaging.running, st.integers(1, 4)),
    st.builds(im.Averaging.recursive, st.integers(1, 4) | st.just(200)),
    st.builds(im.Averaging.recursive, st.integers(1, 4), st.sampled_from([1.3, 3.1])),
    st.builds(im.Averaging.median, st.integers(1, 5)),
)


def linearities(shape: tuple[int, int], rng: np.random.Generator) -> list[Any]:
    """Nothing, a polynomial, and straight lines that join at their knots."""
    coefficients = rng.uniform(-1, 1, (3, *shape)) * np.array([1e-6, 1e-11, 1e-16])[:, None, None]
    knots = np.sort(rng.uniform(-500, 1e5, (2, *shape)), axis=0)
    slopes = rng.uniform(0.8, 1.2, (3, *shape))
    intercepts = np.zeros((3, *shape))
    for i in range(2):
        intercepts[i + 1] = intercepts[i] + (slopes[i] - slopes[i + 1]) * knots[i]
    return [None, Polynomial(coefficients), Piecewise(knots, slopes, intercepts)]


def lag_models(shape: tuple[int, int], rng: np.random.Generator) -> list[LagModel | None]:
    facts: dict[str, Any] = {"residual": 0, "frames": 9, "first_s": 0, "last_s": 9}
    multiplier = rng.uniform(0.5, 1.5, shape).astype(np.float32)
    return [
        None,
        LagModel((0.05,), (0.3,), np.zeros((2, 2)), **facts),
        LagModel((0.04, 0.02), (0.1, 4.0), np.zeros((4, 4)), multiplier=multiplier, **facts),
    ]


BETWEEN = ("nothing", "nothing", "recalibrate", "reset_average", "reset")
"""What may happen before a frame."""


@st.composite
def cases(draw: st.DrawFn, most_frames: int = 1) -> dict[str, Any]:
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 7)))
    frames = draw(st.integers(1, most_frames))
    masks = hnp.arrays(np.bool_, shape)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    calibration = {
        "defects": draw(masks),
        "not_imaging": draw(masks) if draw(st.booleans()) else np.zeros(shape, bool),
        "offset": draw(hnp.arrays(np.float32, shape, elements=st.floats(0, 500, width=32))),
        "gain": draw(hnp.arrays(np.float32, shape, elements=st.floats(0.5, 2, width=32))),
        "linearity": draw(st.sampled_from(linearities(shape, rng))),
        "lag": draw(st.sampled_from(lag_models(shape, rng))),
        "saturation_level": draw(st.sampled_from([1, LEVEL, 65535])),
        "dark_noise": draw(st.sampled_from([2.3, 2317.0])),
        "noise_per_count": 0.7,
    }
    valueless = calibration["defects"] | calibration["not_imaging"]
    for name in ("offset", "gain"):
        odd = draw(st.sampled_from([1.0, np.nan, np.inf, -np.inf]))
        calibration[name] = np.where(valueless, np.float32(odd), calibration[name])
    return {
        "shape": shape,
        "samples": draw(hnp.arrays(np.uint16, (frames, *shape), elements=counts)),
        "received": draw(hnp.arrays(np.bool_, (frames, shape[0]))),
        "times": np.cumsum(rng.integers(1, 500_000, frames)),
        "before": draw(st.lists(st.sampled_from(BETWEEN), min_size=frames, max_size=frames)),
        "calibration": calibration,
        "processing": im.Processing(
            lag=calibration["lag"] is not None,
            zinger_sigma=draw(st.sampled_from([None, 3.7])),
            averaging=draw(averagings),
            repair=draw(st.booleans()),
            scale=draw(st.sampled_from([im.Scale.COUNTS, im.Scale.TRANSMISSION])),
        ),
    }


@settings(max_examples=300, deadline=None)
@given(case=cases(most_frames=6))
def test_every_pixel_of_every_frame_is_as_the_naive_twin_has_it(
    case: dict[str, Any], make_resolved: Calibrate
) -> None:
    calibration = make_resolved(case["shape"], **case["calibration"])
    corrector = im.Corrector(calibration, case["processing"])
    naive = NaivePipeline(calibration, case["processing"])
    out, flags = np.empty(case["shape"], np.float32), np.empty(case["shape"], np.uint8)
    scale = 7e4 if case["processing"].scale is im.Scale.COUNTS else 70
    drifted = make_resolved(
        case["shape"], **case["calibration"] | {"offset": calibration.offset + np.float32(7.5)}
    )
    for before, samples, received, time in zip(
        case["before"], case["samples"], case["received"], case["times"], strict=True
    ):
        if before != "nothing":
            arguments = [drifted] if before == "recalibrate" else []
            for each in (corrector, naive):
                getattr(each, before)(*arguments)
        corrector.correct(samples, received, out=out, flags=flags, time_us=time)
        with np.errstate(invalid="ignore"):
            expected = naive.take(samples, received, int(time))
        assert_same((out, flags), expected, scale)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), lost=st.booleans(), averaging=averagings)
@example(seed=690895, lost=False, averaging=im.Averaging.recursive(2, 1.3))
def test_bands_and_threads_of_a_large_image_join_without_a_seam(
    seed: int, lost: bool, averaging: im.Averaging, make_resolved: Calibrate
) -> None:
    rng = np.random.default_rng(seed)
    shape = (45, 100)  # several bands, the last one short
    calibration = make_resolved(
        shape,
        offset=rng.uniform(0, 500, shape),
        gain=rng.uniform(0.5, 2, shape),
        defects=rng.random(shape) < 0.1,
        not_imaging=rng.random(shape) < 0.02,
        linearity=linearities(shape, rng)[rng.integers(3)],
        lag=lag_models(shape, rng)[2],
        dark_noise=3000.0,
        noise_per_count=0.7,
    )
    processing = im.Processing(lag=True, zinger_sigma=5.3, averaging=averaging)
    naive = NaivePipeline(calibration, processing)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sharing, "LEAST_PIXELS", 1)
        correctors = [im.Corrector(calibration, processing, threads=n) for n in (1, 2, 3)]
    for time in (0, 70_000):
        samples = rng.integers(0, 65536, shape).astype(np.uint16)
        received = rng.random(shape[0]) > (0.1 if lost else 0)
        results = []
        for corrector in correctors:
            out, flags = np.empty(shape, np.float32), np.empty(shape, np.uint8)
            corrector.correct(samples, received, out=out, flags=flags, time_us=time)
            results.append((out, flags))
        with np.errstate(invalid="ignore"):
            assert_same_decisions_but_one(results[0], naive.take(samples, received, time))
        assert len({out.tobytes() + flags.tobytes() for out, flags in results}) == 1


def correct_all(corrector: im.Corrector, frames: Any, received: Any = None) -> tuple[Any, Any]:
    shape = corrector.calibration.shape
    out, flags = np.empty(shape, np.float32), np.empty(shape, np.uint8)
    for number, frame in enumerate(frames):
        there = np.ones(shape[0], bool) if received is None else received[number]
        corrector.correct(np.full(shape, frame, np.uint16), there, out=out, flags=flags)
    return out, flags


def test_negative_values_are_kept(make_resolved: Calibrate) -> None:
    calibration = make_resolved((1, 2), offset=np.array([[100, 10]]))
    values, flags = im.correct_frame(np.array([[40, 40]], np.uint16), calibration)
    np.testing.assert_array_equal(values, [[-60, 30]])
    np.testing.assert_array_equal(flags, [[0, 0]])


def test_a_defect_beside_a_saturated_pixel_is_flagged_as_a_lower_bound(
    make_resolved: Calibrate,
) -> None:
    calibration = make_resolved((1, 3), defects=np.array([[False, True, False]]))
    values, flags = im.correct_frame(np.array([[100, 7, LEVEL]], np.uint16), calibration)
    assert values[0, 1] == (100 + LEVEL) / 2
    np.testing.assert_array_equal(flags, [[0, F.DEFECT | F.SATURATED, F.SATURATED]])


def test_a_saturated_process_ring_is_no_saturation_of_the_image(
    make_resolved: Calibrate,
) -> None:
    calibration = make_resolved((1, 2), not_imaging=np.array([[True, False]]))
    values, flags = im.correct_frame(np.array([[65535, 5]], np.uint16), calibration)
    np.testing.assert_array_equal(values, [[np.nan, 5]])
    np.testing.assert_array_equal(flags, [[F.NOT_IMAGING, 0]])


def test_a_recursive_average_is_first_plain_then_weighs_the_newest_one_in_n(
    make_resolved: Calibrate,
) -> None:
    corrector = im.Corrector(
        make_resolved((1, 1)), im.Processing(averaging=im.Averaging.recursive(2))
    )
    assert correct_all(corrector, [10])[0] == 10
    assert correct_all(corrector, [20])[0] == 15
    assert correct_all(corrector, [35])[0] == 25
    assert corrector.averaged_frames == 2


def test_a_block_average_starts_anew_after_n_frames(make_resolved: Calibrate) -> None:
    corrector = im.Corrector(make_resolved((1, 1)), im.Processing(averaging=im.Averaging.block(2)))
    outputs = [
        (correct_all(corrector, [x])[0][0, 0], corrector.averaged_frames) for x in (10, 20, 30, 50)
    ]
    assert outputs == [(10, 1), (15, 2), (30, 1), (40, 2)]


def test_a_row_missing_from_one_frame_keeps_the_average_of_the_others(
    make_resolved: Calibrate,
) -> None:
    corrector = im.Corrector(make_resolved((2, 1)), im.Processing(averaging=im.Averaging.block(3)))
    received = [np.array(rows) for rows in ([True, False], [False, False], [True, False])]
    values, flags = correct_all(corrector, [10, 999, 30], received)
    np.testing.assert_array_equal(values, [[20], [np.nan]])
    np.testing.assert_array_equal(flags, [[0], [F.MISSING]])


@pytest.mark.parametrize("averaging", [im.Averaging.recursive(4), im.Averaging.block(8)])
def test_reset_forgets_earlier_frames(averaging: im.Averaging, make_resolved: Calibrate) -> None:
    corrector = im.Corrector(make_resolved((1, 1)), im.Processing(averaging=averaging))
    correct_all(corrector, [LEVEL, 100])
    corrector.reset_average()
    assert corrector.averaged_frames == 0
    values, flags = correct_all(corrector, [7])
    assert (values[0, 0], flags[0, 0]) == (7, 0)


def test_only_whole_blocks_are_complete(make_resolved: Calibrate) -> None:
    corrector = im.Corrector(make_resolved((1, 1)), im.Processing(averaging=im.Averaging.block(2)))
    assert not corrector.complete
    complete = [(correct_all(corrector, [1]), corrector.complete)[1] for _ in range(4)]
    assert complete == [False, True, False, True]
    assert corrector.frames_per_output == 2
    for averaging in (im.NO_AVERAGING, im.Averaging.running(3), im.Averaging.recursive(3)):
        corrector = im.Corrector(make_resolved((1, 1)), im.Processing(averaging=averaging))
        assert not corrector.complete
        correct_all(corrector, [1])
        assert corrector.complete


def test_a_pixel_stays_flagged_while_its_saturated_count_weighs(make_resolved: Calibrate) -> None:
    corrector = im.Corrector(
        make_resolved((1, 1)), im.Processing(averaging=im.Averaging.running(3))
    )
    shown = [correct_all(corrector, [count])[1][0, 0] for count in (LEVEL, 5, 5, 5, 0, 5, 5, 5)]
    assert shown == [F.SATURATED] * 3 + [0] + [F.CUT_OFF] * 3 + [0]


def test_a_long_average_loses_no_accuracy(make_resolved: Calibrate) -> None:
    corrector = im.Corrector(
        make_resolved((1, 1)), im.Processing(averaging=im.Averaging.recursive(3000))
    )
    values, _ = correct_all(corrector, [59_000, 59_001] * 1000)
    assert values[0, 0] == np.float32(59_000.5)


def test_inputs_may_be_read_only_and_are_not_changed(make_resolved: Calibrate) -> None:
    calibration = make_resolved((2, 3), defects=np.eye(2, 3, dtype=bool))
    raw = np.arange(6, dtype=np.uint16).tobytes()
    samples = np.frombuffer(raw, np.uint16).reshape(2, 3)
    received = np.frombuffer(b"\x01\x00", np.bool_)
    actual = im.correct_frame(samples, calibration, received)
    assert samples.tobytes() == raw
    np.testing.assert_array_equal(actual[0], [[1, 1, 2], [np.nan] * 3])


def test_a_moving_sum_does_not_drift(make_resolved: Calibrate) -> None:
    frames = np.random.default_rng(1).integers(0, 50_000, (2000, 3, 4)).astype(np.uint16)
    calibration = make_resolved((3, 4), gain=np.full((3, 4), 1.1), saturation_level=65535)
    for count in (3, 64, 100):
        corrector = im.Corrector(calibration, im.Processing(averaging=im.Averaging.running(count)))
        out, flags = np.empty((3, 4), np.float32), np.empty((3, 4), np.uint8)
        for frame in frames:
            corrector.correct(frame, np.ones(3, bool), out=out, flags=flags)
        expected = frames[-count:].mean(axis=0) * np.float32(1.1)
        np.testing.assert_allclose(out, expected, rtol=2e-6)


@pytest.mark.parametrize("mode", ["block", "running", "recursive"])
def test_averages_in_single_precision_are_as_good_as_promised(
    mode: str, make_resolved: Calibrate
) -> None:
    frames = MOST_SINGLE_FRAMES
    corrector = im.Corrector(
        make_resolved((1, 1)), im.Processing(averaging=im.Averaging(im.AveragingMode(mode), frames))
    )
    correct_all(corrector, [59_000] * frames)
    values, _ = correct_all(corrector, [58_500] * 20 * frames)
    assert abs(values[0, 0] - 58_500) <= 58_500 * frames / 2**24


def outputs(shape: tuple[int, int]) -> dict[str, npt.NDArray[Any]]:
    return {"out": np.full(shape, 5, np.float32), "flags": np.full(shape, 5, np.uint8)}


BAD_LAYOUTS = {
    "signed counts": {"samples": np.zeros((4, 5), np.int16)},
    "big-endian counts": {"samples": np.zeros((4, 5), ">u2")},
    "a list": {"samples": [[0] * 5] * 4},
    "every second column": {"samples": np.zeros((4, 10), np.uint16)[:, ::2]},
    "unaligned": {"samples": np.zeros(41, np.uint8)[1:].view(np.uint16).reshape(4, 5)},
    "integer rows": {"row_received": np.ones(4, np.int64)},
    "double output": {"out": np.zeros((4, 5))},
    "transposed output": {"out": np.zeros((5, 4), np.float32).T},
    "read-only output": {"out": np.frombuffer(bytes(80), np.float32).reshape(4, 5)},
    "boolean flags": {"flags": np.zeros((4, 5), np.bool_)},
}
BAD_SHAPES = {
    "samples": np.zeros((4, 6), np.uint16),
    "row_received": np.ones(5, np.bool_),
    "out": np.zeros((5, 5), np.float32),
    "flags": np.zeros((4, 4), np.uint8),
}


@pytest.mark.parametrize("averaging", [im.NO_AVERAGING, im.Averaging.block(1)])
class TestRefusal:
    def call(self, calibration: im.Calibration, averaging: im.Averaging, **bad: Any) -> None:
        good = {"samples": np.ones((4, 5), np.uint16), "row_received": np.ones(4, np.bool_)}
        arguments = good | outputs((4, 5)) | bad
        corrector = im.Corrector(calibration, im.Processing(averaging=averaging))
        try:
            corrector.correct(**arguments)
        finally:
            written = [arguments[name] for name in ("out", "flags") if name not in bad]
            assert all((array == 5).all() for array in written), "refused, yet written to"
            assert corrector.averaged_frames == 0

    @pytest.mark.parametrize("bad", BAD_LAYOUTS.values(), ids=BAD_LAYOUTS)
    def test_a_type_or_layout_the_kernel_does_not_take_is_named(
        self, bad: dict[str, Any], averaging: im.Averaging, make_resolved: Calibrate
    ) -> None:
        with pytest.raises(im.ArrayLayoutError) as caught:
            self.call(make_resolved((4, 5)), averaging, **bad)
        assert caught.value.name == next(iter(bad))

    @pytest.mark.parametrize("name", BAD_SHAPES)
    def test_a_wrong_shape_is_named(
        self, name: str, averaging: im.Averaging, make_resolved: Calibrate
    ) -> None:
        with pytest.raises(im.ShapeMismatchError) as caught:
            self.call(make_resolved((4, 5)), averaging, **{name: BAD_SHAPES[name]})
        assert caught.value.actual == BAD_SHAPES[name].shape
        assert caught.value.expected == ((4,) if name == "row_received" else (4, 5))


@pytest.mark.parametrize("mode", im.AveragingMode)
def test_an_average_over_an_impossible_number_of_frames_is_refused(mode: im.AveragingMode) -> None:
    for frames in (0, -1, MOST_FRAMES[mode] + 1):
        with pytest.raises(im.SettingError):
            im.Averaging(mode, frames)
    assert im.Averaging(mode, MOST_FRAMES[mode]).hold_frames <= MOST_FRAMES_HELD_LONG
    frames = min(MOST_SINGLE_FRAMES, MOST_FRAMES[mode])
    assert im.Averaging(mode, frames).hold_frames <= MOST_FRAMES_HELD_SHORT

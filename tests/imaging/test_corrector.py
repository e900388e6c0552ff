from collections.abc import Callable
from typing import Any

import fpxi_imaging as im
import numpy as np
import numpy.typing as npt
import pytest
from fpxi_imaging import PixelFlag as F
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

LEVEL = 60_000
EDGES = ((-1, 0), (0, -1), (0, 1), (1, 0))
CORNERS = ((-1, -1), (-1, 1), (1, -1), (1, 1))

Calibrate = Callable[..., im.Calibration]


def naive_correct(samples: Any, received: Any, calibration: im.Calibration) -> tuple[Any, Any]:
    """Correct pixel by pixel, as the documentation says, in float64."""
    values, flags = np.full(samples.shape, np.nan), np.zeros(samples.shape, np.uint8)
    defects, ring = calibration.defects, calibration.not_imaging
    for at in np.ndindex(samples.shape):
        if ring[at]:
            flags[at] = F.NOT_IMAGING
        elif not received[at[0]]:
            flags[at] = F.MISSING
        elif defects[at]:
            values[at], flags[at] = naive_repair(at, samples, received, calibration)
        else:
            values[at] = (float(samples[at]) - calibration.offset[at]) * calibration.gain[at]
            flags[at] = F.SATURATED if samples[at] >= LEVEL else 0
    return values, flags


def naive_repair(
    at: tuple[int, ...], samples: Any, received: Any, calibration: im.Calibration
) -> tuple[float, F]:
    bad = calibration.defects | calibration.not_imaging
    for steps in (EDGES, CORNERS):
        places = [(at[0] + r, at[1] + c) for r, c in steps]
        inside = [p for p in places if 0 <= p[0] < bad.shape[0] and 0 <= p[1] < bad.shape[1]]
        good = [p for p in inside if not bad[p]]
        if good:
            break
    used = [p for p in good if received[p[0]]]
    if not used:
        return np.nan, F.UNREPAIRABLE
    values = [(samples[p] - calibration.offset[p]) * calibration.gain[p] for p in used]
    lower_bound = any(samples[p] >= LEVEL for p in used)
    return float(np.mean(values)), F.DEFECT | (F.SATURATED if lower_bound else F(0))


def assert_same(actual: tuple[Any, Any], expected: tuple[Any, Any], scale: float = 7e4) -> None:
    np.testing.assert_array_equal(actual[1], expected[1])
    np.testing.assert_allclose(actual[0], expected[0], rtol=1e-5, atol=scale * 1e-6)


counts = st.sampled_from([0, 1, 500, LEVEL - 1, LEVEL, 65535]) | st.integers(0, 65535)


@st.composite
def cases(draw: st.DrawFn, frames: int = 1) -> dict[str, Any]:
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 7)))
    masks = hnp.arrays(np.bool_, shape)
    return {
        "shape": shape,
        "samples": draw(hnp.arrays(np.uint16, (frames, *shape), elements=counts)),
        "received": draw(hnp.arrays(np.bool_, (frames, shape[0]))),
        "defects": draw(masks),
        "not_imaging": draw(masks) if draw(st.booleans()) else np.zeros(shape, bool),
        "offset": draw(hnp.arrays(np.float32, shape, elements=st.floats(0, 500, width=32))),
        "gain": draw(hnp.arrays(np.float32, shape, elements=st.floats(0.5, 2, width=32))),
    }


def calibration_of(make_resolved: Calibrate, case: dict[str, Any]) -> im.Calibration:
    names = ("offset", "gain", "defects", "not_imaging")
    return make_resolved(case["shape"], **{name: case[name] for name in names})


@given(case=cases())
def test_every_pixel_is_as_the_naive_twin_has_it(
    case: dict[str, Any], make_resolved: Calibrate
) -> None:
    calibration = calibration_of(make_resolved, case)
    samples, received = case["samples"][0], case["received"][0]
    actual = im.correct_frame(samples, calibration, received)
    assert_same(actual, naive_correct(samples, received, calibration))


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), lost=st.booleans())
def test_bands_of_a_large_image_join_without_a_seam(
    seed: int, lost: bool, make_resolved: Calibrate
) -> None:
    rng = np.random.default_rng(seed)
    shape = (50, 100)  # several bands, the last one short
    calibration = make_resolved(
        shape,
        offset=rng.uniform(0, 500, shape),
        gain=rng.uniform(0.5, 2, shape),
        defects=rng.random(shape) < 0.1,
        not_imaging=rng.random(shape) < 0.02,
    )
    samples = rng.integers(0, 65536, shape).astype(np.uint16)
    received = rng.random(shape[0]) > (0.1 if lost else 0)
    actual = im.correct_frame(samples, calibration, received)
    assert_same(actual, naive_correct(samples, received, calibration))


def naive_average(frames: Any, received: Any, averaging: im.Averaging) -> tuple[Any, Any, Any]:
    """Return mean counts, which pixels count as saturated, and which rows have any frame."""
    if averaging.mode is im.AveragingMode.BLOCK:
        start = (len(frames) - 1) // averaging.frames * averaging.frames
        frames, received = frames[start:], received[start:]
    mean, saturated = np.zeros(frames.shape[1:]), np.zeros(frames.shape[1:], bool)
    for row in range(frames.shape[1]):
        got = [
            frame[row].astype(float)
            for frame, there in zip(frames, received, strict=True)
            if there[row]
        ]
        for number, counts_of_row in enumerate(got, start=1):
            mean[row] += (counts_of_row - mean[row]) / min(number, averaging.frames)
        if got:
            saturated[row] = np.any(np.array(got[-averaging.hold_frames :]) >= LEVEL, axis=0)
    return mean, saturated, received.any(axis=0)


@settings(max_examples=50)
@given(case=cases(frames=5), frames=st.integers(1, 4), block=st.booleans())
def test_averages_are_as_the_naive_twin_has_them(
    case: dict[str, Any], frames: int, block: bool, make_resolved: Calibrate
) -> None:
    calibration = calibration_of(make_resolved, case)
    averaging = im.Averaging.block(frames) if block else im.Averaging.exponential(frames)
    corrector = im.Corrector(calibration, im.Processing(averaging=averaging))
    out, flags = np.empty(case["shape"], np.float32), np.empty(case["shape"], np.uint8)
    for number, (samples, received) in enumerate(
        zip(case["samples"], case["received"], strict=True), start=1
    ):
        corrector.correct(samples, received, out=out, flags=flags)
        mean, saturated, there = naive_average(
            case["samples"][:number], case["received"][:number], averaging
        )
        # The twin for single frames sees saturation in the counts, so put it there and back.
        shown = naive_correct(np.where(saturated, LEVEL, 0), there, calibration)[1]
        values = naive_correct(mean, there, calibration)[0]
        assert_same((out, flags), (values, shown))


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


def test_an_exponential_average_is_first_plain_then_weighs_the_newest_one_in_n(
    make_resolved: Calibrate,
) -> None:
    corrector = im.Corrector(
        make_resolved((1, 1)), im.Processing(averaging=im.Averaging.exponential(2))
    )
    assert correct_all(corrector, [10])[0] == 10
    assert correct_all(corrector, [20])[0] == 15
    assert correct_all(corrector, [35])[0] == 25
    assert corrector.averaged_frames == 3


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


@pytest.mark.parametrize("averaging", [im.Averaging.exponential(4), im.Averaging.block(8)])
def test_reset_forgets_earlier_frames(averaging: im.Averaging, make_resolved: Calibrate) -> None:
    corrector = im.Corrector(make_resolved((1, 1)), im.Processing(averaging=averaging))
    correct_all(corrector, [LEVEL, 100])
    corrector.reset_average()
    assert corrector.averaged_frames == 0
    values, flags = correct_all(corrector, [7])
    assert (values[0, 0], flags[0, 0]) == (7, 0)


def test_a_long_average_loses_no_accuracy(make_resolved: Calibrate) -> None:
    corrector = im.Corrector(
        make_resolved((1, 1)), im.Processing(averaging=im.Averaging.exponential(10_000))
    )
    values, _ = correct_all(corrector, [59_000, 59_001] * 2000)
    assert values[0, 0] == np.float32(59_000.5)


def test_inputs_may_be_read_only_and_are_not_changed(make_resolved: Calibrate) -> None:
    calibration = make_resolved((2, 3), defects=np.eye(2, 3, dtype=bool))
    raw = np.arange(6, dtype=np.uint16).tobytes()
    samples = np.frombuffer(raw, np.uint16).reshape(2, 3)
    received = np.frombuffer(b"\x01\x00", np.bool_)
    actual = im.correct_frame(samples, calibration, received)
    assert samples.tobytes() == raw
    assert_same(actual, naive_correct(samples, received, calibration))


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


@pytest.mark.parametrize("frames", [0, -1, 10_001])
def test_an_average_over_an_impossible_number_of_frames_is_refused(frames: int) -> None:
    for make in (im.Averaging.exponential, im.Averaging.block):
        with pytest.raises(im.SettingError):
            make(frames)


def test_no_averaging_over_several_frames_is_refused() -> None:
    with pytest.raises(im.SettingError):
        im.Averaging(im.AveragingMode.NONE, 2)

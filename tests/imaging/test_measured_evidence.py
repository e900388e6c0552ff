from collections.abc import Callable

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging.measured_evidence import measured_evidence

SHAPE = (40, 50)
MakeStack = Callable[..., im.FrameStack]


def frames(seed: int, level: float, sigma: float, count: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(level, sigma, (count, *SHAPE)).round().astype(np.uint16)


@pytest.fixture
def dark(make_stack: MakeStack) -> im.FrameStack:
    return make_stack(frames(1, 300, 5, 50))


def test_the_maps_are_those_of_the_stacks(dark: im.FrameStack, make_stack: MakeStack) -> None:
    bright = frames(2, 10_300, 50, 20)
    bright[3, 4, 5] = 60_000
    imaging = np.ones(SHAPE, bool)
    imaging[0] = False
    flat = make_stack(bright)
    evidence = measured_evidence(dark, flat, imaging=imaging, saturation_level=60_000)
    np.testing.assert_array_equal(evidence.response, flat.mean - dark.mean)
    np.testing.assert_array_equal(evidence.dark_noise, np.sqrt(dark.variance))
    np.testing.assert_array_equal(evidence.imaging, imaging)
    assert np.argwhere(evidence.saturated).tolist() == [[4, 5]]
    assert evidence.dark_frames == 50
    assert not evidence.zero_fraction.any()


def test_zeros_are_counted_in_darks(make_stack: MakeStack) -> None:
    some = frames(1, 300, 5, 10)
    some[:3, 1, 2] = 0
    stack = make_stack(some)
    flat = make_stack(frames(2, 9000, 5, 4))
    evidence = measured_evidence(stack, flat, imaging=np.ones(SHAPE, bool), saturation_level=60_000)
    assert evidence.zero_fraction[1, 2] == 0.3


@pytest.mark.parametrize("half_dose", [False, True])
def test_the_standard_error_of_the_corrected_flat_is_what_pixels_scatter_by(
    half_dose: bool, dark: im.FrameStack, make_stack: MakeStack
) -> None:
    flat = make_stack(frames(2, 10_300, 50, 20))
    other = make_stack(frames(3, 5_300, 35, 20)) if half_dose else None
    evidence = measured_evidence(
        dark, flat, imaging=np.ones(SHAPE, bool), saturation_level=60_000, other_flat=other
    )
    assert evidence.corrected_flat is not None
    assert evidence.corrected_flat_noise is not None
    assert np.mean(evidence.corrected_flat) == pytest.approx(0.5 if half_dose else 1.0, abs=1e-3)
    error = np.sqrt(np.mean(evidence.corrected_flat_noise**2))
    assert np.std(evidence.corrected_flat) == pytest.approx(error, rel=0.05)


def test_a_pixel_without_response_has_no_corrected_flat(
    dark: im.FrameStack, make_stack: MakeStack
) -> None:
    bright = frames(2, 10_300, 50, 20)
    bright[:, 7, 8] = 0
    evidence = measured_evidence(
        dark, make_stack(bright), imaging=np.ones(SHAPE, bool), saturation_level=60_000
    )
    assert evidence.corrected_flat is not None
    assert np.argwhere(np.isnan(evidence.corrected_flat)).tolist() == [[7, 8]]


def test_a_single_flat_gives_no_corrected_flat(dark: im.FrameStack, make_stack: MakeStack) -> None:
    flat = make_stack(frames(2, 10_300, 50, 1))
    evidence = measured_evidence(dark, flat, imaging=np.ones(SHAPE, bool), saturation_level=60_000)
    assert evidence.corrected_flat is not None
    assert np.isnan(evidence.corrected_flat).all()

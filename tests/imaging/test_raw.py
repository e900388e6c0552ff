from typing import Any

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging import PixelFlag as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

LEVEL = 4000


def shown(samples: Any, received: Any, ring: Any, level: int = LEVEL) -> tuple[Any, Any]:
    out, flags = np.empty(np.shape(samples), np.float32), np.empty(np.shape(samples), np.uint8)
    im.raw_values(samples, received, ring, level, out=out, flags=flags)
    return out, flags


@given(data=st.data(), shape=st.tuples(st.integers(1, 5), st.integers(1, 40)))
def test_every_pixel_is_as_the_naive_twin_has_it(
    data: st.DataObject, shape: tuple[int, int]
) -> None:
    counts = st.integers(0, 2) | st.integers(LEVEL - 3, LEVEL + 3)
    samples = data.draw(hnp.arrays(np.uint16, shape, elements=counts))
    received = data.draw(hnp.arrays(np.bool_, shape[:1]))
    ring = data.draw(hnp.arrays(np.bool_, shape))
    values, flags = np.full(shape, np.nan), np.zeros(shape, np.uint8)
    for at in np.ndindex(shape):
        if ring[at]:
            flags[at] = F.NOT_IMAGING
        elif not received[at[0]]:
            flags[at] = F.MISSING
        else:
            values[at] = samples[at]
            flags[at] = F.SATURATED if samples[at] >= LEVEL else F.CUT_OFF * (samples[at] == 0)
    actual = shown(samples, received, ring)
    np.testing.assert_array_equal(actual[0], values)
    np.testing.assert_array_equal(actual[1], flags)


def test_it_flags_as_the_corrector_does(make_resolved: Any) -> None:
    rng = np.random.default_rng(2)
    samples = rng.choice([0, 1, 500, 65535], (4, 5)).astype(np.uint16)
    received = np.array([True, True, False, True])
    ring = rng.random((4, 5)) < 0.3
    expected = im.correct_frame(samples, make_resolved(not_imaging=ring), received)
    for actual, wanted in zip(shown(samples, received, ring, 60_000), expected, strict=True):
        np.testing.assert_array_equal(actual, wanted)


def test_arrays_the_kernel_cannot_take_are_refused() -> None:
    samples, received, ring = np.zeros((2, 3), np.uint16), np.ones(2, bool), np.zeros((2, 3), bool)
    with pytest.raises(im.ArrayLayoutError, match="samples"):
        shown(samples.astype(np.int32), received, ring)
    with pytest.raises(im.ArrayLayoutError, match="samples"):
        shown(samples[0], received, ring)
    with pytest.raises(im.ShapeMismatchError, match="row_received"):
        shown(samples, received[:1], ring)
    with pytest.raises(im.ShapeMismatchError, match="not_imaging"):
        shown(samples, received, ring[:, :2])
    with pytest.raises(im.ArrayLayoutError, match="out"):
        im.raw_values(samples, received, ring, 9, out=np.zeros((2, 3)), flags=np.zeros((2, 3)))


@pytest.mark.parametrize("level", [0, 65536])
def test_a_saturation_level_out_of_range_is_refused(level: int) -> None:
    with pytest.raises(im.SettingError):
        shown(np.zeros((2, 3), np.uint16), np.ones(2, bool), np.zeros((2, 3), bool), level)

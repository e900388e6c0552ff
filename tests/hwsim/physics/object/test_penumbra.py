"""The focal spot's penumbra."""

from __future__ import annotations

import numpy as np
import pytest
from fpxi_hwsim.physics.object import ImagePlane, blur
from fpxi_hwsim.physics.object.penumbra import box_weights
from hypothesis import given
from hypothesis import strategies as st


@given(st.floats(1e-9, 200))
def test_the_weights_of_a_spot_sum_to_one_and_have_its_variance(width: float) -> None:
    weights = box_weights(width)
    place = np.arange(len(weights)) - len(weights) // 2
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    assert weights @ place**2 == pytest.approx(width**2 / 12, rel=1e-9, abs=1e-15)
    assert weights.min() >= 0
    assert len(weights) <= width + 5


def test_a_spot_spreads_an_edge_over_its_image_and_keeps_the_intensity() -> None:
    plane = ImagePlane((16, 16), 100.0, magnification=2, focal_spot_um=300)  # 12 fine pixels
    fine = np.zeros((64, 64), np.float32)
    fine[:, 32:] = 1
    blurred = blur(fine, plane)
    profile = np.diff(blurred[10])
    place = np.arange(63) - 31
    assert profile.sum() == pytest.approx(1, abs=1e-6)
    assert profile @ place**2 == pytest.approx(12**2 / 12, rel=1e-5)
    assert blurred.sum() == pytest.approx(fine.sum(), rel=1e-6)


def test_margins_do_not_darken() -> None:
    plane = ImagePlane((8, 8), 100.0, magnification=3, focal_spot_um=500)
    np.testing.assert_allclose(blur(np.ones((16, 16), np.float32), plane), 1, rtol=1e-6)


@pytest.mark.parametrize(("magnification", "spot"), [(1, 1000), (4, 0)])
def test_a_point_or_an_object_on_the_panel_has_no_penumbra(magnification: int, spot: int) -> None:
    fine = np.eye(8, dtype=np.float32)
    plane = ImagePlane((4, 4), 100, magnification=magnification, focal_spot_um=spot)
    assert blur(fine, plane) is fine

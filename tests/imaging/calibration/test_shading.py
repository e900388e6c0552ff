import numpy as np
from fpxi_imaging.calibration.shading import smooth_surface


def cubic(shape: tuple[int, int]) -> np.ndarray:
    y, x = np.meshgrid(np.linspace(-1, 1, shape[0]), np.linspace(-1, 1, shape[1]), indexing="ij")
    return 1000 * (1 + 0.2 * x - 0.1 * y + 0.05 * x * y - 0.07 * x**2 + 0.03 * y**3)


def test_a_cubic_surface_is_found_exactly_from_the_used_pixels() -> None:
    image, used = cubic((30, 40)), np.ones((30, 40), bool)
    used[:, :5] = False
    spoilt = np.where(used, image, 1e9)
    np.testing.assert_allclose(smooth_surface(spoilt, used), image, rtol=1e-9)


def test_defects_and_a_small_object_have_no_say() -> None:
    rng = np.random.default_rng(3)
    truth = cubic((64, 64))
    image = truth * rng.normal(1, 0.01, truth.shape)
    image[rng.random(image.shape) < 0.02] = 0
    image[20:28, 30:38] *= 0.5
    found = smooth_surface(image, np.ones(image.shape, bool))
    assert np.abs(found / truth - 1).max() < 0.005


def test_few_pixels_get_a_surface_of_lower_order_and_none_get_none() -> None:
    few = np.zeros((4, 5), bool)
    few[1, :3] = True
    np.testing.assert_allclose(smooth_surface(np.full((4, 5), 7.0), few), 7)
    assert np.isnan(smooth_surface(np.ones((4, 5)), np.zeros((4, 5), bool))).all()
    np.testing.assert_allclose(smooth_surface(np.full((1, 50), 3.0), np.ones((1, 50), bool)), 3)

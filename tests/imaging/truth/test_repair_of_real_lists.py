"""Real lists of bad pixels, punched into images that are known."""

from pathlib import Path

import pytest
from bench_repair import CLASSES, bad_pixel_lists, images, punch, ratios, windows


@pytest.fixture(scope="module")
def table(test_data: Path) -> dict[str, dict[str, dict[str, float]]]:
    masks = bad_pixel_lists(test_data / "bad_pixels")
    chosen = ("flat panel, frame 0", "B0051_0001.jpg", "C0064_0001.png", "phantom")
    known = images(test_data)
    return {name: punch(known[name], windows(masks, known[name].shape, 4)) for name in chosen}


@pytest.mark.parametrize("kind", CLASSES)
def test_the_error_is_below_that_of_a_plain_median(
    kind: str, table: dict[str, dict[str, dict[str, float]]]
) -> None:
    assert all(results["pixels"][kind] >= 100 for results in table.values())
    assert ratios(table)["3x3 median"][kind] < 0.9


def test_the_error_is_not_above_that_of_a_median_which_knows_the_good_pixels(
    table: dict[str, dict[str, dict[str, float]]],
) -> None:
    over_median = ratios(table)["3x3 median of good"]
    assert over_median["isolated"] < 0.95
    assert over_median["line"] < 1.02
    assert over_median["cluster"] < 0.8

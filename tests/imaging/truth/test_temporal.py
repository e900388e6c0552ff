"""What zinger rejection and motion detection find, miss and cost."""

import bench_temporal as bench
import numpy as np
import pytest


@pytest.mark.parametrize("level", [0.0, 100.0, 20_000.0])
def test_spikes_are_found_and_noise_is_not_taken_for_them(level: float) -> None:
    rng = np.random.default_rng(2)
    shape = (64, 64)
    frames = [bench.noisy(rng, np.full(shape, level)) for _ in range(100)]
    found = bench.zingers("", bench.synthetic(shape), frames, sigma=6)
    assert found.false_alarms == 0
    assert found.recall[10] > 0.95
    assert found.recall[20] == 1


def test_a_step_is_taken_over_one_frame_late_at_most() -> None:
    lost = bench.edges(sigma=6)
    assert lost.replaced_after_step == 0
    assert lost.replaced_at_edge < 1.1


def test_motion_detection_costs_no_noise_and_takes_the_ghost_away() -> None:
    plain, following = bench.motion(20, None), bench.motion(20, 2.0)
    assert following.still_noise < 1.02 * plain.still_noise
    assert following.ghost < 0.1 * plain.ghost
    assert following.disc < 0.1 * plain.disc

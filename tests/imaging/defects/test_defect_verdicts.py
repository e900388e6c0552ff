from typing import Any

import numpy as np
import pytest
from fpxi_imaging.defects.evidence import DefectEvidence
from fpxi_imaging.defects.thresholds import DefectThresholds
from fpxi_imaging.defects.verdicts import judge_evidence
from fpxi_imaging.verdict import Grade, Verdict

SHAPE = (6, 7)


def verdicts(**changes: Any) -> tuple[Verdict, Verdict, Verdict]:
    values: dict[str, Any] = {
        "response": np.full(SHAPE, 1000.0),
        "imaging": np.ones(SHAPE, bool),
        "dark_noise": np.full(SHAPE, 2.0),
        "dark_frames": 100,
        "zero_fraction": np.zeros(SHAPE),
        "saturated": np.zeros(SHAPE, bool),
    }
    return judge_evidence(DefectEvidence(**values | changes), DefectThresholds())


@pytest.mark.parametrize(
    ("frames", "grade", "words"),
    [
        (100, Grade.GOOD, "to 7%"),
        (30, Grade.GOOD, "to 13%"),
        (29, Grade.USABLE, "30 or more are good: some pixels are called noisy"),
        (1, Grade.USABLE, "not judged"),
        (0, Grade.USABLE, "not judged"),
    ],
)
def test_few_darks_are_said_to_be_few(frames: int, grade: Grade, words: str) -> None:
    noisy, _, _ = verdicts(dark_frames=frames)
    assert (noisy.grade, noisy.measured, noisy.limit) == (grade, frames, 30)
    assert words in noisy.text


def test_what_is_not_measured_is_not_judged() -> None:
    _, uniform, persistent = verdicts()
    assert uniform.grade is persistent.grade is Grade.USABLE
    assert "non-uniform pixels were not judged" in uniform.text
    assert "persistent pixels were not judged" in persistent.text


@pytest.mark.parametrize(
    ("error", "grade", "words"),
    [
        (2.4, Grade.GOOD, "known to 0.24%"),
        (5.0, Grade.USABLE, "only pixels that are 2.0% off were found; take 4 times as many"),
        (np.nan, Grade.USABLE, "not judged"),
    ],
)
def test_a_flat_too_noisy_for_one_percent_is_said_to_be(
    error: float, grade: Grade, words: str
) -> None:
    flat, noise = np.full(SHAPE, 1000.0), np.full(SHAPE, error)
    _, uniform, _ = verdicts(corrected_flat=flat, corrected_flat_noise=noise)
    assert uniform.grade is grade
    assert words in uniform.text


@pytest.mark.parametrize("error", [2.4, 5.0])
def test_flats_of_one_level_never_tell_all_pixels_that_are_not_uniform(error: float) -> None:
    flat, noise = np.full(SHAPE, 1000.0), np.full(SHAPE, error)
    _, uniform, _ = verdicts(corrected_flat=flat, corrected_flat_noise=noise, of_one_level=True)
    assert uniform.grade is Grade.USABLE
    assert "take flats of several levels" in uniform.text


@pytest.mark.parametrize(
    ("lag", "noise", "grade", "words"),
    [
        (9.0, None, Grade.GOOD, "lags by 9.0 counts"),
        (7.0, None, Grade.USABLE, "lag by 8.0 more"),
        (7.0, 1.0, Grade.GOOD, "lags by 7.0 counts"),
        (0.0, 1.0, Grade.USABLE, "lag by 4.0 more"),
        (np.nan, 1.0, Grade.USABLE, "not judged"),
    ],
)
def test_lag_within_the_noise_is_said_to_be(
    lag: float, noise: float | None, grade: Grade, words: str
) -> None:
    error = None if noise is None else np.full(SHAPE, noise)
    after = np.full(SHAPE, lag)
    _, _, persistent = verdicts(after_exposure=after, after_exposure_noise=error)
    assert persistent.grade is grade
    assert words in persistent.text

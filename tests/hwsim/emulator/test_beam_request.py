"""For how long the expose-request output asked for the beam within an integration."""

import pytest
from fpxi_hwsim.emulator.beam_request import KEPT, BeamRequest

US = 168


def test_a_request_within_the_integration_is_its_length() -> None:
    beam = BeamRequest()
    beam.drive(1000, True)
    assert beam.level
    beam.drive(1000 + 500 * US + 40, False)
    assert not beam.level
    assert beam.duration_us(0, 2000 * US) == 500, "to the nearest microsecond"


def test_without_a_request_the_beam_is_wanted_all_the_time() -> None:
    beam = BeamRequest()
    beam.drive(10, True)
    beam.drive(20, False)
    assert beam.duration_us(100 * US, 700 * US) == 600


@pytest.mark.parametrize(
    ("began", "ended", "expected"), [(0, 30, 10), (15, 30, 5), (0, 12, 2), (12, 18, 6)]
)
def test_only_what_overlaps_counts(began: int, ended: int, expected: int) -> None:
    beam = BeamRequest()
    beam.drive(10 * US, True)
    beam.drive(20 * US, False)
    assert beam.duration_us(began * US, ended * US) == expected


def test_a_request_that_goes_on_counts_to_the_end() -> None:
    beam = BeamRequest()
    beam.drive(10 * US, True)
    assert beam.duration_us(0, 25 * US) == 15


def test_old_requests_are_forgotten() -> None:
    beam = BeamRequest()
    for start in range(KEPT + 1):
        beam.drive(100 * start * US, True)
        beam.drive((100 * start + 1) * US, False)
    assert beam.duration_us(0, 1000 * US) == KEPT

"""What the settings let a panel reach, and the words for what limits it."""

from __future__ import annotations

import pytest
from fpxi.frame_rate_limit import FrameRateLimit, FrameTiming, LimitCause, rate_text
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry

PANEL = PanelGeometry("p", 64, 64, 200.0, 0, 16, 33.0, (GainSetting("x", 1.0),))


def timing(**parameters: int) -> FrameTiming:
    return FrameTiming.of({"readout_us": 2_000, "trigger_mode": 0} | parameters, PANEL)


@pytest.mark.parametrize(
    ("parameters", "period_us", "words"),
    [
        ({"exposure_us": 50_000}, 50_000, "the exposure: 50 ms"),
        ({"exposure_us": 50_000, "frame_period_us": 50_000}, 50_000, "the exposure: 50 ms"),
        ({"exposure_us": 50_000, "frame_period_us": 50_001}, 52_000, "the exposure: 50 ms"),
        ({"exposure_us": 5_000, "frame_period_us": 40_000}, 40_000, "the frame period: 40 ms"),
        ({"exposure_us": 1_000}, 3_000, "the read-out: 2 ms"),
        ({"exposure_us": 5_000, "average_log2": 3}, 5_000, "the exposure: 8 x 5 ms"),
    ],
)
def test_settings_that_limit(parameters: dict[str, int], period_us: int, words: str) -> None:
    known = timing(**parameters)
    assert known.period_us == period_us
    assert known.frame_rate_hz == pytest.approx(1e6 / period_us / known.exposures)
    assert str(known.limit) == words


def test_a_trigger_limits_whatever_the_exposure() -> None:
    assert timing(exposure_us=5_000, trigger_mode=1).limit.cause is LimitCause.TRIGGER


def test_a_device_that_does_not_tell_its_read_out_time_has_rows() -> None:
    assert FrameTiming.of({"exposure_us": 100}, PANEL).readout_us == 64 * 33


@pytest.mark.parametrize(
    ("rate_hz", "words"),
    [
        (0.0, "0.0 frames/s"),
        (0.01, "a frame every 100 s"),
        (1 / 120, "a frame every 120 s"),
        (0.1, "0.1 frames/s"),
        (1018.04, "1018.0 frames/s"),
    ],
)
def test_a_slow_rate_is_told_by_its_frames_distance(rate_hz: float, words: str) -> None:
    assert rate_text(rate_hz) == words


@pytest.mark.parametrize(("us", "words"), [(9_999_000, "9999 ms"), (100_000_000, "100 s")])
def test_long_times_are_told_in_seconds(us: int, words: str) -> None:
    limit = FrameRateLimit(LimitCause.FRAME_PERIOD, duration_us=us)
    assert str(limit) == f"the frame period: {words}"


def test_the_link_is_told_with_its_numbers() -> None:
    limit = FrameRateLimit(
        LimitCause.LINK, link_Bps=118_000.0, frame_rate_hz=33.4, frame_bytes=3_530.0
    )
    assert str(limit) == "the link: 118 kB/s carry 33.4 frames/s of 3.5 kB"


@pytest.mark.parametrize("cause", [LimitCause.NONE_YET, LimitCause.TRIGGER, LimitCause.COMPUTER])
def test_causes_without_numbers_have_words(cause: LimitCause) -> None:
    assert ": " in str(FrameRateLimit(cause))

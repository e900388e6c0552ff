"""Waiting for the lag of X-rays that were on before darks are taken again."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fpxi.calibration import settling
from fpxi.calibration.run_errors import DarksStillFallingError
from fpxi.calibration.settling import LONGEST_S, await_steady_dark

BURST_S = 0.1
NOISE = 16.0
Panel = Callable[[Callable[[float], float]], list[float]]


@pytest.fixture
def panel(monkeypatch: pytest.MonkeyPatch) -> Panel:
    """A panel whose dark level is a function of time; returns when each burst was taken."""

    def make(level: Callable[[float], float]) -> list[float]:
        random = np.random.default_rng(8)
        taken: list[float] = []

        def burst(_session: Any, _frames: int) -> Any:
            taken.append(BURST_S * (len(taken) + 1))
            return SimpleNamespace(level=level(taken[-1]) + random.normal(0, 0.5), noise=NOISE)

        clock = SimpleNamespace(monotonic=lambda: taken[-1] if taken else 0.0)
        monkeypatch.setattr(settling, "time", clock)
        monkeypatch.setattr(settling, "capture_watched", burst)
        return taken

    return make


def wait() -> list[str]:
    """Wait, and return what was said."""
    said: list[str] = []
    await_steady_dark(None, said.append)  # type: ignore[arg-type]
    return said


def test_a_steady_level_is_watched_once_and_nothing_said(panel: Panel) -> None:
    taken = panel(lambda _: 500.0)
    assert wait() == []
    assert taken[-1] < 2 * settling.WATCHED_S


def test_a_rising_level_is_no_lag(panel: Panel) -> None:
    panel(lambda at_s: 500.0 + 5 * at_s)
    assert wait() == []


def test_lag_is_waited_for_until_little_is_left_of_it(panel: Panel) -> None:
    taken = panel(lambda at_s: 500.0 + 25 * math.exp(-at_s / 6))
    begun, ended = wait()
    assert "lag of X-rays that were on. Leave them off" in begun
    assert "steady after" in ended
    assert 25 * math.exp(-taken[-1] / 6) < 0.15 * NOISE


def test_a_level_that_falls_on_and_on_is_refused(panel: Panel) -> None:
    taken = panel(lambda at_s: 500.0 - 2 * at_s)
    with pytest.raises(DarksStillFallingError, match="wait a minute or more") as caught:
        wait()
    assert caught.value.fall == pytest.approx(2 * settling.WATCHED_S, rel=0.2)
    assert LONGEST_S < taken[-1] < LONGEST_S + 2 * settling.WATCHED_S

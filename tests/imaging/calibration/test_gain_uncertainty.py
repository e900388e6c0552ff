"""The stated uncertainty of the gain is how much it differs from one calibration to the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import fpxi_imaging as im
import numpy as np
import pytest
from fpxi_imaging.calibration.gain_model import GainModel

SHAPE = (32, 32)
RUNS = 16
AT = im.Conditions("p", "1", 10_000, 0, 0, 25_000)
TIME = datetime(2026, 1, 1, tzinfo=UTC)
PIXELS = np.random.default_rng(0)
RESPONSE = PIXELS.uniform(0.85, 1.15, SHAPE)
OFFSET = 500 + PIXELS.uniform(-20, 20, SHAPE)


@dataclass(frozen=True)
class Panel:
    signal: float = 5000.0
    noise: float = 3.0
    """Of each pixel by itself, counts."""
    per_count: float = 1.0
    common: float = 0.0
    """Noise that all pixels of a frame share, counts."""
    beam: float = 0.0
    """Relative unsteadiness of the beam."""
    darks: int = 20
    flats: int = 20

    def series(self, random: np.random.Generator, frames: int, signal: float) -> im.FrameSeries:
        stack = im.FrameStack(SHAPE)
        for _ in range(frames):
            lit = signal * RESPONSE * (1 + self.beam * random.normal())
            sigma = np.sqrt(self.noise**2 + self.per_count * signal * RESPONSE)
            frame = OFFSET + lit + sigma * random.normal(size=SHAPE) + self.common * random.normal()
            stack.add(np.rint(frame).astype(np.uint16))
        return im.FrameSeries(stack, AT, TIME)

    def gain(self, seed: int, levels: tuple[float, ...]) -> GainModel:
        random = np.random.default_rng(seed)
        dark = self.series(random, self.darks, 0.0)
        flats = [self.series(random, self.flats, level * self.signal) for level in levels]
        made = im.build_calibration(
            [dark],
            flats,
            not_imaging=np.zeros(SHAPE, np.bool_),
            saturation_level=65_535,
            created=TIME,
        )
        return made.gains[0]


@pytest.mark.parametrize(
    ("panel", "levels"),
    [
        (Panel(), (1.0,)),
        (Panel(signal=300, noise=30, per_count=0.01), (1.0,)),
        (Panel(signal=300, noise=30, per_count=0.01, darks=5, flats=60), (1.0,)),
        (Panel(beam=0.01), (1.0,)),
        (Panel(signal=500, per_count=0.05, common=15), (1.0,)),
        (Panel(signal=500, per_count=0.05, common=15), (0.4, 1.0)),
    ],
    ids=["quantum", "dark", "few darks", "beam", "common noise", "two levels"],
)
def test_gains_differ_from_run_to_run_by_their_uncertainty(
    panel: Panel, levels: tuple[float, ...]
) -> None:
    found = [panel.gain(seed, levels) for seed in range(RUNS)]
    gains = np.array([gain.gain for gain in found], np.float64)
    relative = gains / gains.mean(axis=0)
    relative /= np.median(relative, axis=(1, 2))[:, None, None]  # the median's own error
    spread = np.sqrt(np.mean(relative.var(axis=0, ddof=1)))
    stated = np.sqrt(np.mean([gain.uncertainty**2 for gain in found]))
    # Of 15 x 1024 values it is known to 0.6 %, to 1 % where pixels share a part of it.
    assert stated / spread == pytest.approx(1.0, abs=0.03)

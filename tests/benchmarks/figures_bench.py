"""A simulated panel on the bench: irradiated and read out in virtual time, as an instrument is.

The measurements get frames in counts and know what the user of an instrument knows: integration
time, range, bias, dose rate, and the panel's published geometry.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import textbook as tb
from fpxi_hwsim.presets import Preset
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification

READOUT_US = 5_000
"""from the end of one exposure to the beginning of the next, unless frames are spaced"""

MOST_CLIPPED = 0.05
"""part of the samples, of defective pixels, that may lie outside the range"""


class Bench:
    """One panel with its beam, which is off at first, and a clock."""

    def __init__(self, url: str, *, preset: Preset | None = None, bias_V: float | None = None):
        """Switch on the panel of a `sim:` URL, at a bias; `preset` replaces the URL's."""
        specification = SimulationSpecification.from_url(url)
        if preset is not None:
            specification = replace(specification, preset=preset)
        specification = replace(specification, beam_on=False)
        self.geometry = specification.preset.geometry
        self.scene = Scene(specification)
        self.bias_V = bias_V if bias_V is not None else working_bias_V(specification.preset)
        self._source = PixelSource(specification, self.scene)
        self._clock_us = 0

    @property
    def area_cm2(self) -> float:
        """Area of a pixel: square, with the pitch for its side."""
        return (self.geometry.pitch_um * 1e-4) ** 2

    def wait(self, seconds: float) -> None:
        """Let time pass between two exposures."""
        self._clock_us += round(seconds * 1e6)

    def beam(self, dose_rate_Gy_s: float) -> None:
        """Irradiate from now on with this dose rate; 0 switches the tube off."""
        self.scene.beam_on = dose_rate_Gy_s > 0
        if dose_rate_Gy_s > 0:
            self.scene.dose_rate = dose_rate_Gy_s

    def frames(
        self,
        count: int,
        integration_s: float,
        *,
        range_number: int | None = None,
        period_s: float | None = None,
    ) -> tb.Values:
        """Read out frames (count, rows, columns) in counts, in the widest range unless told.

        ValueError if more than a few samples lie outside the range: no figure would be right.
        """
        integration_us = round(integration_s * 1e6)
        period_us = integration_us + READOUT_US if period_s is None else round(period_s * 1e6)
        frames = np.empty((count, *self.geometry.shape), np.uint16)
        for frame in frames:
            samples = self._source.expose(
                Exposure(
                    integration_us=integration_us,
                    beam_us=integration_us,
                    gain_setting=self._range(range_number),
                    cds=True,
                    began_us=self._clock_us,
                    bias_mV=round(self.bias_V * 1e3),
                )
            )
            assert samples is not None
            frame[:] = samples[0]
            self._clock_us += period_us
        clipped = float(np.mean((frames == 0) | (frames == self.geometry.full_scale)))
        if clipped > MOST_CLIPPED:
            raise ValueError(f"{clipped:.0%} of the samples lie outside the range")
        return frames.astype(float)

    def currents_pA(
        self, count: int, integration_s: float, *, range_number: int | None = None, **more: Any
    ) -> tb.Values:
        """Frames as the currents that would give their counts; the offset is still in them."""
        counts = self.frames(count, integration_s, range_number=range_number, **more)
        return tb.current_pA(
            counts, fC_per_count=self.fC_per_count(range_number), integration_s=integration_s
        )

    def fC_per_count(self, range_number: int | None = None) -> float:
        """Full-scale charge of a range over its counts."""
        return self.geometry.full_scale_fC[self._range(range_number)] / self.geometry.full_scale

    def _range(self, number: int | None) -> int:
        widths = self.geometry.full_scale_fC
        return int(np.argmax(widths)) if number is None else number


def working_bias_V(preset: Preset) -> float:
    return preset.working_bias_mV * 1e-3

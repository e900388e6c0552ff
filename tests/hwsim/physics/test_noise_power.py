"""Noise power and DQE of frames: photons, times their spread, times the pixels' aperture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from fpxi_hwsim.physics.conversion.absorber import Absorber, Escape, deposits
from fpxi_hwsim.physics.conversion.converter import Converter
from fpxi_hwsim.physics.conversion.photoconductor import Gain, Photoconductor
from fpxi_hwsim.physics.conversion.scintillator import Scintillator
from fpxi_hwsim.physics.conversion.sharing import Gaussian
from fpxi_hwsim.physics.source.field import BeamField
from fpxi_hwsim.presets import TFT64, Preset
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_hwsim.without import EFFECTS, without
from fpxi_readout.protocol.generated import PANELS

Values = npt.NDArray[np.float64]
EXPOSURE_S = 0.01
SCANS = 200
EDGE = 8
"""pixels left out at the panel's edge, where spread light comes back"""
SIDE = 64 - 2 * EDGE
SIGMAS = 4.0
TAPS = 0.01
"""by how much the power of the grid's taps differs from the Gaussians' at most"""
ALL = ",".join(name for name in EFFECTS if name != "sharing")

CRYSTAL = Photoconductor(
    Absorber("CsPbBr3", 300.0, escape=(Escape(13.5, 11.9, 0.3),)),
    pair_energy_eV=5.93,
    gain=Gain(spread=0.4),
    spread=(Gaussian(1.0, 40.0),),
)
SCREEN = Scintillator(
    Absorber("CsI", 200.0),
    light_yield_per_MeV=5e4,
    collected_fraction=0.01,
    quantum_efficiency=0.6,
    excess_variance=0.2,
    spread=(Gaussian(0.7, 40.0), Gaussian(0.3, 200.0)),
)
CASES = [
    pytest.param(CRYSTAL, 2e-6, id="crystal, tens of photons"),
    pytest.param(CRYSTAL, 5e-5, id="crystal, hundreds of photons"),
    pytest.param(replace(CRYSTAL, spread=()), 1e-7, id="crystal, few photons"),
    pytest.param(SCREEN, 2e-5, id="screen"),
]


def _panel(converter: Converter, rate_Gy_s: float) -> Preset:
    """Return a panel that adds nothing to its converter, in a range of 40 times the mean."""
    quiet = without(TFT64, ALL)
    beam = replace(quiet.beam, field=BeamField(), dose_rate_Gy_s=rate_Gy_s)
    counts = replace(quiet.front_end, offset_counts=0.0, converter_noise_counts=0.5)
    charge_fC = _quanta(replace(quiet, beam=beam, converter=converter))[2]
    ranges = replace(PANELS["tft64"], full_scale_fC=(40 * charge_fC,))
    return replace(
        quiet, converter=converter, beam=beam, front_end=counts, object="none", geometry=ranges
    )


def _quanta(preset: Preset) -> tuple[float, float, float]:
    """Return the photons that reach a pixel in one exposure, its DQE(0), and its mean charge.

    DQE(0) is the quantum efficiency times Swank's factor m1^2 / (m0 m2), by the moments of what
    photons leave, here from the spectrum itself.
    """
    spectrum, converter = preset.beam.spectrum(), preset.converter
    arriving = spectrum.photons_per_Gy_cm2 * preset.pixel_area_cm2
    arriving = arriving * preset.beam.dose_rate_Gy_s * EXPOSURE_S
    left = deposits(converter.absorber, spectrum.energy_keV)
    first = float((arriving * left.absorbed * left.energy_keV).sum())
    second = float((arriving * left.absorbed * left.energy2_keV2).sum())
    electrons = converter.electrons_per_keV(5.0)
    variance = second * (1 + _excess(converter))
    if isinstance(converter, Scintillator):
        variance += first / electrons
    return arriving.sum(), first**2 / variance / arriving.sum(), first * electrons * 1.602e-4


def _excess(converter: Converter) -> float:
    if isinstance(converter, Scintillator):
        return converter.excess_variance
    return converter.gain.spread**2


def _frames(preset: Preset) -> Values:
    source = PixelSource(specification := SimulationSpecification(preset), Scene(specification))
    exposure_us = round(EXPOSURE_S * 1e6)
    frames = [source.expose(Exposure(exposure_us, exposure_us, 0, True)) for _ in range(SCANS)]
    stack = np.stack([frame[0] for frame in frames if frame is not None]).astype(np.float64)
    return stack[:, EDGE:-EDGE, EDGE:-EDGE]


def _sampled_power(preset: Preset) -> Values:
    """Return the power of white noise of one a pixel after spread and aperture, with its aliases.

    As the mean periodogram of SIDE x SIDE pixels has it: of photons that fall anywhere, by the
    Gaussians' own transfer function and the sinc of the pixel.
    """
    number, aliases = 256, 6
    cycles = np.fft.fftfreq(number)[:, None] + np.arange(-aliases, aliases + 1)
    spread = preset.converter.spread or (Gaussian(1.0, 0.0),)
    power = np.zeros((number, number))
    sigmas = [(part.fraction, part.sigma_um / preset.geometry.pitch_um) for part in spread]
    parts = [(fraction, np.exp(-2 * (np.pi * sigma * cycles) ** 2)) for fraction, sigma in sigmas]
    aperture = np.sinc(cycles) ** 2
    # The square of a sum of products, each of a row's and a column's transfer.
    for one, its in parts:
        for other, theirs in parts:
            line = (its * theirs * aperture).sum(axis=1)
            power += one * other * np.outer(line, line)
    if all(part.sigma_um == 0 for part in spread):
        power[:] = 1  # what the aliases left out would add
    covariance = np.fft.ifft2(power).real
    away = np.arange(-SIDE + 1, SIDE)
    overlap = 1 - np.abs(away) / SIDE
    seen = covariance[np.ix_(away, away)] * np.outer(overlap, overlap)
    folded = np.zeros((SIDE, SIDE))
    np.add.at(folded, np.ix_(away % SIDE, away % SIDE), seen)
    return np.asarray(np.fft.fft2(folded).real)


@pytest.mark.parametrize(("converter", "rate_Gy_s"), CASES)
def test_noise_power_and_dqe_follow_from_photons_spread_and_aperture(
    converter: Converter, rate_Gy_s: float
) -> None:
    preset = _panel(converter, rate_Gy_s)
    photons, dqe, _ = _quanta(preset)
    frames = _frames(preset)
    relative = frames / frames.mean() - 1
    power = (np.abs(np.fft.fft2(relative)) ** 2).mean(axis=0) / SIDE**2
    counts = (0.5**2 + 1 / 12) / frames.mean() ** 2
    white = np.ones((SIDE, SIDE))
    sampled = _sampled_power(preset)
    if isinstance(converter, Scintillator):
        first = _light_share(preset)
        expected = ((1 - first) * sampled + first * white) / (photons * dqe)
    else:
        expected = sampled / (photons * dqe)
    ratio = power / (expected + counts)
    ratio[0, 0] = np.nan  # holds the mean, which was subtracted
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))
    for low in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5):
        ring = ratio[(frequency >= low) & (frequency < low + 0.1) & np.isfinite(ratio)]
        # Powers are exponential; those of opposite frequencies are one.
        bound = SIGMAS * np.sqrt(2 / (ring.size * SCANS))
        assert abs(ring.mean() - 1) < bound + TAPS


def _light_share(preset: Preset) -> float:
    """Return the part of the variance at frequency 0 that photo-electrons make."""
    photons, dqe, charge_fC = _quanta(preset)
    return photons * dqe * 1.602e-4 / charge_fC

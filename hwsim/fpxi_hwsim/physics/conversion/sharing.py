"""Spread of charge or light over neighbouring pixels, on the fine grid, and the sum to pixels.

A point spread function is a sum of Gaussians: one for the diffusion of charge or for a sharp
screen, more for long tails (light scattered far, fluorescence absorbed elsewhere).

Photons fall anywhere in a fine pixel, but the grid knows its middle alone. What is expected, and so
an edge, is averaged over fine pixels already and is spread with the Gaussians (`make_kernel`). What
is drawn is spread with the root of the noise power that photons anywhere would have
(`make_noise_kernel`); its mean is then brought back to the expected one, map by map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.grid import SUBPIXELS
from fpxi_hwsim.physics.limits import require

Map = npt.NDArray[np.float32]
Frequencies = npt.NDArray[np.float64]

_FITTED_TO = 0.8
"""the part of the fine grid's Nyquist frequency up to which taps are fitted"""
_ANGLES = np.linspace(0.0, _FITTED_TO * np.pi, 161)
_NARROW = 0.9
"""sigma in fine pixels up to which they are"""
_ALIASES = 30
"""of the fine grid that are counted, either way"""


@dataclass(frozen=True, slots=True)
class Gaussian:
    """A part of what is spread, and how far."""

    fraction: float
    sigma_um: float
    """standard deviation along a row and along a column"""

    def __post_init__(self) -> None:
        require("fraction", self.fraction, above=0.0, most=1.0)
        require("sigma_um", self.sigma_um, least=0.0, most=1e5)


Spread = tuple[Gaussian, ...]
"""parts that sum to one; none: nothing leaves its fine pixel"""


def require_spread(name: str, spread: Spread) -> None:
    """Accept parts whose sum is one, to a millionth; UnphysicalError otherwise."""
    if spread:
        require(name, sum(part.fraction for part in spread), least=1 - 1e-6, most=1 + 1e-6)


@dataclass(frozen=True, slots=True)
class Kernel:
    """A spread on the fine grid: for each Gaussian its fraction and its taps 0, 1, 2 ..."""

    parts: tuple[tuple[float, tuple[float, ...]], ...]


def make_kernel(spread: Spread, pitch_um: float) -> Kernel:
    """Return the kernel that spreads what is expected, for a panel of this pitch."""
    require("pitch_um", pitch_um, above=0.0)
    fine_um = pitch_um / SUBPIXELS
    return Kernel(tuple((part.fraction, _taps(part.sigma_um / fine_um)) for part in spread))


def make_noise_kernel(spread: Spread, pitch_um: float) -> Kernel:
    """Return the kernel that spreads what was drawn, for a panel of this pitch.

    Photons anywhere, spread by a Gaussian G and sampled by fine pixels, have the noise power
    sum sinc^2(u + k) G^2(u + k) over all whole k, with u in cycles a fine pixel: the presampled
    power and its aliases. The kernel's transfer is its root: 1 without any spread.
    """
    require("pitch_um", pitch_um, above=0.0)
    fine_um = pitch_um / SUBPIXELS
    return Kernel(tuple((part.fraction, _noise_taps(part.sigma_um / fine_um)) for part in spread))


def share(fine: Map, kernel: Kernel) -> Map:
    """Spread a fine map, float32 (2 rows, 2 columns); the sum stays.

    Film, screen and beam go on beyond the pixels: as much comes in over the panel's edge as goes
    out, so what crosses it is mirrored.
    """
    if not kernel.parts:
        return fine
    shared = _spread_once(fine, *kernel.parts[0])
    for fraction, taps in kernel.parts[1:]:
        shared += _spread_once(fine, fraction, taps)
    return shared


def bin_to_pixels(fine: Map) -> Map:
    """Sum a fine map, float32 (2 rows, 2 columns), to pixels, (rows, columns)."""
    lines = fine[0::2] + fine[1::2]
    pixels: Map = lines[:, 0::2] + lines[:, 1::2]
    return pixels


def ideal_mtf(spread: Spread, pitch_um: float, frequency_lp_mm: Frequencies) -> Frequencies:
    """Return the presampled MTF along a row: a square aperture of one pitch times the spread's.

    sinc(f p) times the sum of fraction exp(-2 pi^2 sigma^2 f^2).
    """
    frequency = np.asarray(frequency_lp_mm, np.float64)
    transfer = np.ones_like(frequency)
    if spread:
        turns = np.pi * 1e-3 * frequency
        transfer = sum(
            (part.fraction * np.exp(-2 * (turns * part.sigma_um) ** 2) for part in spread),
            start=np.zeros_like(frequency),
        )
    return np.abs(np.sinc(frequency * pitch_um * 1e-3)) * transfer


def grid_mtf(spread: Spread, pitch_um: float, frequency_lp_mm: Frequencies) -> Frequencies:
    """Return the presampled MTF along a row that frames have: with the fine grid's taps.

    It is within 0.013 of `ideal_mtf` at any spread up to 0.8 line pairs a pixel.
    """
    frequency = np.asarray(frequency_lp_mm, np.float64)
    angle = 2 * np.pi * frequency * pitch_um * 1e-3 / SUBPIXELS
    kernel = make_kernel(spread, pitch_um)
    transfer = np.zeros_like(frequency) if kernel.parts else np.ones_like(frequency)
    for fraction, taps in kernel.parts:
        transfer += fraction * _transfer(taps, angle)
    return np.abs(np.sinc(frequency * pitch_um * 1e-3) * transfer)


def gaussian_sigma_um(frequency_lp_mm: float, mtf: float, aperture_um: float = 0.0) -> float:
    """Return the sigma with which a Gaussian and a square aperture have this MTF.

    Raises
    ------
    UnphysicalError
        The aperture alone has no more.

    """
    aperture = abs(float(np.sinc(frequency_lp_mm * aperture_um * 1e-3)))
    require("mtf", mtf, above=0.0, most=aperture)
    return float(np.sqrt(np.log(aperture / mtf) / 2) / (np.pi * frequency_lp_mm) * 1e3)


def _spread_once(fine: Map, fraction: float, taps: Sequence[float]) -> Map:
    rows, columns = fine.shape
    across = _along_rows(fine, np.float32(fraction) * _folded(taps, columns))
    return _along_rows(across.T, _folded(taps, rows)).T


def _along_rows(fine: Map, taps: Map) -> Map:
    """Add to each fine pixel those at either side; beyond the edge stand their mirror images."""
    spread: Map = fine * taps[0]
    for distance, tap in enumerate(taps[1:], start=1):
        part = fine * tap
        spread[:, distance:] += part[:, :-distance]
        spread[:, :-distance] += part[:, distance:]
        spread[:, :distance] += part[:, distance - 1 :: -1]
        spread[:, -distance:] += part[:, : -distance - 1 : -1]
    return spread


def _folded(taps: Sequence[float], size: int) -> Map:
    """Return taps no farther than `size`: images of images repeat after twice the size."""
    folded = np.zeros(min(len(taps), size + 1))
    for distance, tap in enumerate(taps):
        nearest = min(distance % (2 * size), -distance % (2 * size))
        folded[nearest] += tap if distance == 0 or nearest else 2 * tap
    return folded.astype(np.float32)


def _taps(sigma: float) -> tuple[float, ...]:
    """Return the taps of a Gaussian of this sigma in fine pixels, none negative, of sum one.

    They are its samples, but where it is so narrow that these have another transfer function: then
    they are the least squares fit to that.
    """
    if sigma == 0:
        return (1.0,)
    if sigma > _NARROW:
        return _samples(sigma)
    return _fitted(-np.expm1(-((sigma * _ANGLES) ** 2) / 2))


def _noise_taps(sigma: float) -> tuple[float, ...]:
    """Return the taps with the root of the noise power, likewise.

    Of a wide Gaussian, no alias is left, and a place anywhere in a fine pixel is a twelfth of
    variance more.
    """
    if sigma == 0:
        return (1.0,)
    if sigma > _NARROW:
        return _samples(float(np.sqrt(sigma**2 + 1 / 12)))
    cycles = _ANGLES[:, None] / (2 * np.pi) + np.arange(-_ALIASES, _ALIASES + 1)
    power = (np.sinc(cycles) * np.exp(-2 * (np.pi * sigma * cycles) ** 2)) ** 2
    of_pixels = np.cos(_ANGLES / 2) ** 2  # what the sum to pixels leaves of a power
    return _fitted(1 - np.sqrt(power.sum(axis=1)), of_pixels)


def _samples(sigma: float) -> tuple[float, ...]:
    reach = np.ceil(3.5 * sigma)
    distance = np.arange(-reach, reach + 1)
    samples = np.exp(-((distance / sigma) ** 2) / 2)
    samples /= samples.sum()
    sides = [float(sample) for sample in samples[distance > 0]]
    return (1 - 2 * sum(sides), *sides)


def _fitted(missing: Frequencies, weight: Frequencies | float = 1.0) -> tuple[float, ...]:
    """Fit two taps beside the middle, or one where the second would be negative.

    `missing` is what the transfer lacks to 1 at `_ANGLES`.
    """
    first, second = (weight * (2 - 2 * np.cos(step * _ANGLES)) for step in (1, 2))
    missing = weight * missing
    both = first @ second
    one = float(first @ missing / (first @ first))
    far = float((second @ missing - one * both) / (second @ second - both**2 / (first @ first)))
    if far <= 0:
        return (1 - 2 * one, one)
    near = float(one - far * both / (first @ first))
    return (1 - 2 * (near + far), near, far)


def _transfer(taps: Sequence[float], angle: Frequencies) -> Frequencies:
    transfer = np.full_like(angle, taps[0])
    for distance, tap in enumerate(taps[1:], start=1):
        transfer += 2 * tap * np.cos(distance * angle)
    return transfer

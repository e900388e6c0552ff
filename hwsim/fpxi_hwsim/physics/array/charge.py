"""What the pixels do to the collected charge before it reaches the amplifiers.

Charge maps are float32 (rows, columns), in fC; charge of either sign is possible.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.array.maps import PanelMaps
from fpxi_hwsim.physics.array.settings import ELECTRON_FC, Defects
from fpxi_hwsim.physics.array.switches import SwitchMaps

Map = npt.NDArray[np.float32]


def blink(maps: PanelMaps, defects: Defects, dark_fC: Map, random: np.random.Generator) -> Map:
    """Raise the dark charge of the blinking pixels whose trap is in its upper state.

    Each scan finds a trap there with the chance `blinking_duty`, whatever it was before: the
    state lasts longer than an integration and less than the time between scans.
    """
    pixels = np.flatnonzero(maps.blinking)
    if not pixels.size:
        return dark_fC
    raised = pixels[random.random(pixels.size) < defects.blinking_duty]
    blinking_fC = dark_fC.copy()
    blinking_fC.flat[raised] *= np.float32(defects.blinking_factor)
    return blinking_fC


def add_dark(charge_fC: Map, dark_fC: Map, random: np.random.Generator) -> Map:
    """Add the dark charge and its shot noise, normal for the many electrons it is made of."""
    shot_fC = np.sqrt(np.abs(dark_fC) * np.float32(ELECTRON_FC))
    shot_fC *= random.standard_normal(dark_fC.shape, dtype=np.float32)
    shot_fC += dark_fC
    shot_fC += charge_fC
    return shot_fC


def saturate(switches: SwitchMaps, charge_fC: Map) -> Map:
    """Keep what each pixel can hold; the rest is lost through the film."""
    if switches.full_well_fC is None:
        return charge_fC
    return np.clip(charge_fC, -switches.full_well_fC, switches.full_well_fC)


def transfer(switches: SwitchMaps, charge_fC: Map, held_fC: Map | None) -> Map:
    """Return the charge that reaches the data lines, with what earlier scans left on the pixels.

    `held_fC` is what `hold` returned after the last scan; None where there was none.
    """
    if switches.remaining is None:
        return charge_fC
    total_fC = charge_fC if held_fC is None else charge_fC + held_fC
    return total_fC - total_fC * switches.remaining


def hold(switches: SwitchMaps, charge_fC: Map, held_fC: Map | None) -> Map | None:
    """Return the charge that stays on the pixels when they are read, for the next scan.

    With `transfer`, no charge is made or lost. Driven by the expected charge instead of the
    noisy one, the memory of the array is as the film's: without randomness across scans. In
    equilibrium with charge Q, a pixel holds Q r / (1 - r) and gives Q: see `held_in_equilibrium`.
    """
    if switches.remaining is None:
        return None
    total_fC = charge_fC if held_fC is None else charge_fC + held_fC
    return total_fC * switches.remaining


def held_in_equilibrium(switches: SwitchMaps, charge_fC: Map) -> Map | None:
    """Return the charge that stays on the pixels after many scans of this charge."""
    if switches.remaining is None:
        return None
    return charge_fC * (switches.remaining / (1 - switches.remaining))


def off_loss(switches: SwitchMaps, off_s: float) -> Map | None:
    """Return the part of its charge that each pixel leaks while it is off for `off_s` seconds.

    1 - exp(-t / RC). It is the same for scans of the same timing.
    """
    if switches.leakage_per_s is None or not off_s:
        return None
    loss: Map = -np.expm1(switches.leakage_per_s.astype(np.float64) * -off_s).astype(np.float32)
    return loss


def leak_off(charge_fC: Map, loss: Map | None, read_share: float) -> Map:
    """Let the pixels that are off leak onto the data lines of their columns.

    `loss` is that of `off_loss`, `read_share` the part of that time in which the array is read:
    what a column's pixels lose meanwhile reaches the samples of that column in equal parts. The
    rest flows off while the data lines are held at their reference. No charge is made; where the
    array is read all the time, none is lost.
    """
    if loss is None:
        return charge_fC
    lost_fC = charge_fC * loss
    sampled = np.float32(read_share / len(charge_fC))
    total_fC: Map = charge_fC - lost_fC + sampled * lost_fC.sum(axis=0)
    return total_fC


def inject(switches: SwitchMaps, charge_fC: Map) -> Map:
    """Add the charge of the pixel switches."""
    return charge_fC if switches.pedestal_fC is None else charge_fC + switches.pedestal_fC

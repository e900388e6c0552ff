"""What the pixels do to the collected charge before it reaches the amplifiers.

Charge maps are float32 (rows, columns), in fC; charge of either sign is possible.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fpxi_hwsim.physics.array.maps import PanelMaps
from fpxi_hwsim.physics.array.settings import Defects
from fpxi_hwsim.physics.array.switches import SwitchMaps
from fpxi_hwsim.physics.constants import ELECTRON_FC

Map = npt.NDArray[np.float32]
LEAST_SPENT = 1e-12
"""time constants of leakage below which nothing has leaked in float64"""


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


def add_delayed(
    charge_fC: Map, dark_fC: Map | None, lag_fC: Map | None, random: np.random.Generator
) -> Map:
    """Add the dark charge, the charge that traps release, and the shot noise of both.

    It is normal for the many electrons they are made of. Where one flows against the other, as
    after a reversal of the bias, their noises add up all the same.
    """
    parts_fC = [part_fC for part_fC in (dark_fC, lag_fC) if part_fC is not None]
    if not parts_fC:
        return charge_fC
    electrons_fC: Map = sum((np.abs(part_fC) for part_fC in parts_fC[1:]), np.abs(parts_fC[0]))
    total_fC: Map = np.sqrt(electrons_fC * np.float32(ELECTRON_FC))
    total_fC *= random.standard_normal(total_fC.shape, dtype=np.float32)
    for part_fC in (*parts_fC, charge_fC):
        total_fC += part_fC
    return total_fC


def accumulate(switches: SwitchMaps, charge_fC: Map, held_fC: Map | None) -> Map:
    """Return the charge on the pixels as an integration ends: what they held, and what came.

    What is more than a pixel can hold is lost through the film.
    """
    total_fC = charge_fC if held_fC is None else charge_fC + held_fC
    if switches.full_well_fC is None:
        return total_fC
    return np.clip(total_fC, -switches.full_well_fC, switches.full_well_fC)


def transfer(switches: SwitchMaps, total_fC: Map) -> Map:
    """Return the part of the charge on the pixels that a read brings to the data lines."""
    return total_fC if switches.remaining is None else total_fC - total_fC * switches.remaining


def hold(switches: SwitchMaps, total_fC: Map) -> Map | None:
    """Return the part of the charge on the pixels that a read leaves there, for the next scan.

    With `transfer`, no charge is made or lost. Driven by the expected charge instead of the
    noisy one, the memory of the array is as the film's: without randomness across scans. No time
    between scans changes it.
    """
    return None if switches.remaining is None else total_fC * switches.remaining


def held_in_equilibrium(switches: SwitchMaps, charge_fC: Map) -> Map | None:
    """Return the charge that stays on the pixels after many scans of this charge.

    A pixel to which Q comes holds Q r / (1 - r) then, and gives Q, if that fits its full well.
    """
    if switches.remaining is None:
        return None
    return hold(switches, accumulate(switches, charge_fC / (1 - switches.remaining), None))


def off_loss(switches: SwitchMaps, off_s: float) -> Map | None:
    """Return the part of its charge that each pixel leaks while it is off for `off_s` seconds.

    The charge comes evenly over that time t: 1 - (1 - exp(-t / RC)) / (t / RC), half of t / RC
    where that is small. It is the same for scans of the same timing.
    """
    if switches.leakage_per_s is None or not off_s:
        return None
    spent = np.maximum(switches.leakage_per_s.astype(np.float64) * off_s, LEAST_SPENT)
    loss: Map = (1 + np.expm1(-spent) / spent).astype(np.float32)
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

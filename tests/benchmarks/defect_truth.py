"""What the defects of a simulated panel truly are: the standard's definitions on its true maps.

A pixel whose true value lies so near a threshold that noise decides on which side it is measured is
undecided: the band on each side is `BAND` times the standard error that its evidence must have,
computed from the true noise and the numbers of frames. Nothing here looks at what was measured, but
for the two classes that are counts of codes, cut off and saturated, and the beam's quantum noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from defect_panels import FULL_SIGNAL, INTEGRATION_US, Counts, SimulatedPanel
from fpxi_hwsim.physics.constants import ELECTRON_FC
from fpxi_hwsim.physics.film.dark_current import conductivity_S_cm
from fpxi_hwsim.physics.front_end.amplifier import couple
from fpxi_imaging.defects.defect_map import DefectClass
from fpxi_imaging.defects.evidence import DefectEvidence
from fpxi_imaging.defects.thresholds import DefectThresholds
from scipy import ndimage

Map = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

BAND = 4.0
BY_RESPONSE = (DefectClass.OVER_RESPONDING, DefectClass.UNDER_RESPONDING)


@dataclass(frozen=True)
class Judgement:
    """Of one class: where it truly holds, and where noise decides."""

    holds: Mask
    undecided: Mask
    half_width: float
    """of the band, in the unit of the threshold, for the median pixel at the threshold"""


Truth = dict[DefectClass, Judgement]


class TruePanel:
    """True maps of a panel in the unit of counts."""

    def __init__(self, panel: SimulatedPanel) -> None:
        source, _ = panel.source(0.0)
        preset, maps, front_end = panel.preset, source.maps, panel.preset.front_end
        geometry = preset.geometry
        self.imaging = panel.imaging
        self.uneven = panel.uneven
        self.dead = (maps.dead | panel.stuck) & self.imaging
        transfer = np.broadcast_to(maps.channels.transfer, geometry.shape).astype(float)
        relative = couple(front_end, maps.response).astype(float) * transfer
        relative[panel.stuck] = 0.0
        typical = float(np.median(relative[self.imaging]))
        self.signal = relative * (FULL_SIGNAL * geometry.full_scale / typical)
        """counts of the full-dose flat above dark"""
        self.counts_per_e = ELECTRON_FC * geometry.full_scale / max(geometry.full_scale_fC)
        dark_e = _dark_e(panel) * maps.dark_factor.astype(float)
        flicker = maps.channels.flicker_cds_e
        flicker_e2 = 0.0 if flicker is None else float(np.mean((flicker**2).sum(1)))
        variance_e2 = (
            maps.pixel_noise_e.astype(float) ** 2
            + preset.array.switch_noise_e(preset.temperature_K) ** 2
            + front_end.line_noise_e**2
            + front_end.column_noise_e**2
            + flicker_e2
            + dark_e
        )
        self.noise = np.sqrt(
            variance_e2 * (self.counts_per_e * transfer) ** 2
            + front_end.converter_noise_counts**2
            + 1 / 12
        )
        self.noise[panel.stuck] = 0.0
        """temporal standard deviation of a dark, counts"""
        integration_s = INTEGRATION_US * 1e-6
        components = preset.film.lag
        share = sum(
            f * tau / integration_s * -np.expm1(-integration_s / tau) for f, tau in components
        )
        trapped = sum(f for f, _ in components)
        multiplier = np.minimum(maps.lag_factor.astype(float), 1 / trapped)
        left = 0.0 if maps.switches.remaining is None else maps.switches.remaining.astype(float)
        self.lag = self.signal * (share * multiplier + left)
        """counts of the first frame after the full-dose flats, above dark"""


def true_defects(
    panel: SimulatedPanel, counts: Counts, evidence: DefectEvidence, thresholds: DefectThresholds
) -> Truth:
    """Judge the true maps of a panel; `evidence` tells what was cut off and saturated."""
    true = TruePanel(panel)
    dark_variance = true.noise**2
    quantum_variance = panel.quantum * true.signal**2
    flat_variance = dark_variance + quantum_variance
    half_variance = dark_variance + quantum_variance / 2
    silent = true.dead | evidence.saturated | (evidence.zero_fraction > thresholds.zero_fraction)
    nowhere = np.zeros(true.imaging.shape, np.bool_)

    response_error = np.sqrt(flat_variance / counts.flats + dark_variance / counts.darks)
    local = _local_medians(true.signal, true.imaging & ~silent, thresholds.window)
    over = _beyond(true.signal, local, response_error, thresholds.over_response)
    under = _beyond(-true.signal, -local, response_error, thresholds.under_response)
    under = Judgement(under.holds & ~true.dead, under.undecided & ~true.dead, under.half_width)

    typical = float(np.median(true.noise[true.imaging]))
    limit = thresholds.noise * typical
    noise_error = limit / np.sqrt(2 * (counts.darks - 1))
    noisy = _beyond(true.noise, np.full_like(true.noise, typical), noise_error, thresholds.noise)

    sound = true.imaging & ~(silent | over.holds | under.holds | noisy.holds)
    with np.errstate(divide="ignore", invalid="ignore"):
        corrected = np.where(true.dead, np.nan, 0.5 * (1 + true.uneven))
        uniform_error = np.sqrt(
            half_variance / counts.half_flats
            + 0.25 * flat_variance / counts.flats
            + 0.25 * dark_variance / counts.darks
        ) / np.maximum(true.signal, 1.0)
    middle = _local_medians(corrected, sound, thresholds.fine_window)
    non_uniform = _apart(corrected, middle, uniform_error, thresholds.non_uniformity)
    after_error = np.sqrt(dark_variance * (1 + 1 / counts.darks) + true.lag * true.counts_per_e)
    behind = _local_medians(true.lag, sound, thresholds.fine_window)
    persistent = _beyond(true.lag, behind, after_error, thresholds.persistence)
    truth = {
        DefectClass.DEAD: Judgement(true.dead, nowhere, 0.0),
        DefectClass.OVER_RESPONDING: over,
        DefectClass.UNDER_RESPONDING: under,
        DefectClass.NOISY: noisy,
        DefectClass.NON_UNIFORM: non_uniform,
        DefectClass.PERSISTENT: persistent,
    }
    for name in (*BY_RESPONSE, DefectClass.NON_UNIFORM):
        # What a pixel that saturates would have given is nobody's to know.
        truth[name] = replace(truth[name], undecided=truth[name].undecided | evidence.saturated)
    truth = {name: _within(each, true.imaging) for name, each in truth.items()}
    return truth | _groups(truth, silent & true.imaging, true.imaging, thresholds)


def _groups(truth: Truth, silent: Mask, imaging: Mask, thresholds: DefectThresholds) -> Truth:
    """Judge how the true defects lie together, by counting around each pixel.

    Undecided are the pixels beside one that may be good or bad, and lines that hang on one.
    """
    bad, perhaps, surely = silent.copy(), np.zeros_like(silent), silent.copy()
    for each in truth.values():
        bad |= each.holds
        surely |= each.holds & ~each.undecided
        perhaps |= each.undecided
    perhaps &= ~surely
    beside = ndimage.binary_dilation(perhaps, np.ones((3, 3), np.bool_))
    surrounded, cluster, kernel = (np.zeros_like(bad) for _ in range(3))
    for row, column in np.argwhere(imaging):
        around = np.s_[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        neighbours = int(imaging[around].sum()) - 1
        bad_ones = int(bad[around].sum()) - int(bad[row, column])
        surrounded[row, column] = not bad[row, column] and bad_ones == neighbours
    bad |= surrounded
    for row, column in np.argwhere(bad):
        around = np.s_[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
        bad_ones = int(bad[around].sum()) - 1
        good_ones = int(imaging[around].sum()) - 1 - bad_ones
        cluster[row, column] = bad_ones > 0
        kernel[row, column] = bad_ones > 0 and good_ones < thresholds.kernel_good_neighbours
    line = _lines(bad, thresholds)
    doubtful = np.zeros_like(line)
    for other in (bad | perhaps, bad & ~perhaps):
        doubtful |= _lines(other, thresholds) != line
    return {
        DefectClass.BAD_NEIGHBOURHOOD: Judgement(surrounded, beside, 0.0),
        DefectClass.CLUSTER: Judgement(cluster, beside, 0.0),
        DefectClass.CLUSTER_KERNEL: Judgement(kernel, beside, 0.0),
        DefectClass.LINE: Judgement(line, doubtful | beside, 0.0),
    }


def _lines(bad: Mask, thresholds: DefectThresholds) -> Mask:
    """Walk along rows and columns for long runs that are seldom accompanied."""
    found = np.zeros_like(bad)
    for picture, marks in ((bad, found), (bad.T, found.T)):
        for number, values in enumerate(picture):
            beside = np.zeros_like(values)
            for other in (number - 1, number + 1):
                if 0 <= other < len(picture):
                    beside |= picture[other]
            run: list[int] = []
            for place in (*range(len(values)), -1):
                if place >= 0 and values[place]:
                    run.append(place)
                    continue
                accompanied = np.mean(beside[run]) if run else 1.0
                if len(run) > thresholds.line_length and accompanied <= thresholds.line_accompanied:
                    marks[number, run] = True
                run = []
    return found


def _beyond(values: Map, local: Map, error: Map | float, factor: float) -> Judgement:
    """Judge values > factor * local; the error is that of the values."""
    with np.errstate(invalid="ignore"):
        excess = values - factor * local
        undecided = np.abs(excess) < BAND * error
    typical = np.nanmedian(error / np.abs(local))
    return Judgement(excess > 0, undecided, float(BAND * typical))


def _apart(values: Map, local: Map, error: Map, limit: float) -> Judgement:
    with np.errstate(invalid="ignore"):
        off = np.abs(values / local - 1)
        undecided = np.abs(off - limit) < BAND * error / local
    return Judgement(off > limit, undecided, float(BAND * np.nanmedian(error / local)))


def _within(judgement: Judgement, imaging: Mask) -> Judgement:
    return Judgement(judgement.holds & imaging, judgement.undecided & imaging, judgement.half_width)


def _local_medians(values: Map, good: Mask, window: int) -> Map:
    """Medians of the good values in a square that moves inwards at the border."""
    kept = np.where(good, values, np.nan)
    rows, cols = values.shape
    medians = np.full(values.shape, np.nan)
    for row, col in np.ndindex(rows, cols):
        top = max(0, min(row - window // 2, rows - window))
        left = max(0, min(col - window // 2, cols - window))
        square = kept[top : top + window, left : left + window]
        square = square[~np.isnan(square)]
        if square.size:
            medians[row, col] = np.median(square)
    return medians


def _dark_e(panel: SimulatedPanel) -> float:
    """Electrons of the typical pixel's dark current in a frame, of films without a barrier."""
    preset = panel.preset
    field_V_cm = preset.working_bias_mV * 1e-3 / (preset.converter.absorber.thickness_um * 1e-4)
    density = conductivity_S_cm(preset.film.dark, preset.temperature_K) * abs(field_V_cm)
    fC = density * preset.pixel_area_cm2 * INTEGRATION_US * 1e-6 * 1e15
    return fC / ELECTRON_FC

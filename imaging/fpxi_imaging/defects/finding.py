"""Finding defective pixels, each of its class, after ASTM E2597 (digital detector arrays)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fpxi_imaging.defects.decisions import DefectImport, DefectWithdrawal
from fpxi_imaging.defects.defect_map import (
    GROUP_CLASSES,
    DefectClass,
    DefectMap,
    listed_classes,
)
from fpxi_imaging.defects.evidence import DefectEvidence
from fpxi_imaging.defects.groups import bad_neighbourhoods, cluster_kernels, clusters, lines
from fpxi_imaging.defects.local_median import medians_beyond
from fpxi_imaging.defects.thresholds import QUANTISATION_SIGMA, DefectThresholds, panel_noise
from fpxi_imaging.robust import known_median

Mask = npt.NDArray[np.bool_]
Map = npt.NDArray[np.float64]
Classes = npt.NDArray[np.uint16]

_ANY_LOW = np.finfo(np.float64).tiny
"""A lower limit that no pixel of a positive neighbourhood falls below."""


def find_defects(evidence: DefectEvidence, thresholds: DefectThresholds) -> Classes:
    """Return the class map, uint16 (rows, cols): `DefectClass` bits, 0 for a good pixel.

    A pixel may be of several classes, except that a dead one is not also called under-responding.
    Local medians are taken over the pixels that are neither dead, saturated nor cut off; those of
    corrected flats and of lag also leave out pixels of too much or little response or noise. The
    process ring has no class and no say in any median.

    The standard's limits for non-uniform and persistent pixels are widened where the evidence is
    noisier than they are fine: a pixel must also differ from the median by `certainty` times its
    standard error. `judge_evidence` tells where that is so.
    """
    classes: Classes = np.zeros(evidence.shape, np.uint16)
    silent = _silent(evidence, thresholds, classes)
    _by_response(evidence, thresholds, classes, evidence.imaging & ~silent)
    _mark(classes, _noisy(evidence, thresholds), DefectClass.NOISY)
    sound = evidence.imaging & (classes == 0)
    _mark(classes, non_uniform(evidence, thresholds, sound), DefectClass.NON_UNIFORM)
    _mark(classes, persistent(evidence, thresholds, sound), DefectClass.PERSISTENT)
    return with_groups(
        np.where(evidence.imaging, classes, np.uint16(0)), evidence.imaging, thresholds
    )


def with_groups(classes: Classes, imaging: Mask, thresholds: DefectThresholds) -> Classes:
    """Return the class map with the classes of neighbourhood, cluster and line, found afresh."""
    result: Classes = classes & ~np.uint16(GROUP_CLASSES)
    bad = result != 0
    surrounded = bad_neighbourhoods(bad, imaging)
    _mark(result, surrounded, DefectClass.BAD_NEIGHBOURHOOD)
    bad |= surrounded
    _mark(result, clusters(bad), DefectClass.CLUSTER)
    kernels = cluster_kernels(bad, imaging, thresholds.kernel_good_neighbours)
    _mark(result, kernels, DefectClass.CLUSTER_KERNEL)
    found = lines(bad, thresholds.line_length, thresholds.line_accompanied)
    _mark(result, found, DefectClass.LINE)
    return result


def with_imports(
    defects: DefectMap,
    imports: tuple[DefectImport, ...],
    withdrawals: tuple[DefectWithdrawal, ...],
    imaging: Mask,
    thresholds: DefectThresholds,
) -> DefectMap:
    """Return a map with these imports and withdrawals for its own, and the groups they make.

    Where none is in force the classes are those that were found, to the bit. Raises as `DefectMap`.
    """
    found = defects.as_found
    listed = listed_classes(found, imports, withdrawals)
    none = np.array_equal(listed, found)
    return replace(
        defects,
        classes=found if none else with_groups(listed, imaging, thresholds),
        imports=imports,
        withdrawals=withdrawals,
        found=found if imports else None,
    )


def non_uniform(evidence: DefectEvidence, thresholds: DefectThresholds, sound: Mask) -> Mask | None:
    """Return the pixels whose corrected flat is too far from the median of the `sound` ones."""
    values, error = evidence.corrected_flat, evidence.corrected_flat_noise
    if values is None or error is None:
        return None
    limit = thresholds.non_uniformity
    local = medians_beyond(values, sound, thresholds.fine_window, 1 - limit, 1 + limit)
    off = np.abs(values - local)
    far: Mask = (off > limit * np.abs(local)) & (off > thresholds.certainty * error)
    return far


def persistent(evidence: DefectEvidence, thresholds: DefectThresholds, sound: Mask) -> Mask | None:
    """Return the pixels that lag too far behind the median of the `sound` ones."""
    values = evidence.after_exposure
    if values is None:
        return None
    error = evidence.after_exposure_error
    factor = thresholds.persistence
    local = medians_beyond(values, sound, thresholds.fine_window, _ANY_LOW, factor)
    above = values - local
    far: Mask = (values > factor * local) & (above > thresholds.certainty * error)
    return far


def _silent(evidence: DefectEvidence, thresholds: DefectThresholds, classes: Classes) -> Mask:
    """Mark and return the pixels whose values say nothing of the dose."""
    response = evidence.response
    typical = max(known_median(response, evidence.imaging, unknown=0.0), 0.0)
    dead = ~(response > thresholds.dead_response * typical)
    cut_off = evidence.zero_fraction > thresholds.zero_fraction
    if panel_noise(evidence.dark_noise, evidence.imaging) <= QUANTISATION_SIGMA:
        # Without noise darks of 0 may be exact, as those of a photon counter.
        cut_off = np.zeros_like(cut_off)
    _mark(classes, dead, DefectClass.DEAD)
    _mark(classes, cut_off, DefectClass.CUT_OFF)
    _mark(classes, evidence.saturated, DefectClass.SATURATED)
    silent: Mask = dead | cut_off | evidence.saturated
    return silent


def _by_response(
    evidence: DefectEvidence, thresholds: DefectThresholds, classes: Classes, good: Mask
) -> None:
    under, over = thresholds.under_response, thresholds.over_response
    response = evidence.response
    local = medians_beyond(response, good, thresholds.window, under, over)
    dead = (classes & DefectClass.DEAD) != 0
    _mark(classes, response > over * local, DefectClass.OVER_RESPONDING)
    _mark(classes, (response < under * local) & ~dead, DefectClass.UNDER_RESPONDING)


def _noisy(evidence: DefectEvidence, thresholds: DefectThresholds) -> Mask:
    typical = panel_noise(evidence.dark_noise, evidence.imaging)
    noisy: Mask = evidence.dark_noise > thresholds.noise * typical
    return noisy


def _mark(classes: Classes, found: Mask | None, defect: DefectClass) -> None:
    if found is not None:
        classes[found] |= np.uint16(defect)

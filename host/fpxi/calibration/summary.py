"""A calibration in words, for whoever decides whether to use it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from fpxi_imaging import (
    Calibration,
    Conditions,
    DarkMap,
    Decision,
    DefectClass,
    GainModel,
    LagModel,
    Shading,
    Source,
)
from fpxi_imaging.calibration.coverage import Coverage
from fpxi_imaging.condition_words import (
    UNKNOWN,
    condition_name,
    condition_range,
    condition_words,
    difference_words,
    stated_words,
)
from fpxi_imaging.conditions import DEFAULT_TOLERANCES
from fpxi_imaging.departures import Agreement, notes_of

Fact = tuple[str, str]
_POINTS_PER_DECADE = 2
_METHODS = {
    "one-level": "one level",
    "piecewise": "piecewise linear",
    "given": "a map that was made elsewhere",
}
_SHADINGS = {Shading.REMOVED: "removed", Shading.KEPT: "kept", Shading.NOT_STATED: UNKNOWN}
_CDS = {0: "without double sampling", 1: "with correlated double sampling"}


def calibration_summary(calibration: Calibration) -> list[Fact]:
    """Return what a calibration is made of, what it covers and how good it is: names and words.

    A name may come more than once, as do the darks of several settings.
    """
    facts = calibration_facts(calibration)
    facts += [
        (each.check.capitalize(), f"{each.grade.value}: {each.text}")
        for each in calibration.verdicts
    ]
    facts += [("Made from", _source_text(source)) for source in calibration.sources]
    return facts


def calibration_facts(calibration: Calibration) -> list[Fact]:
    """Return the same without verdicts and sources."""
    at = calibration.conditions
    made = f"{calibration.created:%Y-%m-%d %H:%M} UTC"
    facts = [
        ("Panel", f"{at.panel or UNKNOWN}, serial number {at.serial_number or UNKNOWN}"),
        ("Frames", _frames_text(calibration)),
        ("Made", f"{made} by {calibration.software}" if calibration.software else made),
        ("Bias", condition_words("bias_mV", at.bias_mV)),
    ]
    facts += [("Darks", _dark_text(dark)) for dark in calibration.darks]
    facts += [
        ("Covers", _coverage_text(each))
        for each in calibration.coverage
        if each.exposures_us[0] < each.exposures_us[1]
        or each.temperatures_mC[0] < each.temperatures_mC[1]
    ]
    facts += [("Gain", _gain_text(gain)) for gain in calibration.gains]
    facts += _defect_facts(calibration)
    facts += _agreement_facts(calibration.agreement)
    facts.append(("Lag", _lag_text(calibration.lag)))
    facts += _lag_points(calibration.lag)
    facts += [
        ("Refreshed", f"{each.time:%Y-%m-%d %H:%M} UTC: {each.text}")
        for each in calibration.refreshes
    ]
    return facts


def _agreement_facts(agreement: Agreement | None) -> Iterator[Fact]:
    """Say which tolerances are not the usual ones, and what any of them let pass."""
    if agreement is None:
        return
    usual = vars(DEFAULT_TOLERANCES)
    other = {name: each for name, each in vars(agreement.tolerances).items() if each != usual[name]}
    if other:
        words = (
            f"{condition_name(name)} {difference_words(name, each)}, usually "
            f"{difference_words(name, usual[name])}"
            for name, each in other.items()
        )
        yield "Tolerances", "; ".join(words)
    for note in notes_of(agreement.departures):
        yield "Let pass", note


def _frames_text(calibration: Calibration) -> str:
    at = calibration.conditions
    rows, columns = calibration.shape
    words = [f"{rows} x {columns} samples from row {at.first_row}, column {at.first_column}"]
    if at.binning > 1:
        words.append(f"binned {at.binning} x {at.binning}")
    words.append(_CDS.get(at.cds, f"double sampling {UNKNOWN}"))
    if at.oversampling > 1:
        words.append(f"{at.oversampling} conversions averaged")
    if at.averaged > 1:
        words.append(f"{at.averaged} exposures averaged")
    return ", ".join(words)


def _dark_text(dark: DarkMap) -> str:
    frames = f"{dark.frames} frames" if dark.frames else f"number of frames {UNKNOWN}"
    words = [_setting_text(dark.conditions), frames]
    noise = _median(dark.noise)
    if noise is not None:
        words.append(f"noise {noise:.2f} counts (median pixel)")
    return ", ".join(words)


def _coverage_text(covered: Coverage) -> str:
    exposures = condition_range("exposure_us", *covered.exposures_us)
    if covered.exposures_us[0] < covered.exposures_us[1]:
        exposures = f"all exposures from {exposures}"
    temperatures = condition_range("temperature_mC", *covered.temperatures_mC)
    setting = condition_words("gain_setting", covered.gain_setting)
    return f"{exposures}, gain setting {setting}, {temperatures}"


def _setting_text(at: Conditions) -> str:
    words = (
        f"gain setting {condition_words('gain_setting', at.gain_setting)}",
        exposure_words(at),
        stated_words("temperature_mC", at.temperature_mC),
    )
    return ", ".join(words)


def exposure_words(at: Conditions) -> str:
    """Return an exposure in words, where it is stated."""
    return stated_words("exposure_us", at.exposure_us)


def _gain_text(gain: GainModel) -> str:
    signals = [level.signal for level in gain.levels]
    reach = f"{min(signals):.0f} to {max(signals):.0f}" if len(signals) > 1 else f"{signals[0]:.0f}"
    flats = f"{gain.frames} flats" if gain.frames else f"number of flats {UNKNOWN}, flats"
    words = [
        _setting_text(gain.conditions),
        _METHODS.get(gain.method.value, gain.method.value),
        f"{flats} at {reach} counts above dark",
        f"shading {_SHADINGS[gain.shading]}",
    ]
    uncertainty = _median(gain.uncertainty)
    if uncertainty is not None:
        words.append(f"uncertainty {uncertainty:.2%} (median pixel)")
    return ", ".join(words)


def _defect_facts(calibration: Calibration) -> Iterator[Fact]:
    defects, imaging = calibration.defects, ~calibration.not_imaging
    count = int(np.count_nonzero(defects.mask & imaging))
    pixels = int(np.count_nonzero(imaging))
    yield "Defects", f"{count} of {pixels} imaging pixels ({count / max(pixels, 1):.2%})"
    found = {each: int(np.count_nonzero(defects.classes & each)) for each in DefectClass}
    by_class = [f"{_words(each)} {number}" for each, number in found.items() if number]
    if by_class:
        yield "Defect classes", ", ".join(by_class) + "; a pixel may be of several"
    for number in defects.in_force(Decision.IMPORT):
        each = defects.imports[number - 1]
        yield "Defects imported", f"{each.pixels} listed in {each.file}, by {each.author}"
    edits = [defects.edits[number - 1] for number in defects.in_force(Decision.EDIT)]
    if edits:
        authors = ", ".join(dict.fromkeys(edit.author for edit in edits))
        yield "Defect edits", f"{len(edits)} by {authors}"
    if defects.withdrawals:
        yield "Withdrawn", f"{len(defects.withdrawals)} edits or imports, which stay on record"


def _words(defect_class: DefectClass) -> str:
    return (defect_class.name or "").lower().replace("_", " ")


def _lag_text(lag: LagModel | None) -> str:
    if lag is None:
        return "not measured"
    parts = zip(lag.fractions, lag.time_constants_s, lag.outlasting, strict=True)
    listed = ", ".join(
        f"{fraction:.2%} with {f'more than {lag.last_s:.3g}' if longer else f'{seconds:.3g}'} s"
        for fraction, seconds, longer in parts
    )
    return f"{listed or 'none above the noise'}; fit leaves {lag.residual:.1e} of the signal"


def _lag_points(lag: LagModel | None) -> Iterator[Fact]:
    """Return what was measured beside what the model has, at a few times."""
    if lag is None or lag.trace is None:
        return
    points = lag.trace.grouped(_POINTS_PER_DECADE)
    columns = points.times_s, points.measured, points.uncertainty, points.fitted
    for time_s, measured, uncertainty, fitted in zip(*columns, strict=True):
        yield (
            "Signal left",
            f"after {time_s:.3g} s {measured:.3%} ± {uncertainty:.3%}, by the model {fitted:.3%}",
        )


def _source_text(source: Source) -> str:
    frames = f", {len(source.frames)} frames" if source.frames else ""
    return f"{source.path} ({source.role.value}{frames})"


def _median(image: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float | None:
    known = image[np.isfinite(image)]
    return float(np.median(known)) if known.size else None

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
from fpxi_imaging.calibration.offset_model import OffsetModel
from fpxi_imaging.conditions import DEFAULT_TOLERANCES
from fpxi_imaging.departures import Agreement, notes_of

Fact = tuple[str, str]
_POINTS_PER_DECADE = 2
_METHODS = {"one-level": "one level", "piecewise": "piecewise linear"}


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
        ("Panel", f"{at.panel}, serial number {at.serial_number}"),
        ("Frames", _frames_text(calibration)),
        ("Made", f"{made} by {calibration.software}" if calibration.software else made),
        ("Bias", f"{at.bias_mV / 1000:g} V"),
    ]
    facts += [("Darks", _dark_text(dark)) for dark in calibration.darks]
    facts += [("Covers", _model_text(model)) for model in calibration.offset_models]
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
        words = (f"{name} {each}, usually {usual[name]}" for name, each in other.items())
        yield "Tolerances", "; ".join(words)
    for note in notes_of(agreement.departures):
        yield "Let pass", note


def _frames_text(calibration: Calibration) -> str:
    at = calibration.conditions
    rows, columns = calibration.shape
    words = [f"{rows} x {columns} samples from row {at.first_row}, column {at.first_column}"]
    if at.binning > 1:
        words.append(f"binned {at.binning} x {at.binning}")
    words.append("with correlated double sampling" if at.cds else "without double sampling")
    if at.oversampling > 1:
        words.append(f"{at.oversampling} conversions averaged")
    if at.averaged > 1:
        words.append(f"{at.averaged} exposures averaged")
    return ", ".join(words)


def _dark_text(dark: DarkMap) -> str:
    words = [_setting_text(dark.conditions), f"{dark.frames} frames"]
    noise = _median(dark.noise)
    if noise is not None:
        words.append(f"noise {noise:.2f} counts (median pixel)")
    return ", ".join(words)


def _model_text(model: OffsetModel) -> str:
    shortest, longest = model.exposures_us[0] / 1000, model.exposures_us[-1] / 1000
    return (
        f"all exposures from {shortest:g} to {longest:g} ms, gain setting {model.gain_setting}, "
        f"{model.temperature_mC / 1000:.1f} degC"
    )


def _setting_text(at: Conditions) -> str:
    return (
        f"gain setting {at.gain_setting}, {at.exposure_us / 1000:g} ms, "
        f"{at.temperature_mC / 1000:.1f} degC"
    )


def _gain_text(gain: GainModel) -> str:
    signals = [level.signal for level in gain.levels]
    reach = f"{min(signals):.0f} to {max(signals):.0f}" if len(signals) > 1 else f"{signals[0]:.0f}"
    shading = "removed" if gain.shading is Shading.REMOVED else "kept"
    words = [
        _setting_text(gain.conditions),
        _METHODS.get(gain.method.value, gain.method.value),
        f"{gain.frames} flats at {reach} counts above dark",
        f"shading {shading}",
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

"""A calibration of one dark and one flat of which no more than the maps is known."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import as_utc
from fpxi_imaging.calibration.calibration import Calibration
from fpxi_imaging.calibration.check_limits import DEFAULT_LIMITS, CheckLimits
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.gain_model import FlatLevel, GainMethod, GainModel, Shading
from fpxi_imaging.conditions import Conditions
from fpxi_imaging.defects.defect_map import DefectClass, DefectMap
from fpxi_imaging.defects.thresholds import DEFAULT_THRESHOLDS, DefectThresholds
from fpxi_imaging.errors import (
    ArrayLayoutError,
    CalibrationError,
    DefectMaskError,
    MapValueError,
    SettingError,
    ShapeMismatchError,
)

Mask = npt.NDArray[np.bool_]
_UNKNOWN = Conditions.of_arrays()


def calibration_from_maps(
    *,
    offset: npt.ArrayLike,
    gain: npt.ArrayLike,
    normalisation: float,
    saturation_level: int,
    defects: Mask | None = None,
    not_imaging: Mask | None = None,
    dark_noise: npt.ArrayLike | None = None,
    noise_per_count: float = 0.0,
    conditions: Conditions = _UNKNOWN,
    dark_frames: int = 0,
    flat_frames: int = 0,
    method: GainMethod = GainMethod.GIVEN,
    shading: Shading = Shading.NOT_STATED,
    created: datetime | None = None,
    thresholds: DefectThresholds = DEFAULT_THRESHOLDS,
    limits: CheckLimits = DEFAULT_LIMITS,
) -> Calibration:
    """Return the calibration that corrects by (raw - offset) * gain, arrays of (rows, cols).

    `offset` is the mean dark, counts; `gain` is 1 for the median pixel: median of (flat - dark)
    over (flat - dark). `normalisation` is that median, counts: the corrected value of an open beam,
    over which transmission is; a wrong one makes transmission and attenuation wrong, nothing else.
    Counts at and above `saturation_level`, 1 to 65535, are saturated.

    What may be left out: `defects` and `not_imaging` (bool, True where a pixel is defective, or no
    part of the image; none is); `dark_noise`, the temporal standard deviation of a single dark in
    counts, a map or one number, and `noise_per_count`, the temporal variance in counts that each
    count of signal adds (for zinger rejection and motion detection at least one of them);
    `conditions` (not stated); the numbers of frames in dark and flat (0: not stated); `created`,
    aware (now). Uncertainties are not known (NaN), nor the classes of the defects (`IMPORTED`).

    Raises `ArrayLayoutError` for a mask that is not bool, `MapValueError` for a good pixel without
    a finite offset and a gain above 0, `DefectMaskError` where more than `limits.most_defective` of
    the pixels that image are defective, `SettingError`, and as `Calibration` does.
    """
    created = datetime.now(UTC) if created is None else as_utc("created", created)
    offset, gain = np.asarray(offset, np.float32), np.asarray(gain, np.float32)
    if offset.ndim != 2 or offset.size == 0:
        raise CalibrationError(f"offset must be a non-empty image, not of shape {offset.shape}")
    if gain.shape != offset.shape:
        raise ShapeMismatchError(offset.shape, gain.shape, name="gain")
    bad = _mask("defects", defects, gain.shape)
    outside = _mask("not_imaging", not_imaging, gain.shape)
    noise = np.full(gain.shape, np.nan, np.float32)
    if dark_noise is not None:
        noise = np.array(np.broadcast_to(np.asarray(dark_noise, np.float32), gain.shape))
    if not 0 <= noise_per_count < float("inf"):
        raise SettingError("noise_per_count", noise_per_count, "0 or above, in counts")
    _require_good_pixels(bad, ~outside, limits)
    good = ~(bad | outside)
    _require_values("offset", "a finite number", offset, np.isfinite(offset), good)
    _require_values("gain", "a finite number above 0", gain, np.isfinite(gain) & (gain > 0), good)
    if dark_noise is not None:
        usable = np.isfinite(noise) & (noise >= 0)
        _require_values("dark_noise", "a finite number, 0 or above,", noise, usable, good)
    return Calibration(
        darks=(DarkMap(offset, noise, dark_frames, conditions, created),),
        gains=(
            GainModel(
                gain=gain,
                uncertainty=np.full(gain.shape, np.nan, np.float32),
                normalisation=normalisation,
                noise_per_count=noise_per_count,
                method=method,
                shading=shading,
                levels=(
                    FlatLevel(
                        signal=normalisation,
                        target=normalisation,
                        frames=flat_frames,
                        clipped=0.0,
                        conditions=conditions,
                        taken=created,
                    ),
                ),
                conditions=conditions,
            ),
        ),
        defects=DefectMap(np.where(bad, DefectClass.IMPORTED, 0).astype(np.uint16)),
        not_imaging=outside,
        saturation_level=saturation_level,
        created=created,
        thresholds=thresholds,
        limits=limits,
    )


def _mask(name: str, mask: Any, shape: tuple[int, ...]) -> Mask:
    if mask is None:
        return np.zeros(shape, np.bool_)
    given = np.asarray(mask)
    if given.shape != shape:
        raise ShapeMismatchError(shape, given.shape, name=name)
    if given.dtype != np.bool_:
        raise ArrayLayoutError(
            name, "of bool, True where a pixel is meant (such as mask != 0)", f"{given.dtype}"
        )
    return given


def _require_good_pixels(defects: Mask, imaging: Mask, limits: CheckLimits) -> None:
    pixels = int(np.count_nonzero(imaging))
    good = int(np.count_nonzero(imaging & ~defects))
    if good == 0 or pixels - good > limits.most_defective * pixels:
        raise DefectMaskError(good, pixels, limits.most_defective)


def _require_values(
    name: str, allowed: str, image: npt.NDArray[np.float32], usable: Mask, good: Mask
) -> None:
    wrong = np.argwhere(good & ~usable)
    if len(wrong):
        row, column = (int(each) for each in wrong[0])
        value = float(image[row, column])
        raise MapValueError(name, allowed, len(wrong), (row, column), value)

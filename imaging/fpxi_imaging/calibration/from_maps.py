"""A calibration of one dark and one flat of which no more than the maps is known."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt

from fpxi_imaging._guards import as_utc
from fpxi_imaging.calibration.calibration import Calibration
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.gain_model import FlatLevel, GainMethod, GainModel, Shading
from fpxi_imaging.conditions import Conditions
from fpxi_imaging.defects.defect_map import DefectClass, DefectMap
from fpxi_imaging.defects.thresholds import DEFAULT_THRESHOLDS, DefectThresholds


def calibration_from_maps(
    *,
    offset: npt.ArrayLike,
    gain: npt.ArrayLike,
    defects: npt.NDArray[np.bool_],
    not_imaging: npt.NDArray[np.bool_],
    normalisation: float,
    saturation_level: int,
    dark_frames: int,
    flat_frames: int,
    conditions: Conditions,
    created: datetime,
    thresholds: DefectThresholds = DEFAULT_THRESHOLDS,
) -> Calibration:
    """Return the calibration that corrects by (raw - offset) * gain, arrays of (rows, cols).

    Noise and uncertainty are not known (NaN), nor the classes of the defects (`IMPORTED`). Raises
    as `Calibration` does.
    """
    created = as_utc("created", created)
    unknown = np.full(np.shape(gain), np.nan, np.float32)
    return Calibration(
        darks=(
            DarkMap(
                mean=np.asarray(offset, np.float32),
                noise=np.full(np.shape(offset), np.nan, np.float32),
                frames=dark_frames,
                conditions=conditions,
                taken=created,
            ),
        ),
        gains=(
            GainModel(
                gain=np.asarray(gain, np.float32),
                uncertainty=unknown,
                normalisation=normalisation,
                noise_per_count=0.0,
                method=GainMethod.ONE_LEVEL,
                shading=Shading.REMOVED,
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
        defects=DefectMap(np.where(defects, DefectClass.IMPORTED, 0).astype(np.uint16)),
        not_imaging=not_imaging,
        saturation_level=saturation_level,
        created=created,
        thresholds=thresholds,
    )

"""Corrections of raw detector frames: pure functions on arrays, compiled by numba."""

from fpxi_imaging._jit import warm_up
from fpxi_imaging.averaging import NO_AVERAGING, Averaging, AveragingMode
from fpxi_imaging.calibration import Calibration, build_calibration
from fpxi_imaging.conditions import Conditions, Tolerances
from fpxi_imaging.corrector import Corrector, correct_frame
from fpxi_imaging.defects import DefectThresholds
from fpxi_imaging.errors import (
    ArrayLayoutError,
    CalibrationError,
    CalibrationMismatchError,
    FlatNotBrighterError,
    ImagingError,
    Mismatch,
    NotEnoughFramesError,
    RegionMismatchError,
    SaturatedError,
    ScanSizeError,
    ScanStepError,
    SettingError,
    ShapeMismatchError,
    TooManyDefectsError,
)
from fpxi_imaging.flags import PixelFlag
from fpxi_imaging.levels import histogram, robust_levels
from fpxi_imaging.processing import DEFAULT_PROCESSING, Orientation, Processing, Scale
from fpxi_imaging.raw import raw_values
from fpxi_imaging.resolved import ResolvedCalibration
from fpxi_imaging.scanning import ScanPath, assemble_scan, scan_path
from fpxi_imaging.stack import StackMean

__all__ = [
    "DEFAULT_PROCESSING",
    "NO_AVERAGING",
    "ArrayLayoutError",
    "Averaging",
    "AveragingMode",
    "Calibration",
    "CalibrationError",
    "CalibrationMismatchError",
    "Conditions",
    "Corrector",
    "DefectThresholds",
    "FlatNotBrighterError",
    "ImagingError",
    "Mismatch",
    "NotEnoughFramesError",
    "Orientation",
    "PixelFlag",
    "Processing",
    "RegionMismatchError",
    "ResolvedCalibration",
    "SaturatedError",
    "Scale",
    "ScanPath",
    "ScanSizeError",
    "ScanStepError",
    "SettingError",
    "ShapeMismatchError",
    "StackMean",
    "Tolerances",
    "TooManyDefectsError",
    "assemble_scan",
    "build_calibration",
    "correct_frame",
    "histogram",
    "raw_values",
    "robust_levels",
    "scan_path",
    "warm_up",
]

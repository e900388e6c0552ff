"""Corrections of raw detector frames: pure functions on arrays, compiled by numba."""

from fpxi_imaging._jit import warm_up
from fpxi_imaging.calibration._gain_building import GainOptions
from fpxi_imaging.calibration.beam_checks import compare_darks
from fpxi_imaging.calibration.building import build_calibration
from fpxi_imaging.calibration.calibration import Calibration
from fpxi_imaging.calibration.check_limits import CheckLimits
from fpxi_imaging.calibration.dark import DarkMap
from fpxi_imaging.calibration.dark_series import dark_map, require_usable_darks
from fpxi_imaging.calibration.errors import (
    AllDeadError,
    AllSaturatedError,
    BeamOnInDarkError,
    DriftError,
    GainLevelsError,
    NoDarkForFlatError,
    TooFewFramesError,
    UnevenFlatError,
)
from fpxi_imaging.calibration.frame_stack import FrameSeries, FrameStack
from fpxi_imaging.calibration.from_maps import calibration_from_maps
from fpxi_imaging.calibration.gain_model import FlatLevel, GainMethod, GainModel, Shading
from fpxi_imaging.calibration.offset_model import OffsetModel
from fpxi_imaging.calibration.offset_refresh import OffsetRefresh
from fpxi_imaging.calibration.source import Source, SourceRole
from fpxi_imaging.condition_words import NOT_STATED
from fpxi_imaging.conditions import Conditions, Tolerances
from fpxi_imaging.correction.averaging import NO_AVERAGING, Averaging, AveragingMode
from fpxi_imaging.correction.corrector import Corrector
from fpxi_imaging.correction.processing import DEFAULT_PROCESSING, Orientation, Processing, Scale
from fpxi_imaging.correction.scripting import CorrectedStack, correct_frame, correct_stack
from fpxi_imaging.defects.decisions import (
    Decision,
    DefectEdit,
    DefectImport,
    DefectWithdrawal,
)
from fpxi_imaging.defects.defect_map import DefectClass, DefectMap, DefectOrigin
from fpxi_imaging.defects.thresholds import DefectThresholds
from fpxi_imaging.errors import (
    ArrayLayoutError,
    CalibrationError,
    CalibrationMismatchError,
    DefectMaskError,
    FlatNotBrighterError,
    FrameTimeError,
    ImagingError,
    MapValueError,
    Mismatch,
    NoLagModelError,
    NoNoiseModelError,
    NotEnoughFramesError,
    ProcessingFormatError,
    RecalibrationError,
    RegionMismatchError,
    SaturatedError,
    ScanSizeError,
    ScanStepError,
    SettingError,
    ShapeMismatchError,
    TooLittleMemoryError,
    TooManyDefectsError,
)
from fpxi_imaging.flags import PixelFlag
from fpxi_imaging.lag.model import LagModel
from fpxi_imaging.lag.trace import LagTrace
from fpxi_imaging.levels import histogram, robust_levels
from fpxi_imaging.linearity import Linearity, Piecewise, Polynomial
from fpxi_imaging.raw import raw_values
from fpxi_imaging.resolved import ResolvedCalibration
from fpxi_imaging.scanning import ScanPath, assemble_scan, scan_path
from fpxi_imaging.verdict import Grade, Verdict

__all__ = [
    "DEFAULT_PROCESSING",
    "NOT_STATED",
    "NO_AVERAGING",
    "AllDeadError",
    "AllSaturatedError",
    "ArrayLayoutError",
    "Averaging",
    "AveragingMode",
    "BeamOnInDarkError",
    "Calibration",
    "CalibrationError",
    "CalibrationMismatchError",
    "CheckLimits",
    "Conditions",
    "CorrectedStack",
    "Corrector",
    "DarkMap",
    "Decision",
    "DefectClass",
    "DefectEdit",
    "DefectImport",
    "DefectMap",
    "DefectMaskError",
    "DefectOrigin",
    "DefectThresholds",
    "DefectWithdrawal",
    "DriftError",
    "FlatLevel",
    "FlatNotBrighterError",
    "FrameSeries",
    "FrameStack",
    "FrameTimeError",
    "GainLevelsError",
    "GainMethod",
    "GainModel",
    "GainOptions",
    "Grade",
    "ImagingError",
    "LagModel",
    "LagTrace",
    "Linearity",
    "MapValueError",
    "Mismatch",
    "NoDarkForFlatError",
    "NoLagModelError",
    "NoNoiseModelError",
    "NotEnoughFramesError",
    "OffsetModel",
    "OffsetRefresh",
    "Orientation",
    "Piecewise",
    "PixelFlag",
    "Polynomial",
    "Processing",
    "ProcessingFormatError",
    "RecalibrationError",
    "RegionMismatchError",
    "ResolvedCalibration",
    "SaturatedError",
    "Scale",
    "ScanPath",
    "ScanSizeError",
    "ScanStepError",
    "SettingError",
    "Shading",
    "ShapeMismatchError",
    "Source",
    "SourceRole",
    "Tolerances",
    "TooFewFramesError",
    "TooLittleMemoryError",
    "TooManyDefectsError",
    "UnevenFlatError",
    "Verdict",
    "assemble_scan",
    "build_calibration",
    "calibration_from_maps",
    "compare_darks",
    "correct_frame",
    "correct_stack",
    "dark_map",
    "histogram",
    "raw_values",
    "require_usable_darks",
    "robust_levels",
    "scan_path",
    "warm_up",
]

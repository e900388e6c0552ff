"""Calibration files, and the runs that make calibrations."""

from fpxi.calibration.files import load_calibration, save_calibration
from fpxi.calibration.live import BeamStep, calibrate_live
from fpxi.calibration.runs import calibration_from_recordings

__all__ = [
    "BeamStep",
    "calibrate_live",
    "calibration_from_recordings",
    "load_calibration",
    "save_calibration",
]

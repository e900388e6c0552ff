"""Calibration files, and the runs that make calibrations."""

from fpxi.calibration.files import load_calibration, save_calibration
from fpxi.calibration.live import BeamStep, calibrate_live
from fpxi.calibration.notes import calibration_notes
from fpxi.calibration.refresh import refresh_offset, refreshed_from_recordings
from fpxi.calibration.runs import calibration_from_recordings
from fpxi.calibration.summary import calibration_summary

__all__ = [
    "BeamStep",
    "calibrate_live",
    "calibration_from_recordings",
    "calibration_notes",
    "calibration_summary",
    "load_calibration",
    "refresh_offset",
    "refreshed_from_recordings",
    "save_calibration",
]

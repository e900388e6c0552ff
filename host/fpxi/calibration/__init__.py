"""Calibration files, and the runs that make calibrations."""

from fpxi.calibration.decisions_taken import with_decisions_of
from fpxi.calibration.files import load_calibration, save_calibration
from fpxi.calibration.live import calibrate_live
from fpxi.calibration.live_refresh import refresh_live
from fpxi.calibration.refresh import refresh_offset, refreshed_from_recordings
from fpxi.calibration.replacing import save_in_place
from fpxi.calibration.runs import calibration_from_recordings
from fpxi.calibration.summary import calibration_summary

__all__ = [
    "calibrate_live",
    "calibration_from_recordings",
    "calibration_summary",
    "load_calibration",
    "refresh_live",
    "refresh_offset",
    "refreshed_from_recordings",
    "save_calibration",
    "save_in_place",
    "with_decisions_of",
]

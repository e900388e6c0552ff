"""Conditions and regions of frames, as calibrations name them."""

from __future__ import annotations

from fpxi_imaging import Conditions, ResolvedCalibration
from fpxi_readout.frame import Frame
from fpxi_readout.protocol.geometry import FrameArea


def conditions_of(frame: Frame, panel: str, serial_number: str) -> Conditions:
    """Return the state of the panel when the frame was taken."""
    return Conditions(
        panel=panel,
        serial_number=serial_number,
        exposure_us=frame.exposure_us,
        gain_setting=frame.gain_setting,
        bias_mV=frame.bias_mV,
        temperature_mC=frame.temperature_mC,
        first_row=frame.sampling.first_row,
        first_column=frame.sampling.first_column,
        binning=frame.sampling.binning,
        cds=int(frame.sampling.cds),
        oversampling=frame.sampling.oversampling,
        averaged=frame.sampling.averaged,
    )


def for_area(calibration: ResolvedCalibration, area: FrameArea) -> ResolvedCalibration:
    """Return what corrects frames of an area. Raises `fpxi_imaging.RegionMismatchError`."""
    return calibration.region(area.first_row, area.first_column, area.shape)

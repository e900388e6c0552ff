"""What the frames of a connected panel will be like, known before any is taken."""

from __future__ import annotations

from fpxi_imaging import Conditions
from fpxi_readout.protocol.geometry import FrameArea, PanelGeometry

from fpxi.session import Session


def conditions_now(session: Session, exposure_us: int) -> Conditions:
    """Return the conditions of frames of an exposure, as the panel is set."""
    geometry, identity, area = _geometry(session), session.identity, area_now(session)
    assert identity is not None  # it is connected
    return Conditions(
        panel=geometry.name,
        serial_number=identity.serial_number,
        exposure_us=exposure_us,
        gain_setting=session.get("gain_setting"),
        bias_mV=session.get("bias_mV"),
        temperature_mC=session.get("temperature_mC"),
        first_row=area.first_row,
        first_column=area.first_column,
        binning=area.binning,
        cds=_setting(session, "cds", 1),
        oversampling=_setting(session, "oversampling", 1),
        averaged=1 << _setting(session, "average_log2", 0),
    )


def area_now(session: Session) -> FrameArea:
    """Return the part of the panel that frames show, as it is set."""
    geometry, binning = _geometry(session), _setting(session, "binning", 1)
    row = _setting(session, "region_first_row", 0)
    column = _setting(session, "region_first_column", 0)
    rows = _setting(session, "region_rows", 0) or geometry.rows - row
    columns = _setting(session, "region_columns", 0) or geometry.columns - column
    return FrameArea(row, column, rows // binning, columns // binning, binning)


def full_scale_of(session: Session) -> int:
    """Return the count at which a connected panel saturates."""
    return _geometry(session).full_scale


def missing_bias_mV(session: Session) -> int | None:
    """Return the bias that a simulated panel works with, if none is set; else None."""
    if session.scene is None or session.get("bias_mV") != 0:
        return None
    return session.scene.wanted_bias_mV or None


def _geometry(session: Session) -> PanelGeometry:
    assert session.geometry is not None  # it is connected
    return session.geometry


def _setting(session: Session, name: str, usual: int) -> int:
    """Return a parameter; firmware that does not know it works in the usual way."""
    dictionary = session.dictionary
    assert dictionary is not None  # it is connected
    return session.get(name) if name in dictionary.parameters else usual

"""The scalars of each frame that a recording keeps, one dataset each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fpxi_readout.frame import Frame


@dataclass(frozen=True, slots=True)
class Column:
    """A dataset of shape (frames,) beside the images."""

    name: str
    dtype: str
    unit: str
    meaning: str
    of_frame: Callable[[Frame], int]
    per_unit: int = 1
    """What a frame says, divided by this, is in `unit`."""
    since: int = 1
    """The layout that brought it."""
    before: int = 0
    """What frames of earlier layouts are."""

    def value(self, frame: Frame) -> float:
        """Return what the file holds for a frame."""
        said = self.of_frame(frame)
        return said if self.per_unit == 1 else said / self.per_unit

    def said(self, value: float) -> int:
        """Return what the frame said; exact, as a float64 holds more than 32 bits."""
        return int(value) if self.per_unit == 1 else round(float(value) * self.per_unit)


def _of_sampling(name: str) -> Callable[[Frame], int]:
    return lambda frame: int(getattr(frame.sampling, name))


COLUMNS: tuple[Column, ...] = (
    Column("sequence_number", "<u4", "", "number since the device started", lambda f: f.number),
    Column("timestamp", "<u8", "us", "device time at exposure start", lambda f: f.timestamp_us),
    Column("exposure_time", "<f8", "s", "integration time", lambda f: f.exposure_us, 1_000_000),
    Column("gain_setting", "<u1", "", "index into the names", lambda f: f.gain_setting),
    Column("bias_voltage", "<f8", "V", "bias during the exposure", lambda f: f.bias_mV, 1000),
    Column("temperature", "<f8", "degC", "at read-out", lambda f: f.temperature_mC, 1000),
    Column("flags", "<u2", "", "bits that the device set", lambda f: int(f.flags)),
    Column("rows_missing", "<u4", "", "rows that never arrived", lambda f: f.rows_missing),
    *(
        Column(name, "<u2", "", meaning, _of_sampling(name), since=2, before=before)
        for name, meaning, before in (
            ("first_row", "panel row of the first sample", 0),
            ("first_column", "panel column of the first sample", 0),
            ("binning", "panel rows, and columns, summed to one sample", 1),
            ("cds", "1 with correlated double sampling", 1),
            ("oversampling", "conversions averaged for each pixel", 1),
            ("averaged", "exposures averaged", 1),
        )
    ),
)

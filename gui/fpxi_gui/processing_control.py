"""What is done to frames on their way to the picture, one choice at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

from fpxi_imaging.correction.averaging import (
    MOST_FOLLOWED_FRAMES,
    MOST_FRAMES,
    NO_AVERAGING,
    Averaging,
    AveragingMode,
)
from fpxi_imaging.correction.processing import DEFAULT_PROCESSING, Processing, Scale

from fpxi_gui.contracts import ViewerSession
from fpxi_gui.state import ProcessingChoices

ZINGER_SIGMA = 6.0
"""Standard deviations of the noise, where the viewer's user switches the rejection on."""
MOTION_SIGMA = 2.0
"""Likewise for an average that follows motion: 6 standard deviations above what rest gives."""


@dataclass(frozen=True)
class AveragingWay:
    """How earlier frames count, apart from how many."""

    mode: AveragingMode
    follows_motion: bool = False
    """It begins anew where the image moves."""

    @classmethod
    def of(cls, averaging: Averaging) -> Self:
        """Return the way of an average."""
        return cls(averaging.mode, averaging.motion_sigma is not None)

    @property
    def most_frames(self) -> int:
        """How many frames it can hold."""
        most = MOST_FRAMES[self.mode]
        return min(most, MOST_FOLLOWED_FRAMES) if self.follows_motion else most


class ProcessingControl:
    """Changes the session's description of processing; the next picture follows it."""

    def __init__(self, session: ViewerSession) -> None:
        self._session = session

    @property
    def processing(self) -> Processing:
        """The description in force."""
        return self._session.pipeline.settings.processing or DEFAULT_PROCESSING

    def state(self) -> ProcessingChoices:
        """Return the choices in force."""
        settings = self._session.pipeline.settings
        calibration = settings.calibration
        return ProcessingChoices(
            processing=self.processing,
            corrected=settings.corrected,
            lag_known=calibration is not None and calibration.lag is not None,
        )

    def set_processing(self, processing: Processing) -> None:
        """Take over a whole description."""
        self._session.pipeline.configure(processing=processing)

    def set_averaging(self, way: AveragingWay, frames: float) -> None:
        """Average so many frames in this way, or as many as it can hold."""
        averages = way.mode is not AveragingMode.NONE
        held = min(max(1, round(frames)), way.most_frames)
        known = self.processing.averaging.motion_sigma or MOTION_SIGMA
        sigma = known if way.follows_motion else None
        self._change(averaging=Averaging(way.mode, held, sigma) if averages else NO_AVERAGING)

    def set_lag(self, on: bool) -> None:
        """Take out the lag, or leave it."""
        self._change(lag=on)

    def set_zingers(self, on: bool) -> None:
        """Reject what stands out for one frame, or show it."""
        self._change(zinger_sigma=ZINGER_SIGMA if on else None)

    def set_repair(self, on: bool) -> None:
        """Interpolate defects, or leave them without a value."""
        self._change(repair=on)

    def set_scale(self, scale: Scale) -> None:
        """Choose what the values are."""
        self._change(scale=scale)

    def flip_rows(self) -> None:
        """Turn the picture as it is seen upside down."""
        self._flip(seen_rows=True)

    def flip_columns(self) -> None:
        """Swap left and right of the picture as it is seen."""
        self._flip(seen_rows=False)

    def rotate(self) -> None:
        """Rotate the picture by 90 degrees more, anticlockwise."""
        orientation = self.processing.orientation
        turned = replace(orientation, rotate_deg=(orientation.rotate_deg + 90) % 360)
        self._change(orientation=turned)

    def _flip(self, *, seen_rows: bool) -> None:
        """Flip after the rotation; the description flips before it, where rows are columns."""
        orientation = self.processing.orientation
        upright = orientation.rotate_deg % 180 == 0
        name = "flip_rows" if seen_rows == upright else "flip_columns"
        self._change(orientation=replace(orientation, **{name: not getattr(orientation, name)}))

    def _change(self, **changes: Any) -> None:
        self.set_processing(replace(self.processing, **changes))

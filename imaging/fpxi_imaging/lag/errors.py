"""What a step-off sequence can lack; each message says what to do next."""

from __future__ import annotations

from fpxi_imaging.errors import CalibrationError


class LagError(CalibrationError):
    """The frames given cannot tell the panel's lag."""


class AveragedExposuresError(LagError):
    """Frames are means of exposures made by the panel: lag changes between these, unseen."""

    def __init__(self, exposures: int) -> None:
        self.exposures = exposures
        super().__init__(
            f"each frame is the mean of {exposures} exposures, and the lag is known for frames of "
            "one: set average_log2 to 0, or leave the lag as it is"
        )


class NoStepError(LagError):
    """The beam does not go off within the sequence."""

    def __init__(self, highest: float, noise: float) -> None:
        self.highest = highest
        self.noise = noise
        super().__init__(
            f"no step-off found: the frames' median reaches {highest:.1f} counts above dark, with "
            f"noise of {noise:.2g}, and does not fall to the dark from there; record frames with "
            "the beam on, switch it off while recording goes on, and give the darks of the same "
            "settings"
        )


class TooFewLagFramesError(LagError):
    """Too few frames before or after the step-off."""

    def __init__(self, part: str, frames: int, required: int) -> None:
        self.part = part
        self.frames = frames
        self.required = required
        super().__init__(
            f"{frames} usable frame(s) {part} the step-off, at least {required} are needed; "
            "record longer, without a pause when the beam goes off"
        )


class LitSaturatedError(LagError):
    """Too many pixels have no valid sample while the beam is on."""

    def __init__(self, fraction: float, allowed: float) -> None:
        self.fraction = fraction
        self.allowed = allowed
        super().__init__(
            f"{fraction:.1%} of the good pixels have no valid sample in the frames before the "
            f"step-off (saturated, or their rows were lost), at most {allowed:.1%} may; lower the "
            "dose, exposure or gain and record again"
        )


class NotDecayingError(LagError):
    """What is left after the step-off does not become less, or is much and hardly becomes less."""

    def __init__(self, early: float, late: float) -> None:
        self.early = early
        self.late = late
        super().__init__(
            f"the signal after the step-off does not decay enough: {early:.3%} of the exposure's "
            f"in the first quarter of the frames, {late:.3%} in the last; check that the beam was "
            "off and that the darks are of these conditions, and record longer"
        )


class TimeStampsError(LagError):
    """The frames' times are not what frames of one acquisition have."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"the frames' times do not serve: {reason}; give each frame's begin by the device's "
            "clock, of one acquisition with one exposure time"
        )


class NothingToCompareError(LagError):
    """No good pixel is above the dark in both flats."""

    def __init__(self) -> None:
        super().__init__(
            "no good pixel is above the dark in both flats; take them with the beam on and "
            "subtract the dark"
        )

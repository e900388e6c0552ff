"""What can be wrong with the frames of a calibration run, seen while the panel is still at hand."""

from __future__ import annotations

from collections.abc import Iterator

from fpxi_imaging import Mismatch
from fpxi_imaging.condition_words import condition_name
from fpxi_readout.protocol.geometry import FrameArea

from fpxi.errors import HostError


class CalibrationRunError(HostError):
    """The frames of a step cannot serve; it can be taken again."""


class TooFewFramesPlannedError(CalibrationRunError):
    """A step is to take so few frames that nothing can be said of their noise."""

    def __init__(self, what: str, frames: int, least: int) -> None:
        self.frames = frames
        self.least = least
        super().__init__(
            f"{frames} of the {what} are too few to tell their noise: take {least} or more, "
            f"better {max(least, 100)}"
        )


class PatternIsSetError(HostError):
    """The panel sends a test pattern in place of its samples."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        super().__init__(
            f"the panel sends the test pattern {pattern} in place of its samples, of which nothing "
            "can be calibrated: set test_pattern=none (--set test_pattern=none)"
        )


class RefreshMismatchError(HostError):
    """Darks of the panel, as it is and as it is set, cannot renew the offset of a calibration."""

    def __init__(
        self,
        mismatches: tuple[Mismatch, ...],
        *,
        gain_settings: tuple[int, ...],
        exposures_us: tuple[int, ...],
        region: FrameArea,
    ) -> None:
        """`gain_settings`, `exposures_us` and `region` are those of the calibration's darks."""
        self.mismatches = mismatches
        self.gain_settings = gain_settings
        self.exposures_us = exposures_us
        self.region = region
        listed = "; ".join(_compared(each) for each in mismatches)
        super().__init__(
            f"darks taken now cannot renew this calibration: {listed}. {self._remedy()}, or "
            "calibrate anew"
        )

    def _remedy(self) -> str:
        names = {each.name for each in self.mismatches}
        if names & {"panel", "serial_number"}:
            return "Connect the panel that it was made with"
        settings = ", ".join(text for each in self.mismatches for text in self._settings(each))
        words = [f"set {settings} (on the command line --set, for each)"] if settings else []
        if "exposure_us" in names:
            listed = ", ".join(f"{exposure / 1000:g} ms" for exposure in self.exposures_us)
            words.append(f"leave --exposure out to renew all that it has darks of ({listed})")
        text = " and ".join(words)
        return text[0].upper() + text[1:]

    def _settings(self, mismatch: Mismatch) -> Iterator[str]:
        """Return the settings that undo a difference."""
        if mismatch.name == "gain_setting":
            yield " or ".join(f"gain_setting={setting}" for setting in self.gain_settings)
        elif mismatch.name == "averaged":
            yield f"average_log2={int(mismatch.calibrated).bit_length() - 1}"
        elif mismatch.name == "region":
            at = self.region
            yield f"region_first_row={at.first_row}"
            yield f"region_rows={at.rows * at.binning}"
            yield f"region_first_column={at.first_column}"
            yield f"region_columns={at.columns * at.binning}"
        elif mismatch.name != "exposure_us":
            yield f"{mismatch.name}={mismatch.calibrated}"


def _compared(mismatch: Mismatch) -> str:
    return (
        f"{condition_name(mismatch.name)} is {mismatch.actual_words} now, and "
        f"{mismatch.calibrated_words} in it{mismatch.allowed_words}"
    )


class NobodyAtTheBeamError(CalibrationRunError):
    """The X-rays have to be switched, and nobody is there to ask."""

    def __init__(self, instruction: str) -> None:
        self.instruction = instruction
        super().__init__(
            f"nobody is there to {instruction}: give calibrate_live an operator, or record darks "
            "and flats with `fpxi capture --dark` and `--flat`"
        )


class DarksCutOffError(CalibrationRunError):
    """Most pixels read 0 without radiation: their offsets lie below the converter's range."""

    def __init__(self, fraction: float, wanted_bias_mV: int | None) -> None:
        self.fraction = fraction
        remedy = (
            "set the panel's bias, its offset or its gain setting so that darks lie above 0"
            if wanted_bias_mV is None
            else f"set the bias that the panel works with: --set bias_mV={wanted_bias_mV}"
        )
        super().__init__(
            f"{fraction:.0%} of the imaging pixels read 0 in the darks, the converter's lowest "
            f"code, so that their offsets are not known; {remedy}, and take the darks again"
        )


class DarksSaturatedError(CalibrationRunError):
    """Too many pixels saturate without radiation."""

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction
        super().__init__(
            f"{fraction:.1%} of the imaging pixels saturate in the darks: the X-rays are on, or "
            "the dark current fills the panel; switch the X-rays off, or shorten the exposure, "
            "and take the darks again"
        )


class FlatTooBrightError(CalibrationRunError):
    """The first few flats saturate, or nearly do."""

    def __init__(
        self,
        level: float,
        full_scale: int,
        saturated: float,
        advised: float,
        *,
        clipped: bool,
        exposure_us: int,
    ) -> None:
        """`advised` is a part of the dose; if the frames are `clipped`, the most it may be."""
        self.level = level
        self.full_scale = full_scale
        self.saturated = saturated
        self.advised = advised
        self.clipped = clipped
        dose = (
            f"{advised:.0%} of what it is, or less: pixels that saturate do not tell by how much "
            "the dose is too high"
            if clipped
            else f"about {advised:.0%} of what it is"
        )
        exposure_ms = float(f"{advised * exposure_us / 1000:.2g}")
        exposure = f"{exposure_ms:g} ms{' or less' if clipped else ''}"
        super().__init__(
            f"the flats are too bright: {saturated:.1%} of the imaging pixels saturate, and the "
            f"median pixel is at {level / full_scale:.0%} of full scale; set the tube current to "
            f"{dose}, and take them again, or begin anew with --exposure of {exposure}"
        )


class FlatTooDimError(CalibrationRunError):
    """The first few flats do not rise above the darks."""

    def __init__(self, response: float, required: float) -> None:
        self.response = response
        self.required = required
        super().__init__(
            f"the flats are {-response:.1f} counts below the darks (median): the X-rays were on "
            "during the darks, and are off now; switch them off and take the darks again, and "
            "switch them on for the flats only"
            if response < -required
            else f"the flats are {response:.1f} counts above the darks (median), and at least "
            f"{required:.1f} are needed: the X-rays are not on now, or they were on during the "
            "darks too, or the panel has no bias, or the tube current is far too low"
        )

    @property
    def darks_lit(self) -> bool:
        """Whether the darks are to blame: the X-rays were on then, and are off."""
        return self.response < -self.required


class LevelUnchangedError(CalibrationRunError):
    """A further level of flats is as bright as one before it."""

    def __init__(self, signal: float, earlier: float, wanted: float) -> None:
        self.signal = signal
        self.earlier = earlier
        self.wanted = wanted
        super().__init__(
            f"these flats are {signal:.0f} counts above the darks, and {earlier:.0f} were taken "
            f"before: another level is wanted here, about {wanted:.0f}; set the tube current, and "
            "take them again"
        )


class BeamOnError(CalibrationRunError):
    """Frames that should be dark are nearly as bright as the flats before them."""

    def __init__(self, above: float, signal: float) -> None:
        self.above = above
        self.signal = signal
        super().__init__(
            f"the X-rays are on: without them the panel should be at the level of the darks taken "
            f"before, and it is {above:.0f} counts above, {above / signal:.0%} of the flats' "
            "signal; switch them off, and take these frames again"
        )


class FirstDarksLitError(CalibrationRunError):
    """The darks before the flats are brighter than those after."""

    def __init__(self, above: float, signal: float) -> None:
        self.above = above
        self.signal = signal
        super().__init__(
            f"the first darks are {above:.0f} counts brighter than those after the flats, "
            f"{above / signal:.1%} of the flats' signal: X-rays were on during the first, or the "
            "panel was still warming up or losing the lag of an earlier exposure; with the X-rays "
            "off, take darks and flats again"
        )


class DarkLevelMovedError(CalibrationRunError):
    """The darks after the flats are brighter than those before, by more than is tolerable."""

    def __init__(self, above: float, signal: float) -> None:
        self.above = above
        self.signal = signal
        super().__init__(
            f"the darks after the flats are {above:.0f} counts brighter than those before, "
            f"{above / signal:.1%} of the flats' signal: a weak beam is still on, lag has not died "
            "away, or the panel is warming up; switch the X-rays off, wait, and take the closing "
            "darks again"
        )


class DarksStillFallingError(CalibrationRunError):
    """The level without X-rays goes on falling."""

    def __init__(self, fall: float, watched_s: float, waited_s: float) -> None:
        """`fall`, counts, in the last `watched_s`."""
        self.fall = fall
        self.waited_s = waited_s
        super().__init__(
            f"after {waited_s:.0f} s the dark level still falls, by {fall:.1f} counts in "
            f"{watched_s:.0f} s: the panel lags behind X-rays that were on, or cools down; leave "
            "the X-rays off, wait a minute or more, and take the darks again"
        )


class SwitchNotSeenError(CalibrationRunError):
    """The signal did not follow after the user was told to switch the X-rays."""

    def __init__(self, waited_s: float, above: float, half: float, *, on: bool) -> None:
        """`above` the darks is the last signal, `half` is half that of the first flats, counts."""
        self.waited_s = waited_s
        self.above = above
        self.half = half
        self.on = on
        word, side = ("on", "above") if on else ("off", "below")
        hint = ", with the tube current of the first flats" if on else ""
        super().__init__(
            f"{waited_s:.0f} s after the X-rays were to be switched {word} the signal is "
            f"{above:.0f} counts, and should be {side} {half:.0f}, half that of the first flats; "
            f"take the lag again, and switch them {word} when told{hint}"
        )


class NoPictureError(HostError):
    """The package that draws is not installed."""

    def __init__(self) -> None:
        super().__init__(
            'the summary picture needs matplotlib: pip install "fpxi[figures]", in a checkout '
            'pip install ".[figures]"; fpxi info cal.h5 --picture cal.png draws it later'
        )

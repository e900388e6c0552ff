"""The named errors of changing a calibration's defects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fpxi_imaging import Decision

from fpxi.errors import HostError


class NotImagingPixelError(HostError):
    """A pixel to be marked or cleared belongs to the process ring."""

    def __init__(self, place: tuple[int, int]) -> None:
        self.place = place
        """Row and column."""
        super().__init__(
            f"row {place[0]}, column {place[1]} is in the process ring, which shows no image; "
            "leave it out"
        )


class NoGainError(HostError):
    """A pixel to be cleared cannot be corrected: the calibration has no gain or offset for it."""

    def __init__(self, place: tuple[int, int]) -> None:
        self.place = place
        super().__init__(
            f"row {place[0]}, column {place[1]} has no finite offset and gain in this calibration, "
            "so that it has to be repaired; calibrate again if it works now"
        )


class TooManyImportedError(HostError):
    """So many pixels would be defective that the list, not the panel, is suspect."""

    def __init__(self, fraction: float, allowed: float) -> None:
        self.fraction = fraction
        self.allowed = allowed
        super().__init__(
            f"{fraction:.1%} of the imaging pixels would be defective, at most {allowed:.1%} may "
            "be; the calibration is as it was: check that the list is of this panel and, of a "
            "mask, which of its values means defective (--bad-is)"
        )


class NoSuchDecisionError(HostError):
    """An edit or import is to be withdrawn that was never made."""

    def __init__(self, decision: Decision, number: int, made: int) -> None:
        self.decision = decision
        self.number = number
        self.made = made
        """How many there are, counted from 1."""
        there = f"they are numbered 1 to {made}" if made else "there is none"
        super().__init__(
            f"there is no {decision.value} {number}, {there}: `fpxi defects ... list` shows them"
        )


class WithdrawnAlreadyError(HostError):
    """An edit or import is to be withdrawn that no longer counts."""

    def __init__(self, decision: Decision, number: int) -> None:
        self.decision = decision
        self.number = number
        super().__init__(
            f"{decision.value} {number} is withdrawn already; to decide anew, mark or clear the "
            "pixel, or import the list again"
        )


class NothingToWithdrawError(HostError):
    """Nobody has decided anything that could be withdrawn."""

    def __init__(self, whose: str, imports: Sequence[int] = ()) -> None:
        self.whose = whose
        """The pixel or the author."""
        self.imports = tuple(imports)
        """The imports in force that list the pixel."""
        if imports:
            listed = ", ".join(str(number) for number in imports)
            remedy = (
                f"it is in the list of import {listed}: clear the pixel, or withdraw the whole "
                "import (--import)"
            )
        else:
            remedy = "what the calibration found is overruled by marking or clearing pixels"
        super().__init__(f"there is no edit in force of {whose}; {remedy}")


class OtherPixelsError(HostError):
    """Decisions about defects are of another panel, region or binning."""

    def __init__(self, differing: tuple[str, ...], decisions: str) -> None:
        self.differing = differing
        """Names of conditions, and `shape`."""
        self.decisions = decisions
        """What there is, in words."""
        listed = ", ".join(_PIXEL_WORDS.get(name, name) for name in differing)
        self.why = f"they are of other pixels, which differ in {listed}"
        super().__init__(
            f"{decisions or 'decisions'} about defects cannot be taken along: {self.why}; take "
            "those of a calibration of the same panel, region and binning"
        )


_PIXEL_WORDS = {
    "serial_number": "serial number",
    "first_row": "first row",
    "first_column": "first column",
    "shape": "rows and columns",
}


class DecisionsWouldBeLostError(HostError):
    """A calibration is to replace one that holds decisions about defects, and has not got these."""

    def __init__(self, path: Path, decisions: str, remedy: str) -> None:
        self.path = path
        self.decisions = decisions
        """What would be lost, in words."""
        super().__init__(f"{path} holds {decisions} about defects that would be lost; {remedy}")


class UnknownDecisionsError(HostError):
    """A file to be replaced cannot be read, so that nobody knows what decisions it holds."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} is no calibration that can be read, so that it is not known what would be "
            f"lost with it: {reason}; choose another name, or remove the file yourself"
        )

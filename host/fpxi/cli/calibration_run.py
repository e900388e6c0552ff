"""The user at the terminal during a calibration run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from fpxi_readout.errors import FpxiError

from fpxi.calibration.operator import Refusal, RunProgress
from fpxi.calibration.plan import RunStep, StepKind
from fpxi.cli.group import CommandFailedError
from fpxi.cli.output import note, plural
from fpxi.cli.progress import ProgressBar

UNATTENDED = (
    "nobody confirmed the X-rays: standard input has ended. Record darks and flats with "
    "fpxi capture --dark and --flat, and give the files to fpxi calibrate"
)
_KEYS = {
    StepKind.DARK: "d",
    StepKind.FLAT: "f",
    StepKind.STEP_OFF: "l",
    StepKind.CLOSING: "c",
}


class TerminalOperator:
    """Asks on standard error, and hears on standard input. Implements `Operator`."""

    def __init__(self, bar: ProgressBar, *, simulated: bool) -> None:
        self._bar = bar
        self._simulated = simulated
        self._steps: tuple[RunStep, ...] = ()

    def plan(self, steps: tuple[RunStep, ...]) -> None:
        """List the steps, unless the panel sees to its X-rays by itself."""
        self._steps = steps
        if self._simulated or len(steps) == 1:
            return
        what = "Calibration" if any(step.beam_on for step in steps) else "Refresh of the offset"
        note(f"{what} in {plural(len(steps), 'step')}; Ctrl-C ends it:")
        for number, step in enumerate(steps, start=1):
            note(f"  {number}. {_description(step)}")

    def prepare(self, step: RunStep) -> None:
        """Ask for the X-rays, and wait for Enter."""
        self._bar.hide()
        number = self._steps.index(step) + 1
        note(f"{number}/{len(self._steps)} {step.label}: {step.instruction}, then press Enter.")
        while answer := _answer().strip():
            note(f"{answer!r} is no answer: press Enter when it is done, or Ctrl-C to end.")

    def progress(self, progress: RunProgress) -> None:
        """Show the frames of this step, and the time that the run still takes."""
        where = f"step {progress.number} of {progress.steps}"
        detail = f"{where}, {_about(progress.left_s)} of frames left"
        self._bar.show(progress.step.label, progress.done, progress.step.frames, detail)

    def say(self, text: str) -> None:
        """Write a line."""
        self._bar.note(text)

    def decide(self, refusal: Refusal) -> RunStep | None:
        """Ask what to take again; None where nobody is at the terminal."""
        if not sys.stdin.isatty():
            return None
        self._bar.hide()
        note(f"Refused: {refusal.error}")
        note(_question(refusal))
        wanted = {_KEYS[choice.kind]: choice for choice in reversed(refusal.choices)}
        while True:
            answer = _answer().strip().lower()
            if not answer:
                return refusal.choices[0]
            if answer in wanted:
                return wanted[answer]
            note(f"{answer!r} is none of the answers: press Enter, or {' or '.join(wanted)}.")


@contextmanager
def notes_shown() -> Iterator[None]:
    """Show the notes of an interruption; those of a named error are shown with the error."""
    try:
        yield
    except FpxiError:
        raise
    except BaseException as error:
        for line in getattr(error, "__notes__", ()):
            note(line)
        raise


def _answer() -> str:
    line = sys.stdin.readline()
    if not line:
        raise CommandFailedError(UNATTENDED)
    return line


def _description(step: RunStep) -> str:
    exposure = f"{step.exposure_us / 1000:g} ms"
    if step.kind is StepKind.STEP_OFF:
        return (
            f"lag: {step.frames} frames of {exposure}, X-rays on for {step.lit_s:.0f} s and then "
            f"off for {step.after_s:.0f} s, when you are told"
        )
    if not step.beam_on:
        return f"{step.frames} {step.kind.value} of {exposure}, X-rays off"
    dose = "" if step.first_level else f" at {step.level:.0%} of the tube current"
    return f"{step.frames} flats of {exposure}, X-rays on{dose}, nothing in between"


def _about(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _question(refusal: Refusal) -> str:
    first, *others = refusal.choices
    words = [f"Put it right, and press Enter to take the {_named(first)} again"]
    words += [f"{_KEYS[each.kind]} and Enter to take the {_named(each)} again" for each in others]
    return ", ".join([*words, "or Ctrl-C to end."])


def _named(step: RunStep) -> str:
    return step.kind.value

"""Taking the steps of a calibration run, one after another, again where frames are refused."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from fpxi_imaging import CalibrationError
from fpxi_readout.errors import FpxiError

from fpxi.calibration.beam import Beam
from fpxi.calibration.held import acquisition_held, exposure_kept
from fpxi.calibration.operator import Operator, Refusal, RunProgress
from fpxi.calibration.plan import RunStep, StepKind
from fpxi.calibration.run_errors import CalibrationRunError
from fpxi.calibration.settling import await_steady_dark
from fpxi.calibration.step_choices import choices_after
from fpxi.calibration.step_off import record_step_off
from fpxi.calibration.watching import Watched, capture_watched, look
from fpxi.image_key import ImageKey
from fpxi.recording.creation import require_new
from fpxi.session import Session

Made = TypeVar("Made")


class Checks(Protocol):
    """Judges each step, and raises the error of what is wrong."""

    @property
    def dark_level(self) -> float | None:
        """What signals are measured against, counts; None where nothing is known yet."""

    @property
    def lit_level(self) -> float | None:
        """Of the first flats, counts; None before them."""

    def look(self, step: RunStep, frames: Watched) -> None:
        """Judge a step by its first few frames."""

    def judge(self, step: RunStep, frames: Watched) -> None:
        """Judge a step by all its frames, and keep what later steps are measured by."""

    def forget(self, step: RunStep) -> None:
        """Drop what is known of a step that is taken again."""


class StepsRun:
    """One run. The panel's exposure, acquisition and simulated X-rays are put back after it."""

    def __init__(
        self,
        session: Session,
        path: Path,
        steps: tuple[RunStep, ...],
        checks: Checks,
        operator: Operator | None,
        *,
        overwrite: bool,
    ) -> None:
        """Prepare a run for the calibration at `path`.

        Raises `RecordingExistsError` for a recording that is there and may not be replaced.
        """
        self.steps = steps
        self._session = session
        self._path = path
        self._checks = checks
        self._operator = operator
        self._overwrite = overwrite
        self._beam = Beam(session, operator)
        self._begun: list[Path] = []
        self._taken: list[RunStep] = []
        """Those that have come to their end."""
        self._left_by: RunStep | None = None
        """The step that left the X-rays as they are; None: nobody knows how they are."""
        self._again = False
        """The next step is taken again: X-rays may have been on where they should not."""
        for step in steps:
            require_new(self._recording(step), overwrite=overwrite)

    def recordings(self, kind: StepKind) -> list[Path]:
        """Return where the steps of a kind are recorded, in their order."""
        return [self._recording(step) for step in self.steps if step.kind is kind]

    def make(self, build: Callable[[], Made]) -> Made:
        """Take every step, and return what `build` makes of them.

        What is refused, by a step's checks or by `build`, is taken again if the operator decides
        so; else the error is raised, with a note that names the recordings kept.
        """
        if self._operator is not None:
            self._operator.plan(self.steps)
        session = self._session
        with (
            self._recordings_named(),
            acquisition_held(session),
            self._beam.put_back(),
            exposure_kept(session),
        ):
            done = 0
            while True:
                step = self.steps[done] if done < len(self.steps) else None
                try:
                    if step is None:
                        return build()
                    self._take(step)
                    done += 1
                except (CalibrationRunError, CalibrationError) as error:
                    done = self._decide(error, step)

    def _take(self, step: RunStep) -> None:
        asked = step.needs_user_after(self._left_by)
        self._left_by = None
        self._beam.prepare(step, asked=asked)
        if self._session.parameters.get("exposure_us") != step.exposure_us:
            self._session.set("exposure_us", step.exposure_us)
        self._await_lag(step)
        self._checks.look(step, look(self._session, self._checks.dark_level))
        path = self._recording(step)
        overwrite = self._overwrite or path in self._begun
        self._begun.append(path)
        if step.kind is StepKind.STEP_OFF:
            dark, lit = self._checks.dark_level, self._checks.lit_level
            assert dark is not None  # darks are the first step,
            assert lit is not None  # and flats come before the lag
            record_step_off(
                self._session,
                path,
                step,
                levels=(dark, lit),
                switch=partial(self._beam.switch_now, step),
                overwrite=overwrite,
                progress=self._reporter(step),
            )
        else:
            frames = capture_watched(
                self._session,
                step.frames,
                path,
                image_key=ImageKey.FLAT if step.beam_on else ImageKey.DARK,
                overwrite=overwrite,
                progress=self._reporter(step),
            )
            self._checks.judge(step, frames)
        self._taken.append(step)
        self._left_by = step

    def _await_lag(self, step: RunStep) -> None:
        """Wait until X-rays that were on before a refusal no longer show in frames without."""
        again, self._again = self._again, False
        if again and not step.beam_on and self._operator is not None:
            await_steady_dark(self._session, self._operator.say)

    def _decide(self, error: FpxiError, step: RunStep | None) -> int:
        """Return the number of the step to go on from; raise the error if the run is over."""
        if self._operator is None or self._beam.simulated:
            raise error
        choices = choices_after(error, step, self.steps)
        chosen = self._operator.decide(Refusal(step, error, choices))
        if chosen is None:
            raise error
        # who takes the same step again says by it that the X-rays are right now
        self._left_by = chosen if chosen is step else None
        self._again = True
        number = self.steps.index(chosen)
        for each in self.steps[number:]:
            self._checks.forget(each)
        self._taken = [each for each in self._taken if each not in self.steps[number:]]
        return number

    def _reporter(self, step: RunStep) -> Callable[[int], None]:
        """Return what is called with the frames of a step so far."""
        operator, began = self._operator, time.monotonic()
        number = self.steps.index(step) + 1

        def report(done: int) -> None:
            if operator is None:
                return
            overhead_s = (time.monotonic() - began) / done - step.exposure_us * 1e-6
            left_s = (step.frames - done) * (overhead_s + step.exposure_us * 1e-6) + sum(
                later.frames * max(0.0, overhead_s + later.exposure_us * 1e-6)
                for later in self.steps[number:]
            )
            operator.progress(RunProgress(step, number, len(self.steps), done, left_s))

        return report

    def _recording(self, step: RunStep) -> Path:
        return self._path.with_suffix(f".{step.name}.h5")

    @contextmanager
    def _recordings_named(self) -> Iterator[None]:
        """Say on an error, or an interruption, which recordings there are."""
        try:
            yield
        except BaseException as error:
            kept = [str(path) for path in dict.fromkeys(self._begun) if path.exists()]
            if kept:
                names = " and ".join(kept)
                error.add_note(
                    f"{names} kept; to calibrate again, allow overwriting (--overwrite)."
                )
                if self._suffice():
                    error.add_note(f"A calibration from these alone: {self._command()}")
            raise

    def _suffice(self) -> bool:
        """Whether all darks and flats of a calibration have been taken."""
        wanted = [each for each in self.steps if each.kind in {StepKind.DARK, StepKind.FLAT}]
        flats = any(each.kind is StepKind.FLAT for each in wanted)
        return flats and all(each in self._taken for each in wanted)

    def _command(self) -> str:
        """Return the command that makes a calibration of what was recorded."""
        words = [
            f"--{kind.option} {shlex.quote(str(path))}"
            for kind in StepKind
            if kind.option and any(each.kind is kind for each in self._taken)
            for path in self.recordings(kind)
        ]
        return f"fpxi calibrate {' '.join(words)} -o {shlex.quote(str(self._path))}"

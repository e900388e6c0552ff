"""Calibrating a connected panel: record darks, record flats, build, save."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fpxi_imaging import Calibration
from fpxi_readout.protocol.generated import Delivery, State

from fpxi.calibration.files import save_calibration
from fpxi.calibration.runs import calibration_from_recordings, require_usable_darks
from fpxi.errors import CalibrationExistsError
from fpxi.image_key import ImageKey
from fpxi.recording.creation import require_new
from fpxi.session import Session


class BeamStep(enum.Enum):
    """What the operator has to see to before frames are taken."""

    DARK = "switch the X-rays off"
    FLAT = "switch the X-rays on, with nothing between source and panel"


Prompt = Callable[[BeamStep], None]
Progress = Callable[[BeamStep, int, int], None]


def calibrate_live(
    session: Session,
    path: str | Path,
    *,
    dark_frames: int = 100,
    flat_frames: int = 100,
    prompt: Prompt,
    progress: Progress | None = None,
    overwrite: bool = False,
) -> Calibration:
    """Record darks and flats of the present conditions, and save the calibration to `path`.

    The recordings are kept beside it: `cal.h5` has `cal.dark.h5` and `cal.flat.h5`. Before each,
    `prompt` is called, and must return when the beam is as `BeamStep` says; a simulated panel is
    seen to by itself. `progress` is called with the step, the frames so far, and the frames in
    all. An acquisition that was on is stopped first and goes on afterwards.

    All three names are looked at first, and the darks are judged before flats are asked for.

    Raises `CalibrationExistsError`, `RecordingExistsError`, whatever `Session.capture` raises, and
    `fpxi_imaging.CalibrationError` if the frames are not what they should be. Recordings that were
    made by then are kept, and a note on the error names them.
    """
    path = Path(path)
    steps = (
        (BeamStep.DARK, ImageKey.DARK, dark_frames),
        (BeamStep.FLAT, ImageKey.FLAT, flat_frames),
    )
    recordings = [path.with_suffix(f".{step.name.lower()}.h5") for step, _, _ in steps]
    _require_free(path, recordings, overwrite=overwrite)
    begun: list[Path] = []
    try:
        with _acquisition_held(session), _scene_kept(session):
            for (step, key, count), recording in zip(steps, recordings, strict=True):
                _see_to_beam(session, step, prompt)
                begun.append(recording)
                session.capture(
                    count,
                    recording,
                    image_key=key,
                    overwrite=overwrite,
                    progress=_for_step(progress, step, count),
                )
                if step is BeamStep.DARK:
                    require_usable_darks(recording)
        calibration = calibration_from_recordings(*recordings)
        save_calibration(path, calibration, overwrite=overwrite)
    except BaseException as error:
        kept = [str(recording) for recording in begun if recording.exists()]
        if kept:
            names = " and ".join(kept)
            error.add_note(f"{names} kept; to calibrate again, allow overwriting (--overwrite).")
        raise
    return calibration


def _require_free(path: Path, recordings: Sequence[Path], *, overwrite: bool) -> None:
    """Raise an error for the first name that is taken, or cannot be, before anything is done."""
    if path.exists() and not overwrite:
        raise CalibrationExistsError(path)
    for recording in recordings:
        require_new(recording, overwrite=overwrite)


def _see_to_beam(session: Session, step: BeamStep, prompt: Prompt) -> None:
    scene = session.scene
    if scene is None:
        prompt(step)
        return
    scene.object = "none"
    scene.beam_on = step is BeamStep.FLAT


def _for_step(
    progress: Progress | None, step: BeamStep, count: int
) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda done: progress(step, done, count)


@contextmanager
def _scene_kept(session: Session) -> Iterator[None]:
    """Put a simulated beam and object back as they were."""
    scene = session.scene
    if scene is None:
        yield
        return
    beam_on, shown = scene.beam_on, scene.object
    try:
        yield
    finally:
        scene.beam_on, scene.object = beam_on, shown


@contextmanager
def _acquisition_held(session: Session) -> Iterator[None]:
    """Stop an acquisition that is on, and start it again afterwards."""
    was_on = session.get("state") not in (State.IDLE, State.FAULT)
    reliable = session.get("delivery") == Delivery.RELIABLE
    if was_on:
        session.stop()
    yield
    if was_on:
        session.start(0, reliable=reliable)

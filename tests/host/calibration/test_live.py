"""Calibration runs on a simulated panel, by users who do as they are told and by others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fpxi
import numpy as np
import pytest
from fpxi.calibration import (
    calibrate_live,
    calibration_from_recordings,
    load_calibration,
    save_calibration,
    settling,
    steps_run,
)
from fpxi.calibration.defect_edit_errors import DecisionsWouldBeLostError
from fpxi.calibration.defect_edits import with_decisions
from fpxi.calibration.operator import Refusal, RunProgress
from fpxi.calibration.plan import LAG_DARK_FRAMES, RunStep, StepKind
from fpxi.calibration.run_errors import (
    BeamOnError,
    DarksSaturatedError,
    FirstDarksLitError,
    FlatTooBrightError,
    FlatTooDimError,
    LevelUnchangedError,
    NobodyAtTheBeamError,
    SwitchNotSeenError,
    TooFewFramesPlannedError,
)
from fpxi.errors import CalibrationExistsError, RecordingExistsError
from fpxi_imaging import Calibration, Grade, SourceRole, UnevenFlatError
from fpxi_imaging.calibration.beam_checks import BEFORE_AND_AFTER
from fpxi_readout.protocol.generated import State

SHORT_LAG: dict[str, Any] = {"lag_on_s": 0.4, "lag_off_s": 0.6}
FEW: dict[str, Any] = {"dark_frames": 8, "flat_frames": 8}


class User:
    """Stands at the panel: switches the beam of its scene, as far as `habits` lets him."""

    def __init__(self, scene: Any, **habits: Callable[[Any], None]) -> None:
        self.scene = scene
        self.habits = habits
        self.asked: list[str] = []
        self.refused: list[Refusal] = []
        self.told: list[str] = []
        self.seen: list[RunProgress] = []
        self.answers: list[Callable[[Refusal], RunStep | None]] = []
        self.dose_rate = scene.dose_rate

    def plan(self, steps: tuple[RunStep, ...]) -> None:
        self.steps = steps

    def prepare(self, step: RunStep) -> None:
        self.asked.append(step.name)
        self._obey(step)

    def progress(self, progress: RunProgress) -> None:
        self.seen.append(progress)

    def say(self, text: str) -> None:
        self.told.append(text)
        self.scene.beam_on = "X-rays on now" in text
        habit = self.habits.get("told")
        if habit is not None:
            habit(self.scene)

    def decide(self, refusal: Refusal) -> RunStep | None:
        self.refused.append(refusal)
        if not self.answers:
            return None
        chosen = self.answers.pop(0)(refusal)
        if chosen is refusal.step:
            self._obey(chosen)
        return chosen

    def _obey(self, step: RunStep) -> None:
        self.scene.object = "none"
        self.scene.beam_on = step.beam_on
        self.scene.dose_rate = self.dose_rate * (step.level or 1.0)
        habit = self.habits.pop(step.name.replace("-", "_"), None)
        if habit is not None:
            habit(self.scene)


def _switch_off(scene: Any) -> None:
    scene.beam_on = False


def leave_on(scene: Any) -> None:
    scene.beam_on = True


def first_choice(refusal: Refusal) -> RunStep:
    return refusal.choices[0]


def second_choice(refusal: Refusal) -> RunStep:
    return refusal.choices[1]


MakeUser = Callable[..., User]


@pytest.fixture(autouse=True)
def _soon_steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watch a dark level for as short as can be."""
    monkeypatch.setattr(settling, "WATCHED_S", 0.01)


@pytest.fixture
def at_the_panel(session: fpxi.Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeUser]:
    """A user, where the panel cannot see to its beam by itself."""
    scene = session.scene
    monkeypatch.setattr(fpxi.Session, "scene", None)
    return lambda **habits: User(scene, **habits)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "cal.h5"


def names_beside(out: Path) -> set[str]:
    return {path.name for path in out.parent.glob("*.h5")}


def test_a_simulated_panel_needs_no_help_and_is_left_as_it_was(
    session: fpxi.Session, out: Path
) -> None:
    scene = session.scene
    before = (scene.beam_on, scene.object, scene.dose_rate, session.get("exposure_us"))
    user = User(scene)
    made = calibrate_live(
        session, out, operator=user, levels=2, exposures_us=(500,), dark_frames=12, flat_frames=10
    )
    assert user.asked == []
    assert (scene.beam_on, scene.object, scene.dose_rate, session.get("exposure_us")) == before
    assert names_beside(out) == {
        "cal.h5",
        "cal.dark.h5",
        "cal.dark-500us.h5",
        "cal.flat.h5",
        "cal.flat-2.h5",
        "cal.closing.h5",
    }
    assert load_calibration(out).conditions == made.conditions
    first, last = user.seen[0], user.seen[-1]
    assert (first.step.name, first.number, first.done, first.steps) == ("dark", 1, 1, 5)
    assert (last.step.name, last.number, last.done) == ("closing", 5, 12)
    assert first.left_s > last.left_s == 0
    with fpxi.read_recording(out.with_name("cal.dark-500us.h5")) as reader:
        assert reader.image_keys.tolist() == [fpxi.ImageKey.DARK] * 12
        assert reader.frame(0).exposure_us == 500


def test_a_fixed_dose_of_each_exposure_stays_fixed(out: Path) -> None:
    with fpxi.open("sim:cmos32?time=virtual&dose=1e-6") as session:
        calibrate_live(session, out, levels=2, **FEW)
        assert session.scene.dose == 1e-6


def test_what_came_of_the_run_is_kept_as_verdicts(session: fpxi.Session, out: Path) -> None:
    made = calibrate_live(session, out, **FEW)
    (verdict,) = (each for each in made.verdicts if each.check == BEFORE_AND_AFTER)
    assert verdict.grade is not Grade.REFUSED
    assert "from before the flats to after them" in verdict.text


def test_an_acquisition_that_was_on_goes_on_afterwards(session: fpxi.Session, out: Path) -> None:
    session.start(reliable=True)
    calibrate_live(session, out, **FEW)
    assert session.get("state") != State.IDLE
    session.stop()


def test_without_anybody_to_ask_nothing_is_recorded(
    session: fpxi.Session, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fpxi.Session, "scene", None)
    with pytest.raises(NobodyAtTheBeamError, match="switch the X-rays off"):
        calibrate_live(session, out, **FEW)
    assert names_beside(out) == set()


def test_the_user_is_asked_whenever_the_beam_has_to_change(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    user = at_the_panel()
    calibrate_live(session, out, operator=user, **FEW)
    assert user.asked == ["dark", "flat", "closing"]


def test_lag_is_recorded_while_the_user_switches_off(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    user = at_the_panel()
    made = calibrate_live(session, out, operator=user, lag=True, **SHORT_LAG, **FEW)
    assert ["on now" in each for each in user.told] == [True, False]
    assert "leave them on, steady, until you are told, for 0 s or so" in user.told[0]
    assert "off now, at once, and leave them off" in user.told[1]
    assert user.asked == ["dark", "flat", "step-off"]
    with fpxi.read_recording(out.with_name("cal.step-off.h5")) as reader:
        levels = [float(frame.samples.mean()) for frame in map(reader.frame, range(len(reader)))]
    lit = np.flatnonzero(np.array(levels) > 2 * levels[0])
    assert lit[0] >= LAG_DARK_FRAMES
    assert 40 <= len(lit) < 60  # and those that come until the switch is seen
    assert len(levels) - lit[-1] >= 60  # a busy machine sees fewer frames than it records
    assert made.lag is not None
    assert any(source.role is SourceRole.STEP_OFF for source in made.sources)
    (persistent,) = (each for each in made.verdicts if each.check == "persistent pixels")
    assert "there is no frame from just after an exposure" not in persistent.text
    assert [source.role.value for source in made.sources][-1] == "step-off"
    (persistent,) = (each for each in made.verdicts if each.check == "persistent pixels")
    assert "not judged" not in persistent.text


def refuse(
    session: fpxi.Session, out: Path, user: User, error: type[Exception], **options: Any
) -> Exception:
    """Run until refused; the recordings so far are named in the error's note."""
    with pytest.raises(error) as caught:
        calibrate_live(session, out, operator=user, **FEW, **options)
    assert not out.exists()
    assert caught.value is user.refused[-1].error
    kept = sorted(names_beside(out))
    note = "".join(getattr(caught.value, "__notes__", ()))
    assert all(name in note for name in kept)
    assert bool(kept) == ("--overwrite" in note)
    return caught.value


def test_a_beam_that_was_on_from_the_start_is_known_by_the_first_few_flats(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    user = at_the_panel(dark=leave_on)
    error = refuse(session, out, user, FlatTooDimError)
    assert "or they were on during the darks" in str(error)
    assert names_beside(out) == {"cal.dark.h5"}
    assert [step.name for step in user.refused[0].choices] == ["flat", "dark"]


def test_a_beam_that_was_not_switched_on_is_refused_and_the_flats_taken_again(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    user = at_the_panel(flat=_switch_off)
    user.answers = [first_choice]
    made = calibrate_live(session, out, operator=user, **FEW)
    assert [type(each.error) for each in user.refused] == [FlatTooDimError]
    assert user.asked == ["dark", "flat", "closing"]
    assert made.normalisation > 1000


def test_darks_with_the_beam_on_can_be_taken_again(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    user = at_the_panel(dark=leave_on)
    user.answers = [second_choice]
    made = calibrate_live(session, out, operator=user, **FEW)
    assert user.asked == ["dark", "flat", "dark", "flat", "closing"]
    assert made.normalisation > 1000


def test_darks_with_the_beam_on_and_flats_without_are_told_to_be_so(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    user = at_the_panel(dark=leave_on, flat=_switch_off)
    user.answers = [first_choice]
    calibrate_live(session, out, operator=user, **FEW)
    (refusal,) = user.refused
    assert "counts below the darks (median): the X-rays were on during the darks" in str(
        refusal.error
    )
    assert [step.name for step in refusal.choices] == ["dark"]


def test_darks_taken_again_wait_for_the_lag_of_the_beam(
    session: fpxi.Session,
    at_the_panel: MakeUser,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[str] = []
    monkeypatch.setattr(
        steps_run, "await_steady_dark", lambda _session, _say: waited.append(user.asked[-1])
    )
    user = at_the_panel(dark=leave_on)
    user.answers = [second_choice]
    calibrate_live(session, out, operator=user, **FEW)
    assert waited == ["dark"]


def weakly(scene: Any) -> None:
    scene.beam_on, scene.dose_rate = True, scene.dose_rate / 5


def test_a_weak_beam_in_the_darks_is_known_by_the_darks_after_the_flats(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    user = at_the_panel(dark=weakly)
    error = refuse(session, out, user, FirstDarksLitError)
    assert "take darks and flats again" in str(error)
    assert [step.name for step in user.refused[0].choices] == ["dark"]


def test_a_beam_left_on_after_the_flats_is_told_and_the_run_goes_on(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    user = at_the_panel(closing=leave_on)
    user.answers = [first_choice]
    calibrate_live(session, out, operator=user, **FEW)
    (refusal,) = user.refused
    assert isinstance(refusal.error, BeamOnError)
    assert "the X-rays are on" in str(refusal.error)


def test_a_beam_much_too_strong_in_the_darks_is_told_by_the_first_few(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    def flood(scene: Any) -> None:
        scene.beam_on, scene.dose_rate = True, 1.0

    error = refuse(session, out, at_the_panel(dark=flood), DarksSaturatedError)
    assert "the X-rays are on" in str(error)
    assert names_beside(out) == set()


def test_flats_that_saturate_are_told_by_the_first_few_with_the_dose_to_take(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    def flood(scene: Any) -> None:
        scene.dose_rate *= 100

    user = at_the_panel(flat=flood)
    error = refuse(session, out, user, FlatTooBrightError)
    assert isinstance(error, FlatTooBrightError)
    assert error.clipped
    assert 0.6 < error.advised < 0.7  # at most: of the signal, darks lie at an eighth
    share = f"{error.advised:.0%}"
    assert f"set the tube current to {share} of what it is, or less: pixels that" in str(error)
    assert f"--exposure of {error.advised * 10:.2g} ms or less" in str(error)
    assert names_beside(out) == {"cal.dark.h5"}


def test_flats_near_full_scale_are_brought_to_seven_tenths_of_it(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    full_scale = session.geometry.full_scale

    def brighten(scene: Any) -> None:
        scene.dose_rate *= 2.4

    user = at_the_panel(flat=brighten)
    error = refuse(session, out, user, FlatTooBrightError)
    assert isinstance(error, FlatTooBrightError)
    assert 0.9 < error.level / full_scale < 0.98
    assert 0.7 < error.advised < 0.76  # of the signal; the darks lie at an eighth of full scale
    assert not error.clipped
    assert f"set the tube current to about {error.advised:.0%} of what it is, and" in str(error)


def test_an_object_left_in_the_beam_is_told_by_the_first_few_flats(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    def leave_object(scene: Any) -> None:
        scene.object = "letters-caep"

    user = at_the_panel(flat=leave_object)
    user.answers = [first_choice]
    calibrate_live(session, out, operator=user, **FEW)
    (refusal,) = user.refused
    assert isinstance(refusal.error, UnevenFlatError)
    assert "out of the beam" in str(refusal.error)


def test_a_level_that_was_not_changed_is_told(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    def as_before(scene: Any) -> None:
        scene.dose_rate *= 2

    error = refuse(session, out, at_the_panel(flat_2=as_before), LevelUnchangedError, levels=2)
    assert "another level is wanted" in str(error)


@pytest.mark.parametrize(("on", "habit"), [(True, _switch_off), (False, leave_on)])
def test_a_beam_that_is_not_switched_when_told_ends_the_lag(
    session: fpxi.Session,
    at_the_panel: MakeUser,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
    on: bool,
    habit: Callable[[Any], None],
) -> None:
    monkeypatch.setattr("fpxi.calibration.step_off.PATIENCE_S", 0.5)
    user = at_the_panel(told=habit)
    error = refuse(session, out, user, SwitchNotSeenError, lag=True, **SHORT_LAG)
    assert isinstance(error, SwitchNotSeenError)
    assert error.on == on
    assert (error.above > error.half) != on
    assert ("with the tube current of the first flats" in str(error)) == on
    assert [step.name for step in user.refused[0].choices] == ["step-off"]


def test_a_panel_without_its_bias_is_told_by_the_first_few_flats(out: Path) -> None:
    with (
        fpxi.open("sim:cmos32-cspbbr3?time=virtual") as session,
        pytest.raises(FlatTooDimError, match="the panel has no bias"),
    ):
        calibrate_live(session, out, **FEW)


def test_too_few_frames_are_refused_before_anything_is_asked(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    user = at_the_panel()
    with pytest.raises(TooFewFramesPlannedError):
        calibrate_live(session, out, operator=user, dark_frames=1)
    assert user.asked == []


def test_darks_and_flats_that_are_kept_make_a_calibration_by_the_command_named(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    user = at_the_panel(closing=leave_on)
    error = refuse(session, out, user, BeamOnError, exposures_us=(5000,))
    *_, command = error.__notes__
    words = command.split()
    assert words[5:7] == ["fpxi", "calibrate"]
    given = [path.name for path in map(Path, words) if path.suffix == ".h5"]
    assert given == ["cal.dark.h5", "cal.dark-5000us.h5", "cal.flat.h5", "cal.h5"]
    darks, flats = words[8:11:2], [words[12]]
    assert calibration_from_recordings(darks, flats).normalisation > 1000


def test_where_the_darks_have_to_be_taken_again_they_are_not_offered(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    error = refuse(session, out, at_the_panel(flat=_switch_off), FlatTooDimError)
    assert len(error.__notes__) == 1


def test_flats_from_before_darks_that_were_taken_again_are_not_offered_either(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    def once(_scene: Any) -> None:
        user.habits["flat"] = _switch_off

    user = at_the_panel(dark=weakly, flat=once)
    user.answers = [first_choice]
    error = refuse(session, out, user, FlatTooDimError)
    assert [type(each.error) for each in user.refused] == [FirstDarksLitError, FlatTooDimError]
    assert len(error.__notes__) == 1


def test_an_interruption_keeps_the_recordings_and_says_so(
    session: fpxi.Session, at_the_panel: MakeUser, out: Path
) -> None:
    def interrupt(_scene: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        calibrate_live(session, out, operator=at_the_panel(flat=interrupt), **FEW)
    assert f"{out.with_name('cal.dark.h5')} kept" in caught.value.__notes__[0]
    assert session.get("exposure_us") > 0


def test_an_existing_calibration_is_not_collected_over(session: fpxi.Session, out: Path) -> None:
    out.touch()
    with pytest.raises(CalibrationExistsError):
        calibrate_live(session, out, operator=User(session.scene), **FEW)
    assert names_beside(out) == {"cal.h5"}


@pytest.mark.parametrize("taken", ["cal.dark.h5", "cal.flat.h5", "cal.closing.h5"])
def test_every_name_is_looked_at_before_anything_is_recorded(
    session: fpxi.Session, out: Path, taken: str
) -> None:
    out.with_name(taken).touch()
    with pytest.raises(RecordingExistsError):
        calibrate_live(session, out, **FEW)
    assert names_beside(out) == {taken}


def test_recordings_are_replaced_where_that_is_allowed(session: fpxi.Session, out: Path) -> None:
    out.with_name("cal.dark.h5").touch()
    made: Calibration = calibrate_live(session, out, overwrite=True, **FEW)
    assert made.dark_frames == FEW["dark_frames"]


def test_every_kind_of_step_knows_whether_the_beam_is_wanted() -> None:
    wanted = {StepKind.FLAT}
    for kind in StepKind:
        assert RunStep(kind, "a", 2, 1000).beam_on == (kind in wanted)


def test_decisions_of_what_is_overwritten_are_taken_along(session: fpxi.Session, out: Path) -> None:
    first = calibrate_live(session, out, **FEW)
    place = tuple(int(each) for each in np.argwhere(~first.not_imaging)[0])
    marked = with_decisions(first, [place], defective=True, author="Ada", reason="")
    save_calibration(out, marked, overwrite=True)
    made = calibrate_live(session, out, overwrite=True, **FEW)
    assert made.defects.edits == marked.defects.edits
    assert load_calibration(out).defects.mask[place]


def test_decisions_of_another_region_are_told_before_anything_is_recorded(
    session: fpxi.Session, out: Path, rich: Calibration
) -> None:
    save_calibration(out, rich)
    with pytest.raises(DecisionsWouldBeLostError):
        calibrate_live(session, out, overwrite=True, operator=User(session.scene), **FEW)
    assert names_beside(out) == {"cal.h5"}

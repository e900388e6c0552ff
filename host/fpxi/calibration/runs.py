"""From recordings of darks and flats to a calibration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path

from fpxi_imaging import (
    Calibration,
    CheckLimits,
    DefectThresholds,
    FrameSeries,
    GainOptions,
    Tolerances,
    Verdict,
    build_calibration,
)
from fpxi_imaging.calibration.building import DEFAULT_GAIN
from fpxi_imaging.calibration.check_limits import DEFAULT_LIMITS
from fpxi_imaging.calibration.dark_series import require_usable_darks as require_usable_series
from fpxi_imaging.conditions import DEFAULT_TOLERANCES
from fpxi_imaging.defects.thresholds import DEFAULT_THRESHOLDS
from fpxi_imaging.departures import Agreement, collected

from fpxi.calibration.errors import (
    RecordingListError,
    RelativeDosesError,
    SettingWithoutFlatsError,
)
from fpxi.calibration.lagging import with_lag
from fpxi.calibration.provenance import source_of
from fpxi.calibration.series import (
    Chosen,
    Group,
    choose,
    conditions_of_group,
    grouped,
    read_series,
    require_one_panel,
)
from fpxi.image_key import ImageKey
from fpxi.recording.conditions import distinct_conditions, recorded_conditions
from fpxi.recording.reader import read_recording
from fpxi.software import software_version

Paths = str | Path | Sequence[str | Path]
Progress = Callable[[int, int], None]


def calibration_from_recordings(
    darks: Paths,
    flats: Paths,
    *,
    step_off: str | Path | None = None,
    lag_exposure_s: float | None = None,
    gain: GainOptions = DEFAULT_GAIN,
    relative_doses: Sequence[float] | None = None,
    thresholds: DefectThresholds = DEFAULT_THRESHOLDS,
    limits: CheckLimits = DEFAULT_LIMITS,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    unmarked: bool = False,
    progress: Progress | None = None,
) -> Calibration:
    """Make a calibration from recordings of darks and of flats; one file may hold both.

    Frames are taken by their image key. With `unmarked`, all frames are taken of a recording in
    which none is marked as dark or flat. Frames with missing rows count where they have rows.
    `progress` is called with the frames done and the frames in all: those of darks and flats, then
    those of `step_off`.

    Frames are put into series as `fpxi.calibration.series` says: darks by exposure, gain setting
    and temperature, flats also by their recording, so that flats of several levels are to be
    recorded to one file each. `relative_doses` are those of the flats' recordings, in any unit.
    Every series of flats needs darks that fit it, or that the offset can be modelled from; darks
    of other exposures and temperatures widen what the calibration covers.

    `step_off` is a recording in which the beam goes off while frames go on: the lag is fitted to
    it, and the pixels that lag most are known by it (`fpxi.calibration.lag_run`). `lag_exposure_s`
    is how long the beam had been on, where that is not in the recording; else it is taken from it,
    or for endless.

    Raises `UnmarkedRecordingError`, `WrongImageKeyError`, `MixedConditionsError`,
    `SettingWithoutFlatsError`, `RecordingListError`, `RelativeDosesError`, `NotARecordingError`,
    `fpxi.errors.FrameSelectionError` for a recording without frames, `PatternFramesError`, and
    `fpxi_imaging.CalibrationError` for frames that make no calibration, such as darks with the
    beam on.
    """
    dark_paths, flat_paths = listed(darks, "darks"), listed(flats, "flats")
    doses = _doses(relative_doses, flat_paths)
    with (
        chosen_frames(dark_paths, ImageKey.DARK, unmarked=unmarked) as dark_frames,
        chosen_frames(flat_paths, ImageKey.FLAT, unmarked=unmarked) as of_flats,
    ):
        flat_frames = _with_doses(of_flats, doses)
        dark_series, flat_series = _read_series(dark_frames, flat_frames, tolerances, progress)
        panel = flat_frames[0].reader
        build = partial(
            build_calibration,
            dark_series,
            flat_series,
            not_imaging=panel.not_imaging,
            saturation_level=panel.geometry.full_scale,
            created=datetime.now(UTC),
            gain=gain,
            thresholds=thresholds,
            limits=limits,
            tolerances=tolerances,
        )
        calibration = build()
        if step_off is not None:
            calibration = with_lag(
                calibration,
                build,
                Path(step_off),
                tolerances,
                progress,
                exposure_s=lag_exposure_s,
            )
        frames = [*dark_frames, *flat_frames]
        agreement = _agreement(calibration, frames, step_off, tolerances)
        return _signed(replace(calibration, agreement=agreement), frames)


def listed(paths: Paths, what: str) -> list[Path]:
    """Return one recording or several as a list. Raises `RecordingListError`."""
    found = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not found or len({path.resolve() for path in found}) < len(found):
        raise RecordingListError(what, tuple(found))
    return found


def require_usable_darks(
    darks: Paths,
    *,
    limits: CheckLimits = DEFAULT_LIMITS,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
) -> tuple[Verdict, ...]:
    """Return what can be said of recordings of darks before flats are taken.

    Raises what `calibration_from_recordings` does for darks, and
    `fpxi_imaging.calibration.dark_series.require_usable_darks`.
    """
    with chosen_frames(listed(darks, "darks"), ImageKey.DARK, unmarked=False) as chosen:
        require_one_panel(chosen, tolerances)
        reader = chosen[0].reader
        judged = [
            require_usable_series(
                series,
                not_imaging=reader.not_imaging,
                saturation_level=reader.geometry.full_scale,
                limits=limits,
            )
            for series in read_groups(grouped(chosen, tolerances), None)
        ]
    return tuple(verdict for verdicts in judged for verdict in verdicts)


@contextmanager
def chosen_frames(
    paths: Sequence[Path], key: ImageKey, *, unmarked: bool
) -> Iterator[list[Chosen]]:
    """Open recordings and choose their frames, as `series.choose` does and raises."""
    with ExitStack() as stack:
        readers = [stack.enter_context(read_recording(path)) for path in paths]
        yield [choose(reader, key, unmarked=unmarked) for reader in readers]


def read_groups(groups: Sequence[Group], progress: Progress | None) -> list[FrameSeries]:
    """Read the frames of each group; `progress` is called with the frames done, and all."""
    total = sum(len(part.indices) for group in groups for part in group)
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, total)

    return [read_series(group, count) for group in groups]


def _doses(given: Sequence[float] | None, flats: Sequence[Path]) -> Sequence[float | None]:
    if given is None:
        return [None] * len(flats)
    if len(given) != len(flats) or not all(dose > 0 for dose in given):
        raise RelativeDosesError(tuple(given), len(flats))
    return given


def _with_doses(flats: Sequence[Chosen], doses: Sequence[float | None]) -> list[Chosen]:
    return [replace(each, relative_dose=dose) for each, dose in zip(flats, doses, strict=True)]


def _read_series(
    darks: Sequence[Chosen],
    flats: Sequence[Chosen],
    tolerances: Tolerances,
    progress: Progress | None,
) -> tuple[list[FrameSeries], list[FrameSeries]]:
    """Return the series of darks and those of flats, once it is known that they go together."""
    require_one_panel([*flats, *darks], tolerances)
    of_darks, of_flats = grouped(darks, tolerances), grouped(flats, tolerances)
    _require_flats(of_darks, of_flats)
    series = read_groups([*of_darks, *of_flats], progress)
    return series[: len(of_darks)], series[len(of_darks) :]


def _signed(calibration: Calibration, frames: Sequence[Chosen]) -> Calibration:
    """Return a calibration that says what it was made of, and by which program."""
    sources = tuple(source_of(each) for each in frames)
    return replace(
        calibration,
        sources=(*sources, *calibration.sources),
        software=f"fpxi {software_version()}",
    )


def _agreement(
    calibration: Calibration,
    frames: Sequence[Chosen],
    step_off: str | Path | None,
    tolerances: Tolerances,
) -> Agreement:
    """Return how far the frames are from what the calibration corrects them with."""
    occurring = [each for part in frames for each in distinct_conditions(part.reader, part.numbers)]
    if step_off is not None:
        with read_recording(step_off) as reader:
            occurring += recorded_conditions(reader)
    found = (calibration.departures(each, tolerances) for each in occurring)
    return Agreement(tolerances, collected(chain.from_iterable(found)))


def _require_flats(darks: Sequence[Group], flats: Sequence[Group]) -> None:
    """Refuse darks of a gain setting that no flat has: they would serve for nothing."""
    settings = {conditions_of_group(group).gain_setting for group in flats}
    for group in darks:
        own = conditions_of_group(group).gain_setting
        if own not in settings:
            raise SettingWithoutFlatsError(group[0].reader.path, own, tuple(sorted(settings)))

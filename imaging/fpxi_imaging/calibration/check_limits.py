"""When the frames, rather than single pixels, make no calibration."""

from __future__ import annotations

from dataclasses import dataclass

from fpxi_imaging._guards import require_positive


@dataclass(frozen=True)
class CheckLimits:
    """What the frames of a calibration have to meet; kept in its file.

    Raises `SettingError` for a figure that is not above 0.
    """

    least_frames: int = 2
    """Of each series: fewer tell nothing of their noise."""
    advised_frames: int = 30
    """ASTM E2597 asks for 30 to 100 darks to tell noisy pixels from chance."""
    least_flat_response: float = 3.0
    """The flat must rise above the dark by this multiple of the median sigma of the darks."""
    most_defective: float = 0.5
    """Largest fraction of imaging pixels that may be defective."""
    many_defects: float = 0.05
    """Above this fraction the frames are doubtful."""
    most_saturated: float = 0.05
    """Largest fraction of imaging pixels that may saturate in a series."""
    most_uneven: float = 2.0
    """Largest ratio of the smooth surface's highest value to its lowest."""
    uneven: float = 1.3
    """Above this ratio the flat is doubtful."""
    most_local_residual: float = 0.2
    """Largest part by which the median of a block of pixels may differ from the surface: more is an
    object in the beam, or its shadow."""
    residual_sigmas: float = 4.0
    """As long as it is no more than so many robust standard deviations of all such blocks: thin
    films are uneven by themselves."""
    local_residual: float = 0.05
    """Above this part the flat is doubtful."""
    departure: float = 0.4
    """A pixel departs if its response differs from the surface by more than this part,"""
    departure_sigmas: float = 4.0
    """and by more than so many standard deviations of its noise,"""
    departure_scatters: float = 3.0
    """and of the scatter between neighbouring pixels."""
    most_departing: float = 0.05
    """Largest fraction of imaging pixels that may depart: more is an object in the beam."""
    residual_block: int = 7
    """Side of these blocks, pixels."""
    most_dark_drift: float = 1.0
    """Largest drift of the darks' median during a series, in median sigmas of a dark."""
    dark_drift: float = 0.2
    """Above this the darks are doubtful."""
    most_flat_drift: float = 0.05
    """Largest relative drift of the flats' median during a series."""
    flat_drift: float = 0.01
    """Above this the flats are doubtful."""
    drift_certainty: float = 4.0
    """A drift of fewer standard errors is none."""
    most_beam_in_dark: float = 0.02
    """Largest part of the flats' signal that may show in the darks, by pattern and by noise."""
    beam_certainty: float = 5.0
    """A signal in the darks of fewer standard errors is none."""
    photon_share: float = 0.5
    """A rise of the darks is X-rays if their variance rises by at least this part of what the flats
    add for the same rise; dark current adds far less."""
    most_cut_off: float = 0.5
    """Largest fraction of imaging pixels that may read 0 in the median dark of a guided run."""
    brightest_flat: float = 0.9
    """Of full scale, for the median pixel of a guided run's flats: brighter pixels respond less and
    less."""
    least_level_change: float = 0.1
    """Of the signal of a level: two levels of flats of a guided run differ by more."""
    still_on: float = 0.5
    """Of the last flats' signal: closing darks above this are no darks."""
    lit_refresh: float = 0.2
    """Of the flats' signal: darks of a guided refresh this far above the old ones are lit."""
    most_closing_rise: float = 0.05
    """Of the highest flats' signal: how far closing darks may lie above the first, by lag
    mostly."""
    most_closing_fall: float = 0.02
    """Of the highest flats' signal: how far they may lie below the first, which were then lit."""
    least_closing_move: float = 1.0
    """In median sigmas of a dark: a smaller change of the closing darks is always tolerated."""
    gain_uncertainty: float = 0.005
    """Above this relative uncertainty of the median pixel's gain more flats are advised."""
    misfit: float = 2.0
    """Above this goodness of fit (1 where the description holds) another description is advised."""

    def __post_init__(self) -> None:
        require_positive(self)


DEFAULT_LIMITS = CheckLimits()

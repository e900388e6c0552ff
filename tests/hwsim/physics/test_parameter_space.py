"""Whatever the parameters: they are refused by name, or what comes out is possible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest
from fpxi_hwsim.errors import SimulationError, UnphysicalError
from fpxi_hwsim.physics.chain import Chain
from fpxi_hwsim.presets import PRESETS, Preset
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

STAGES = "beam", "converter", "film", "array", "front_end"
SMALL = ("tft64", "cmos32", "pixel-mapbi3", "csi-tl")
Path = tuple[str | int, ...]


def numbers(settings: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the way to every number among the settings of a stage, by names and by places."""
    if isinstance(settings, tuple):
        for place, part in enumerate(settings):
            yield from numbers(part, (*path, place))
    elif is_dataclass(settings):
        for field in fields(settings):
            yield from numbers(getattr(settings, field.name), (*path, field.name))
    elif isinstance(settings, int | float) and not isinstance(settings, bool):
        yield path


def with_number(settings: Any, path: Path, value: float) -> Any:
    """Return the settings with one number changed, of the same type."""
    if not path:
        return int(value) if isinstance(settings, int) and np.isfinite(value) else value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        new = with_number(settings[step], rest, value)
        return (*settings[:step], new, *settings[step + 1 :])
    return replace(settings, **{step: with_number(getattr(settings, step), rest, value)})


def frames_of(preset: Preset, *exposures: Exposure, **scene: Any) -> list[np.ndarray]:
    """Expose a panel; any floating-point surprise is an error."""
    with np.errstate(all="raise", under="ignore"):
        specification = SimulationSpecification(preset, **scene)
        source = PixelSource(specification, Scene(specification))
        frames = [source.expose(exposure) for exposure in exposures]
    return [frame for frame in frames if frame is not None]


PATHS = sorted(
    {
        (name, stage, path)
        for name in SMALL
        if name in PRESETS
        for stage in STAGES
        for path in numbers(getattr(PRESETS[name], stage))
    },
    key=str,
)
VALUES = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(-10, 10),
    st.integers(-3, 40).map(float),
    st.floats(-12, 12).map(lambda power: 10.0**power),
)


# The same examples in every run: a failure is to tell of a change, not of chance.
@settings(
    max_examples=200, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.sampled_from(PATHS), VALUES)
def test_any_value_of_any_parameter_is_refused_by_name_or_gives_possible_frames(
    place: tuple[str, str, Path], value: float
) -> None:
    name, stage, path = place
    preset = PRESETS[name]
    exposure = Exposure(10_000, 10_000, 0, cds=True, bias_mV=preset.working_bias_mV)
    try:
        changed = replace(preset, **{stage: with_number(getattr(preset, stage), path, value)})
        frames = frames_of(changed, exposure, replace(exposure, cds=False, began_us=20_000))
    except SimulationError as error:
        assert isinstance(error, UnphysicalError) or str(error)  # noqa: PT017
        return
    for frame in frames:
        assert frame.dtype == np.uint16
        assert frame.max() <= preset.geometry.full_scale


@settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(
    name=st.sampled_from(sorted(PRESETS)),
    integration_us=st.integers(100, 60_000_000),
    beam_part=st.sampled_from([0.0, 0.3, 1.0]),
    bias_mV=st.integers(-200_000, 200_000),
    gain=st.integers(0, 100),
    cds=st.booleans(),
    oversampling=st.integers(1, 3),
    gap_us=st.integers(0, 10**11),
    dose_rate=st.floats(0, 0.1),
)
def test_any_exposure_of_any_preset_gives_codes_within_range(
    name: str,
    integration_us: int,
    beam_part: float,
    bias_mV: int,
    gain: int,
    cds: bool,
    oversampling: int,
    gap_us: int,
    dose_rate: float,
) -> None:
    preset = PRESETS[name]
    first = Exposure(
        integration_us,
        int(integration_us * beam_part),
        gain % len(preset.geometry.full_scale_fC),
        cds,
        oversampling,
        bias_mV=bias_mV,
    )
    later = replace(first, began_us=integration_us + gap_us)
    for frame in frames_of(preset, first, later, dose_rate_Gy_s=dose_rate):
        assert frame.shape == (oversampling, *preset.geometry.shape)
        assert frame.max() <= preset.geometry.full_scale


def test_a_chain_with_an_impossible_temperature_is_refused() -> None:
    with pytest.raises(UnphysicalError, match="temperature_K"):
        Chain(replace(PRESETS["tft64"], temperature_mC=-273_150), 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("dose_rate_Gy_s", 2e9), ("photons_per_Gy_cm2", 0.5), ("photons_per_Gy_cm2", 2e18)],
)
def test_a_beam_of_impossible_strength_is_refused(name: str, value: float) -> None:
    with pytest.raises(UnphysicalError, match=name):
        replace(PRESETS["tft64"].beam, **{name: value})

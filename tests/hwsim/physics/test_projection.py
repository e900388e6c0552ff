"""An object's shadow: the beam's profile over the panel, the penumbra, and when it is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from fpxi_hwsim.physics.projection import Projection, Shadow
from fpxi_hwsim.physics.source.field import BeamField
from fpxi_hwsim.presets import TFT64
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_hwsim.without import without

SHARP = without(TFT64, "sharing")


def test_the_beam_is_weaker_where_it_has_farther_to_go() -> None:
    near = replace(SHARP, beam=replace(SHARP.beam, field=BeamField(source_distance_mm=20.0)))
    brightness = Projection(near, "none").at(0.0).brightness
    # Inverse square and obliquity: cos^3 of the angle, at 6.3 mm from the middle in each direction.
    corner = (1 + 2 * (6.3 / 20) ** 2) ** -1.5
    assert brightness[0, 0] / brightness[31:33, 31:33].mean() == pytest.approx(corner, rel=1e-3)
    even = replace(SHARP, beam=replace(SHARP.beam, field=BeamField()))
    np.testing.assert_allclose(Projection(even, "none").at(0.0).brightness, 1.0, rtol=1e-6)


def test_a_focal_spot_blurs_what_is_magnified() -> None:
    def rise(focal_spot_um: float = 0.0, magnification: float = 1.0) -> npt.NDArray[np.float32]:
        beam = replace(
            SHARP.beam,
            field=BeamField(),
            focal_spot_um=focal_spot_um,
            magnification=magnification,
        )
        shadow = Projection(replace(SHARP, beam=beam), "edge:angle_deg=0").at(0.0)
        return np.asarray(shadow.brightness.mean(axis=0))

    sharp = rise()
    np.testing.assert_allclose(rise(focal_spot_um=2000.0), sharp, atol=1e-6)
    blurred = rise(focal_spot_um=2000.0, magnification=2.0)
    between = np.sum((blurred > 0.02) & (blurred < 0.98))
    # The penumbra is the spot times magnification less one: 10 pixels of 200 um.
    assert 7 <= between <= 12
    assert np.sum((sharp > 0.02) & (sharp < 0.98)) <= 1


def test_a_moving_object_is_seen_in_the_middle_of_the_exposure_from_its_first_one_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen_s: list[float] = []
    at = Projection.at

    def watched(projection: Projection, time_s: float) -> Shadow:
        seen_s.append(time_s)
        return at(projection, time_s)

    monkeypatch.setattr(Projection, "at", watched)
    specification = SimulationSpecification(TFT64, object="edge@rotate")
    source = PixelSource(specification, Scene(specification))
    for began_us, integration_us in ((5_000_000, 10_000), (5_030_000, 20_000), (0, 10_000)):
        source.expose(Exposure(integration_us, integration_us, 0, True, began_us=began_us))
    np.testing.assert_allclose(seen_s, [0.005, 0.04, 0.055])

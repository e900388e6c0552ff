"""The whole chain: what a panel does that no stage does by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fpxi_hwsim.errors import BadValueError
from fpxi_hwsim.physics.array.maps import imaging_mask
from fpxi_hwsim.presets import CMOS32, PRESETS, TFT64, Preset
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_hwsim.without import EFFECTS, without

INTEGRATION_US = 10_000
SIGMAS = 5.0


class Bench:
    """A panel that is exposed again and again."""

    def __init__(self, preset: Preset, **settings: object) -> None:
        self.preset = preset
        specification = SimulationSpecification(preset, **settings)  # type: ignore[arg-type]
        self.scene = Scene(specification)
        self.source = PixelSource(specification, self.scene)

    def frame(self, **exposure: object) -> np.ndarray:
        given = {
            "integration_us": INTEGRATION_US,
            "beam_us": INTEGRATION_US,
            "gain_setting": 0,
            "cds": True,
            "bias_mV": self.preset.working_bias_mV,
        }
        conversions = self.source.expose(Exposure(**(given | exposure)))  # type: ignore[arg-type]
        assert conversions is not None
        return conversions[0].astype(float)

    def frames(self, count: int, **exposure: object) -> np.ndarray:
        return np.stack([self.frame(**exposure) for _ in range(count)])


EACH_PRESET = [pytest.param(preset, id=name) for name, preset in PRESETS.items()]


@pytest.mark.parametrize("preset", EACH_PRESET)
def test_every_preset_delivers_frames_within_its_converters_range(preset: Preset) -> None:
    widest = int(np.argmax(preset.geometry.full_scale_fC))
    frames = Bench(preset).frames(8, gain_setting=widest)
    assert frames.shape[1:] == preset.geometry.shape
    assert frames.min() >= 0
    assert frames.max() <= preset.geometry.full_scale
    assert np.unique(frames).size > 2


@pytest.mark.parametrize("preset", [TFT64, CMOS32], ids=lambda preset: preset.name)
def test_the_signal_over_dark_is_proportional_to_dose(preset: Preset) -> None:
    gain_setting = len(preset.geometry.full_scale_fC) - 1 if preset is TFT64 else 0
    rate = preset.beam.dose_rate_Gy_s
    dark, once, twice = (
        Bench(preset, object="none", dose_rate_Gy_s=n * rate, beam_on=n > 0).frames(
            64, gain_setting=gain_setting
        )
        for n in (0, 1, 2)
    )
    good = imaging_mask(preset.geometry) & ~Bench(preset).source.maps.defective
    signal, double = ((frames - dark).mean(axis=0)[good].mean() for frames in (once, twice))
    assert double / signal == pytest.approx(2, rel=0.01)


def test_the_process_ring_does_not_respond_and_has_its_own_level() -> None:
    bench = Bench(CMOS32, object="none")
    ring = ~imaging_mask(CMOS32.geometry)
    assert ring.sum() == 4 * 31
    bright = bench.frames(32).mean(axis=0)
    bench.scene.beam_on = False
    dark = bench.frames(32).mean(axis=0)
    # Of a line of the ring, an imaging neighbour's crosstalk is all that comes.
    assert np.abs(bright - dark)[0].max() < 0.01 * np.median(bright - dark)
    assert (bright - dark)[~ring].mean() > 10_000
    pedestal_fC = bench.source.maps.switches.pedestal_fC
    assert pedestal_fC is not None
    lifted_fC = pedestal_fC[ring].mean() - pedestal_fC[~ring].mean()
    assert lifted_fC == pytest.approx(CMOS32.array.ring_pedestal_fC, rel=0.02)


def test_defects_behave_as_they_are_called() -> None:
    flat = Bench(TFT64, object="none").frames(64, gain_setting=4)
    dark = Bench(TFT64, beam_on=False).frames(64, gain_setting=4)
    maps = Bench(TFT64).source.maps
    good = ~maps.defective
    signal, offset, noise = (
        flat.mean(axis=0) - dark.mean(axis=0),
        dark.mean(axis=0) - np.median(dark.mean(axis=0), axis=0),
        dark.std(axis=0),
    )
    assert np.abs(signal[maps.dead]).max() < 0.02 * np.median(signal[good])
    assert signal[good].min() > 0.2 * np.median(signal[good])
    assert offset[maps.hot].min() > offset[good].max()
    assert noise[maps.noisy].min() > 10 * np.median(noise[good])


def test_lagging_pixels_keep_more_of_the_beam_that_is_switched_off() -> None:
    preset = without(TFT64, "unsteadiness,read-noise,spreads,feed-through,offsets")
    bench = Bench(preset, object="none", dose_rate_Gy_s=2e-5)
    lit = bench.frames(20, gain_setting=5).mean(axis=0)
    bench.scene.beam_on = False
    after = np.mean([bench.frame(gain_setting=5)], axis=0)
    rested = Bench(preset, beam_on=False).frames(20, gain_setting=5).mean(axis=0)
    left = (after - rested) / np.maximum(lit - rested, 1)
    maps = bench.source.maps
    expected = sum(
        fraction * np.exp(-0.0) * tau / 0.01 * (1 - np.exp(-0.01 / tau))
        for fraction, tau in preset.film.lag
    )
    assert np.median(left[~maps.defective]) == pytest.approx(expected, rel=0.15)
    assert left[maps.lagging].min() > 2.5 * np.median(left[~maps.defective])


def test_a_static_scene_depends_on_no_clock() -> None:
    close, apart = Bench(TFT64), Bench(TFT64)
    for number in range(4):
        np.testing.assert_array_equal(
            close.frame(), apart.frame(began_us=number * 3_600_000_000 + number)
        )


def test_what_changes_is_remembered_for_as_long_as_the_film_does() -> None:
    def after_darkness(gap_us: int) -> float:
        bench = Bench(without(TFT64, "defects"), object="none")
        bench.frames(3, gain_setting=4)
        bench.scene.beam_on = False
        bench.frame(gain_setting=4)
        frame = bench.frame(gain_setting=4, began_us=4 * INTEGRATION_US + gap_us)
        return float(np.mean(frame))

    rested = Bench(without(TFT64, "defects"), beam_on=False).frames(5, gain_setting=4).mean()
    soon, later = (after_darkness(gap_us) - rested for gap_us in (0, 60_000_000))
    assert soon > 20
    assert abs(later) < 0.05 * soon


UNSEEN_IN_THE_DARK = "unsteadiness", "penumbra", "sharing", "lag", "ghosting", "traps"


@pytest.mark.parametrize("name", UNSEEN_IN_THE_DARK)
def test_an_effect_switched_off_leaves_the_noise_of_the_others_bit_for_bit(name: str) -> None:
    with_all, less = (
        Bench(preset, beam_on=False).frames(2) for preset in (TFT64, without(TFT64, name))
    )
    np.testing.assert_array_equal(with_all, less)


@pytest.mark.parametrize("name", ["lag", "converter-range", ""])
def test_only_effects_that_exist_can_be_switched_off(name: str) -> None:
    if name in EFFECTS:
        assert without(TFT64, f"defects, {name}").film.lag == ()
    else:
        with pytest.raises(BadValueError, match="each once: unsteadiness"):
            without(TFT64, f"lag,{name}")


OF_A_URL = "sim:tft64?focal_spot_um=400&magnification=1.5&output=ripple=0.05@100Hz"


@pytest.mark.parametrize("name", EFFECTS)
def test_every_effect_is_at_work_in_some_preset_or_by_a_setting(name: str) -> None:
    presets = [*PRESETS.values(), SimulationSpecification.from_url(OF_A_URL).preset]
    assert any(without(preset, name) != preset for preset in presets)


def test_rows_of_a_rolling_shutter_see_the_ripple_of_the_mains() -> None:
    beam = replace(TFT64.beam, output=replace(TFT64.beam.output, ripple=1.0, ripple_hz=100.0))
    exposure = {"integration_us": 5_000, "beam_us": 5_000, "gain_setting": 4}
    quiet = without(TFT64, "defects,spreads,read-noise,offsets,channel-gains,feed-through")
    rippling, steady = (
        Bench(preset, object="none", dose_rate_Gy_s=2e-5).frame(**exposure).mean(axis=1)
        for preset in (replace(quiet, beam=beam), quiet)
    )
    assert rippling.std() > 3 * steady.std()

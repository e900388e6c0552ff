"""What X-rays free is collected once: at once, later, or not at all, through the whole chain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.film.ghosting import Ghosting
from fpxi_hwsim.physics.film.traps import Traps
from fpxi_hwsim.physics.source.text import parse_output
from fpxi_hwsim.presets import LINE64, TFT64, Preset
from fpxi_hwsim.scene import Scene
from fpxi_hwsim.source import Exposure, PixelSource
from fpxi_hwsim.specification import SimulationSpecification
from fpxi_hwsim.without import without
from fpxi_readout.protocol.generated import PANELS

OFFSET = TFT64.front_end.offset_counts
GAIN_SETTING = 5
RATE_GY_S = 1e-5
FIXED = "spreads,defects,feed-through,offsets,channel-gains,nonlinearity,line-resistance,dark"
NOISES = "switch-noise,read-noise,flicker"
FORGETFUL = "lag,left-charge,leakage"
LIT_MS, LONG_MS = 10, 500

QUIET = without(TFT64, f"{FIXED},{NOISES}")
# Noise of a count, so that the mean of many samples knows parts of a count.
PANEL = replace(QUIET, front_end=replace(QUIET.front_end, converter_noise_counts=1.0))
# Of many photons: what a pixel traps follows the photons expected, not those that came.
PIXEL = replace(
    PANEL,
    geometry=replace(
        PANELS["pixel"],
        full_scale_fC=tuple(100 * each_fC for each_fC in PANELS["tft64"].full_scale_fC),
        pitch_um=10 * PANELS["tft64"].pitch_um,
    ),
    array=replace(PANEL.array, full_well_fC=None),
    front_end=replace(PANEL.front_end, outputs=1),
)


class Bench:
    """A panel in an open beam, exposed again and again on a clock of its own."""

    def __init__(self, preset: Preset, *, beam_on: bool = True, **settings: object) -> None:
        specification = SimulationSpecification(
            preset,
            object="none",
            beam_on=beam_on,
            **({"dose_rate_Gy_s": RATE_GY_S} | settings),  # type: ignore[arg-type]
        )
        self.scene = Scene(specification)
        self.source = PixelSource(specification, self.scene)
        self.bias_mV = preset.working_bias_mV

    def frame(
        self, ms: float, *, beam_ms: float | None = None, began_s: float = 0.0
    ) -> npt.NDArray[np.float64]:
        """Signed counts over the offset."""
        exposure = Exposure(
            integration_us=round(ms * 1000),
            beam_us=round((ms if beam_ms is None else beam_ms) * 1000),
            gain_setting=GAIN_SETTING,
            cds=True,
            oversampling=8,
            began_us=round(began_s * 1e6),
            bias_mV=self.bias_mV,
        )
        conversions = self.source.expose(exposure)
        assert conversions is not None
        assert conversions.max() < 65535
        return np.asarray(conversions.mean(axis=0) - OFFSET)

    def lit_and_after(self, scans: int) -> tuple[float, float]:
        """Sums of the mean counts in the beam, and after it until the slowest trap is empty."""
        self.scene.beam_on = False
        self.frame(LIT_MS)
        self.scene.beam_on = True
        lit = sum(self.frame(LIT_MS).mean() for _ in range(scans))
        self.scene.beam_on = False
        return lit, sum(self.frame(LONG_MS).mean() for _ in range(80))


@pytest.mark.parametrize(
    "output", ["steady", "ripple=0.9@100Hz", "shutter=0.05s..0.13s*20ms", "pulses=70Hz*5ms"]
)
@pytest.mark.parametrize(
    "preset",
    [
        pytest.param(PANEL, id="panel"),
        pytest.param(without(PANEL, "leakage,left-charge"), id="film alone"),
        pytest.param(replace(LINE64, film=PANEL.film, front_end=PANEL.front_end), id="row"),
        pytest.param(PIXEL, id="pixel"),
    ],
)
def test_what_is_not_collected_in_the_beam_comes_after_it(preset: Preset, output: str) -> None:
    beam = replace(preset.beam, output=parse_output("output", output))
    preset = without(replace(preset, beam=beam), FIXED)
    freed = sum(Bench(without(preset, FORGETFUL)).lit_and_after(20))
    lit, after = Bench(preset).lit_and_after(20)
    # Noise of a count in the means of 8 conversions of each pixel; photons are the same.
    noise = 5 * np.sqrt(101 / (8 * preset.geometry.rows * preset.geometry.columns))
    assert lit < 0.995 * freed
    assert lit + after == pytest.approx(freed, rel=1e-3, abs=noise)


def test_charge_is_balanced_where_sensitivity_depends_on_rate_and_history() -> None:
    film = replace(
        PANEL.film,
        ghosting=Ghosting(loss=0.3, filling_nC_cm2=0.01, recovery_s=20.0),
        traps=Traps(excess_gain=0.5, filling_nA_cm2=0.05),
    )
    preset = replace(PANEL, film=film)
    freed, _ = Bench(without(preset, FORGETFUL)).lit_and_after(20)
    assert freed != pytest.approx(Bench(without(PANEL, FORGETFUL)).lit_and_after(20)[0], rel=0.05)
    lit, after = Bench(preset).lit_and_after(20)
    assert lit + after == pytest.approx(freed, rel=2e-3, abs=1.0)


def test_behind_a_closed_shutter_there_is_no_memory_of_the_beam() -> None:
    beam = replace(QUIET.beam, output=parse_output("output", "shutter=1s..2s"))
    closed = Bench(replace(QUIET, beam=beam))
    dark = Bench(QUIET, beam_on=False)
    for _ in range(3):
        np.testing.assert_array_equal(closed.frame(LIT_MS), dark.frame(LIT_MS))
    assert closed.frame(LIT_MS, began_s=1.5).mean() > 1000
    assert closed.frame(LIT_MS, began_s=2.5).mean() > 10


def test_a_first_beam_that_is_asked_for_meets_empty_traps() -> None:
    beam_s, integration_s = LIT_MS * 0.5e-3, LIT_MS * 1e-3
    preset = without(PANEL, "leakage,left-charge")
    freed = Bench(without(preset, FORGETFUL)).frame(LIT_MS, beam_ms=LIT_MS / 2).mean()
    collected = Bench(preset).frame(LIT_MS, beam_ms=LIT_MS / 2).mean()
    trapped = sum(
        fraction
        * (tau_s / beam_s)
        * (1 - np.exp(-beam_s / tau_s))
        * np.exp(-(integration_s - beam_s) / tau_s)
        for fraction, tau_s in preset.film.lag
    )
    assert 1 - collected / freed == pytest.approx(trapped, rel=0.02)
    slow = replace(PANEL.array, on_resistance_MOhm=15.0)
    left = without(replace(PANEL, array=slow), "lag,leakage")
    freed = Bench(without(left, FORGETFUL)).frame(LIT_MS, beam_ms=LIT_MS / 2).mean()
    first, second = (
        bench.frame(LIT_MS, beam_ms=LIT_MS / 2).mean() for bench in [Bench(left)] for _ in range(2)
    )
    remaining = np.exp(-left.geometry.line_time_us / (15.0 * left.array.pixel_capacitance_fF / 1e3))
    assert first / freed == pytest.approx(1 - remaining, rel=2e-3)
    assert second > first * (1 + remaining / 2)


def test_an_exposure_of_minutes_is_the_sum_of_its_parts() -> None:
    minutes, seconds = (Bench(PANEL, dose_rate_Gy_s=1e-9) for _ in range(2))
    whole = minutes.frame(300_000).mean()
    parts = sum(seconds.frame(10_000).mean() for _ in range(30))
    # Within a long integration, more leaks off through the switches.
    rate_s = PANEL.array.off_conductance_fS / PANEL.array.pixel_capacitance_fF * np.exp(0.125)
    leaked = 300 * rate_s / 2 - (300 * rate_s) ** 2 / 6 - 10 * rate_s / 2
    assert whole == pytest.approx(parts * (1 - leaked), rel=0.01)


def test_opposite_bias_gives_opposite_charge() -> None:
    middle = replace(QUIET.front_end, offset_counts=30_000.0, converter_noise_counts=0.0)
    preset = replace(without(QUIET, "lag"), own_supply=False, front_end=middle)
    positive, negative = Bench(preset), Bench(preset)
    negative.bias_mV = -positive.bias_mV
    up, down = (
        np.mean([bench.frame(LIT_MS) + OFFSET - 30_000 for _ in range(20)], axis=0)
        for bench in (positive, negative)
    )
    assert up.mean() > 500
    assert up.mean() == pytest.approx(-down.mean(), rel=0.005)


def test_a_bias_that_is_reversed_in_the_beam_reverses_the_charge_for_good() -> None:
    middle = replace(PANEL.front_end, offset_counts=30_000.0)
    preset = replace(PANEL, own_supply=False, front_end=middle)
    bench = Bench(preset)
    before = bench.frame(LIT_MS).mean() + OFFSET - 30_000
    bench.bias_mV = -bench.bias_mV
    first = bench.frame(LIT_MS).mean() + OFFSET - 30_000
    later = bench.frame(LIT_MS, began_s=3600.0).mean() + OFFSET - 30_000
    assert -before < first < -0.9 * before
    assert later == pytest.approx(-before, rel=0.01)


def test_without_bias_and_without_dose_nothing_is_collected() -> None:
    board_fed = replace(TFT64, own_supply=False)
    quiet = without(board_fed, f"{FIXED.replace(',dark', '')},{NOISES}")
    unbiased = Bench(quiet)
    unbiased.bias_mV = 0
    assert not unbiased.frame(LIT_MS).any()
    undosed, dark = Bench(quiet, dose_rate_Gy_s=0.0), Bench(quiet, beam_on=False)
    # Shot noise of the dark charge, a few counts in each of 4096 pixels.
    assert undosed.frame(LIT_MS).mean() == pytest.approx(dark.frame(LIT_MS).mean(), abs=0.5)
    assert dark.frame(LIT_MS).mean() > 100


def test_hours_without_a_scan_empty_what_was_filled() -> None:
    bench, rested = Bench(without(QUIET, "left-charge")), Bench(QUIET, beam_on=False)
    for _ in range(5):
        bench.frame(LIT_MS)
    bench.scene.beam_on = False
    assert bench.frame(LIT_MS).mean() > 1
    np.testing.assert_array_equal(bench.frame(LIT_MS, began_s=7200.0), rested.frame(LIT_MS))


def test_a_converter_that_absorbs_nothing_is_refused() -> None:
    absorber = replace(TFT64.converter.absorber, absorbed_fraction=0.0)
    blind = replace(TFT64, converter=replace(TFT64.converter, absorber=absorber))
    with pytest.raises(UnphysicalError, match="energy in keV that a pixel absorbs"):
        Bench(blind)

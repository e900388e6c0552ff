"""`sim:` URLs: what they mean, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fpxi_hwsim.errors import (
    BadValueError,
    SimulationUrlError,
    UnknownKeyError,
    UnknownPresetError,
)
from fpxi_hwsim.presets import CMOS32, PRESETS, TFT64
from fpxi_hwsim.specification import KEYS, SimulationSpecification
from hypothesis import given
from hypothesis import strategies as st

from_url = SimulationSpecification.from_url


def test_a_bare_preset_takes_the_presets_scene() -> None:
    specification = from_url("sim:cmos32")
    assert specification.preset is CMOS32
    assert specification.object == CMOS32.object
    assert specification.dose_rate_Gy_s == CMOS32.beam.dose_rate_Gy_s
    assert specification.beam_on
    assert specification.time == "real"


def test_serial_numbers_of_all_presets_and_seeds_differ() -> None:
    names = [*PRESETS, "tft64-ba2ma4pb5i16"]
    made = [replace(TFT64, name=name) for name in names]
    numbers = [
        SimulationSpecification(p, seed=seed).serial for p in made for seed in (1, 2**32 - 1)
    ]
    assert len(set(numbers)) == 2 * len(names)
    assert all(len(number) <= 16 and number.isascii() for number in numbers)
    assert numbers[0] == "TFT64-S00000001"


def test_every_setting_reaches_its_field() -> None:
    specification = from_url(
        "sim:tft64?seed=7&noise_seed=8&serial=LAB%201&object=edge&dose_rate=1e-6&beam=off"
        "&time=virtual&frames=/a%26b.npy&place=4,3&at_end=stop&baud=115200&bit_flips=1e-4"
        "&drops=0.1&duplicates=0.2&stalls=0.3&stall_s=1.5&rechunk=on&resets=0.5&fault_seed=9"
    )
    assert (specification.seed, specification.noise_seed) == (7, 8)
    assert specification.serial == "LAB 1"
    assert (specification.object, specification.dose_rate_Gy_s) == ("edge", 1e-6)
    assert (specification.beam_on, specification.time) == (False, "virtual")
    assert (specification.frames, specification.place) == ("/a&b.npy", (4, 3))
    assert (specification.at_end, specification.baud) == ("stop", 115200)
    faults = specification.faults
    assert (faults.bit_flips, faults.drops, faults.duplicates) == (1e-4, 0.1, 0.2)
    assert (faults.stalls, faults.stall_s, faults.rechunk) == (0.3, 1.5, True)
    assert (faults.resets, faults.fault_seed) == (0.5, 9)


def test_a_panel_has_a_battery_where_its_voltage_is_given() -> None:
    assert from_url("sim:tft64").battery_mV == 0
    assert from_url("sim:tft64?battery_mV=3850").battery_mV == 3850


def test_a_dose_rate_of_zero_is_not_taken_for_the_default() -> None:
    assert from_url("sim:tft64?dose_rate=0").dose_rate_Gy_s == 0


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_the_default_serial_number_fits_its_field_and_follows_the_seed(
    preset: str, seed: int
) -> None:
    serial = from_url(f"sim:{preset}?seed={seed}").serial
    assert serial.isascii()
    assert len(serial) <= 16
    assert serial != from_url(f"sim:{preset}?seed=17").serial


def test_another_tube_has_photons_of_its_own_for_each_gray() -> None:
    published = from_url("sim:tft64-ba2ma9pb10i31").preset.beam
    other = from_url("sim:tft64-ba2ma9pb10i31?tube=W:50kV:Be 0.127mm").preset.beam
    assert published.photons_per_Gy_cm2 is not None
    assert other.photons_per_Gy_cm2 is None


def test_a_temperature_is_that_of_the_panel() -> None:
    assert from_url("sim:tft64?temperature_C=-5.5").preset.temperature_K == pytest.approx(267.65)


def test_an_unknown_preset_is_refused_with_a_list() -> None:
    with pytest.raises(UnknownPresetError, match="tft64") as caught:
        from_url("sim:tft65")
    assert caught.value.known == tuple(PRESETS)


def test_an_unknown_setting_is_refused_with_a_list() -> None:
    with pytest.raises(UnknownKeyError, match="dose_rate") as caught:
        from_url("sim:tft64?dosis=1")
    assert caught.value.known == KEYS


def test_a_repeated_setting_is_refused() -> None:
    with pytest.raises(UnknownKeyError, match="twice"):
        from_url("sim:tft64?seed=1&seed=2")


def test_another_scheme_is_refused() -> None:
    with pytest.raises(SimulationUrlError, match="sim:"):
        from_url("serial:/dev/ttyACM0")


@pytest.mark.parametrize(
    "setting",
    [
        "seed=-1",
        "seed=4294967296",
        "seed=x",
        "seed=",
        "noise_seed=1.5",
        "serial=",
        "serial=12345678901234567",
        "serial=%C3%A9",
        "serial=%0A",
        "object=",
        "dose_rate=-1",
        "dose_rate=inf",
        "dose_rate=1.1e6",
        "dose=1.1e6",
        "dose=-1e-9",
        "mA=-1",
        "mA=1.1e5",
        "distance_mm=0.9",
        "distance_mm=1.1e5",
        "temperature_C=-101",
        "temperature_C=nan",
        "magnification=nan",
        "focal_spot_um=wide",
        "without=",
        "without=lag,lag",
        "tube=W",
        "output=",
        "dose_rate=1&mA=1",
        "dose_rate=nan",
        "dose_rate=much",
        "beam=yes",
        "time=fast",
        "frames=",
        "frames=a.npy&place=1",
        "frames=a.npy&place=1,",
        "frames=a.npy&place=-1,2",
        "place=1,2",
        "at_end=never",
        "battery_mV=6601",
        "battery_mV=full",
        "baud=0",
        "baud=299",
        "bit_flips=1.1",
        "bit_flips=-0.1",
        "drops=nan",
        "duplicates=x",
        "stalls=2",
        "stall_s=-1",
        "stall_s=inf",
        "rechunk=1",
        "resets=2",
        "fault_seed=-3",
    ],
)
def test_an_impossible_value_is_refused_by_name(setting: str) -> None:
    with pytest.raises(BadValueError) as caught:
        from_url(f"sim:tft64?{setting}")
    assert caught.value.key == setting.rsplit("&", maxsplit=1)[-1].split("=", maxsplit=1)[0]


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    try:
        specification = from_url(f"sim:tft64?{text}")
    except SimulationUrlError:
        return
    assert specification.preset is TFT64

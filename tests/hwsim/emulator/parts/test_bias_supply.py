"""The bias supply takes whole words alone, and reaches the electrode through HV_EN alone."""

import pytest
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.parts.bias_supply import ZERO, BiasSupply


def load(supply: BiasSupply, code: int, bits: int = 16, period: int = 8) -> None:
    supply.drive(100, "DAC_CS", False)
    supply.transfer(period, bits, code, 110)
    supply.drive(300, "DAC_CS", True)


def test_a_word_reaches_the_electrode_only_with_the_output_enabled() -> None:
    seen: list[object] = []
    supply = BiasSupply(lambda _tick, _what, code: seen.append(code))
    load(supply, 0x9000)
    assert (supply.code, supply.electrode_code) == (0x9000, ZERO)
    supply.drive(400, "HV_EN", True)
    assert supply.electrode_code == 0x9000
    supply.drive(500, "HV_EN", False)
    assert seen == [ZERO, 0x9000, ZERO]


def test_chip_select_waits_for_the_last_bit() -> None:
    supply = BiasSupply()
    supply.drive(100, "DAC_CS", False)
    supply.transfer(8, 16, 0x1234, 110)
    with pytest.raises(PinError, match="before the last bit"):
        supply.drive(110 + 16 * 8 - 5, "DAC_CS", True)


def test_the_output_is_not_enabled_before_the_code_is_known() -> None:
    with pytest.raises(PinError, match="may hold any"):
        BiasSupply().drive(100, "HV_EN", True)


def test_two_bytes_make_a_word() -> None:
    supply = BiasSupply()
    supply.drive(100, "DAC_CS", False)
    supply.transfer(8, 8, 0x12)
    supply.transfer(8, 8, 0x34)
    supply.drive(300, "DAC_CS", True)
    assert supply.code == 0x1234


@pytest.mark.parametrize("bits", [0, 8, 15, 17])
def test_any_other_number_of_bits_is_refused(bits: int) -> None:
    with pytest.raises(PinError, match=f"{bits} SCK"):
        load(BiasSupply(), 0, bits)


def test_the_clock_may_have_30_MHz() -> None:
    load(BiasSupply(), 0x8000, period=6)
    with pytest.raises(PinError, match="period"):
        load(BiasSupply(), 0x8000, period=5)


def test_words_without_chip_select_pass_unseen() -> None:
    supply = BiasSupply()
    supply.transfer(1, 16, 0xFFFF)
    assert supply.code == ZERO


def test_the_electrode_s_voltage_is_told_for_a_time_in_the_past() -> None:
    supply = BiasSupply()
    load(supply, ZERO - 0x7FFF)
    supply.drive(400, "HV_EN", True)
    supply.release(500)
    told = [supply.mV_at(tick, 110_000) for tick in (0, 399, 400, 499, 500)]
    assert told == [0, 0, -110_000, -110_000, 0]


@pytest.mark.parametrize("bias_mV", [-20_000, -9_999, -1, 0, 1, 12_345, 20_000])
def test_steps_finer_than_a_millivolt_lose_nothing(bias_mV: int) -> None:
    supply = BiasSupply()
    load(supply, ZERO + round(bias_mV * 0x7FFF / 20_000))
    supply.drive(400, "HV_EN", True)
    assert supply.mV_at(400, 20_000) == bias_mV

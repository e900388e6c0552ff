"""The converters bear exactly what they are specified for, alone and on a shared line."""

import pytest
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.parts.converter import Converter, ConverterLine

US = 168


def convert(converter: Converter, tick: int, high: int = 60) -> None:
    converter.drive(tick, "CNV", True)
    converter.drive(tick + high, "CNV", False)


def word(line: ConverterLine, tick: int, bits: int = 16, period: int = 4) -> str:
    owners = {line.clock(tick + bit * period, bit).NAME for bit in range(bits)}
    (owner,) = owners
    return owner


@pytest.fixture
def a() -> Converter:
    return Converter("A")


def test_a_conversion_gives_one_word(a: Converter) -> None:
    line = ConverterLine(a)
    for slot in range(3):
        convert(a, (10 + slot) * US)
        assert word(line, (10 + slot) * US + 62) == "converter A"


def test_sampling_is_at_the_rise() -> None:
    seen: list[tuple[int, object]] = []
    converter = Converter("A", lambda tick, _what, value: seen.append((tick, value)))
    convert(converter, 10 * US)
    assert seen == [(10 * US, "A")]


def test_the_cycle_is_demanded_to_the_tick(a: Converter) -> None:
    convert(a, 1000)
    convert(a, 1168)
    with pytest.raises(PinError, match="cycle") as caught:
        convert(a, 1168 + 167)
    assert caught.value.required_ns == 1000


def test_the_conversion_time_is_demanded_to_the_tick(a: Converter) -> None:
    convert(a, 1000, high=54)
    with pytest.raises(PinError, match="conversion"):
        convert(a, 2000, high=53)


def test_the_first_clock_must_wait_for_the_conversion(a: Converter) -> None:
    line = ConverterLine(a)
    convert(a, 1000)
    word(line, 1062)
    convert(a, 2000)
    with pytest.raises(PinError, match="after CNV's fall"):
        word(line, 2061)


def test_a_new_conversion_must_wait_for_the_last_bit(a: Converter) -> None:
    line = ConverterLine(a)
    convert(a, 1000)
    word(line, 1168 - 2 - 60)
    convert(a, 1168)
    word(line, 1168 + 168 - 1 - 60)
    with pytest.raises(PinError, match="16th SCK"):
        convert(a, 1168 + 168)


def test_a_word_cut_short_is_refused(a: Converter) -> None:
    convert(a, 1000)
    word(ConverterLine(a), 1062, bits=15)
    with pytest.raises(PinError, match="15 of 16"):
        convert(a, 2000)


def test_a_word_too_many_is_a_missing_cnv(a: Converter) -> None:
    line = ConverterLine(a)
    with pytest.raises(PinError, match="CNV is missing"):
        word(line, 500)
    convert(a, 1000)
    word(line, 1062)
    with pytest.raises(PinError, match="CNV is missing"):
        word(line, 1200)


def test_two_converters_take_turns_on_one_line(a: Converter) -> None:
    b = Converter("B")
    line = ConverterLine(a, b)
    convert(a, 1000)
    assert word(line, 1062) == "converter A"
    convert(b, 1126)
    assert word(line, 1188) == "converter B"


def test_two_converters_must_not_drive_the_line_at_once(a: Converter) -> None:
    b = Converter("B")
    line = ConverterLine(a, b)
    convert(a, 1000)
    convert(b, 1002)
    with pytest.raises(PinError, match="two converters"):
        word(line, 1070)


def test_a_word_must_come_from_one_converter(a: Converter) -> None:
    b = Converter("B")
    line = ConverterLine(a, b)
    convert(a, 1000)
    b.drive(1030, "CNV", True)
    word(line, 1062, bits=8)
    b.drive(1095, "CNV", False)
    with pytest.raises(PinError, match="two converters"):
        line.clock(1096, 8)


def test_a_restored_state_goes_on_as_the_first_would(a: Converter) -> None:
    convert(a, 1000)
    state = a.snapshot(1060)
    a.restore(5060, state)
    assert a.snapshot(5060) == state
    with pytest.raises(PinError, match="after CNV's fall"):
        word(ConverterLine(a), 5061)

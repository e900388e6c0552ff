"""The CMOS die bears exactly what it is specified for."""

import pytest
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.parts.cmos_die import CmosDie

US = 168
Wave = list[tuple[int, str, bool]]


def play(wave: Wave) -> tuple[CmosDie, list[tuple[str, object]]]:
    done: list[tuple[str, object]] = []
    die = CmosDie(3, lambda _tick, what, value: done.append((what, value)))
    for tick, signal, level in wave:
        die.drive(tick, signal, level)
    return die, done


def pulse(signal: str, start: int, ticks: int) -> Wave:
    return [(start, signal, True), (start + ticks, signal, False)]


def test_an_exposure_goes_from_reset_to_sample() -> None:
    wave = pulse("IRST", US, US) + pulse("SHR", 3 * US, US) + pulse("SHS", 90 * US, US)
    assert play(wave + pulse("CPV", 95 * US, US))[1] == [
        ("reset", None),
        ("sample", None),
        ("row", (None, True)),
    ]


def test_a_reset_level_held_during_reset_is_no_cds() -> None:
    wave = [(US, "IRST", True), *pulse("SHR", US, US), (3 * US, "IRST", False)]
    assert play(wave + pulse("CPV", 90 * US, US))[1][-1] == ("row", (None, False))


@pytest.mark.parametrize(
    ("signal", "limit"), [("IRST", 168), ("SHR", 168), ("SHS", 168), ("CPV", 84)]
)
def test_each_pulse_is_demanded_to_the_tick(signal: str, limit: int) -> None:
    play(pulse(signal, US, limit))
    with pytest.raises(PinError) as caught:
        play(pulse(signal, US, limit - 1))
    assert caught.value.signal == signal
    assert caught.value.required_ns == pytest.approx(limit * 1000 / 168)


def test_a_signal_held_during_reset_is_refused() -> None:
    with pytest.raises(PinError, match="SHS"):
        play([(US, "IRST", True), *pulse("SHS", 2 * US, US)])


def test_the_row_token_moves_and_leaves() -> None:
    wave = [(0, "STV", True), *pulse("CPV", US, US), (3 * US, "STV", False)]
    for row in range(1, 4):
        wave += pulse("CPV", 10 * row * US, US)
    _, done = play(wave)
    assert [value for _, value in done] == [(row, False) for row in (0, 1, 2, None)]


def test_a_second_row_token_is_refused() -> None:
    wave = [(0, "STV", True), *pulse("CPV", US, US)]
    with pytest.raises(PinError, match="two row tokens"):
        play(wave + pulse("CPV", 5 * US, US))


def test_a_restored_state_goes_on_as_the_first_would() -> None:
    die, done = play([(0, "STV", True), *pulse("CPV", US, US), (3 * US, "SHS", True)])
    state = die.snapshot(3 * US)
    die.restore(1000 * US, state)
    assert die.snapshot(1000 * US) == state
    die.drive(1001 * US, "SHS", False)
    assert done[-1] == ("sample", None)

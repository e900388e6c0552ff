"""The front end bears exactly what it is specified for, and holds what it was given."""

import pytest
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.parts.front_end import FrontEnd
from fpxi_hwsim.emulator.parts.multiplexer import Multiplexer

US = 168
CDS = (
    (1 * US, "IRST", True),
    (4 * US, "IRST", False),
    (5 * US, "SHR", True),
    (6 * US, "SHR", False),
    (8 * US, "INTG", True),
    (8 * US, "OE", True),
    (28 * US, "OE", False),
    (28 * US, "INTG", False),
    (30 * US, "SHS", True),
    (33 * US, "SHS", False),
)


class Bench:
    def __init__(self) -> None:
        self.banks: list[tuple[int | None, bool]] = []
        self.multiplexer = Multiplexer("front end", 4)
        self.front_end = FrontEnd(
            self.multiplexer, lambda _tick, _what, value: self.banks.append(value)
        )

    def play(self, wave: tuple[tuple[int, str, bool], ...], row: int | None = 7) -> None:
        for tick, signal, level in wave:
            self.front_end.drive(tick, signal, level)
            if signal == "OE" and row is not None:
                if level:
                    self.front_end.open_gate(tick)
                else:
                    self.front_end.take_charge(tick, row)


def moved(
    wave: tuple[tuple[int, str, bool], ...], signal: str, level: bool, tick: int
) -> tuple[tuple[int, str, bool], ...]:
    edges = [(tick, *edge[1:]) if edge[1:] == (signal, level) else edge for edge in wave]
    return tuple(sorted(edges, key=lambda edge: edge[0]))


def test_a_line_ends_with_its_row_in_the_output_bank() -> None:
    bench = Bench()
    bench.play(CDS)
    assert bench.banks == [(7, True)]


def test_a_reset_level_held_during_the_reset_is_no_cds() -> None:
    bench = Bench()
    wave = moved(CDS, "SHR", True, 2 * US)
    bench.play(moved(wave, "SHR", False, 3 * US))
    assert bench.banks == [(7, False)]


def test_a_line_without_an_open_gate_holds_no_row() -> None:
    bench = Bench()
    bench.play(CDS, row=None)
    assert bench.banks == [(None, True)]


@pytest.mark.parametrize(("level", "tick"), [(True, 9 * US), (False, 27 * US)])
def test_charge_that_comes_outside_integration_is_lost(level: bool, tick: int) -> None:
    bench = Bench()
    bench.play(moved(CDS, "INTG", level, tick))
    assert bench.banks == [(None, True)]


@pytest.mark.parametrize(
    ("signal", "level", "last_good", "step", "complains"),
    [
        ("IRST", False, 4 * US, -1, "IRST"),
        ("SHR", True, 5 * US, +1, "SHR"),
        ("SHS", True, 29 * US, -1, "SHS"),
        ("SHS", False, 32 * US, -1, "SHS"),
    ],
)
def test_each_time_is_demanded_to_the_tick(
    signal: str, level: bool, last_good: int, step: int, complains: str
) -> None:
    Bench().play(moved(CDS, signal, level, last_good))
    with pytest.raises(PinError) as caught:
        Bench().play(moved(CDS, signal, level, last_good + step))
    assert caught.value.signal == complains
    assert caught.value.required_ns is not None


def test_the_reset_level_must_be_held_well_after_the_reset() -> None:
    wave = moved(CDS, "SHR", True, 4 * US)
    Bench().play(moved(wave, "SHR", False, 5 * US))
    wave = moved(wave, "SHR", True, 4 * US - 1)
    with pytest.raises(PinError, match="IRST's fall"):
        Bench().play(moved(wave, "SHR", False, 5 * US - 1))


@pytest.mark.parametrize("signal", ["INTG", "OE"])
def test_charge_may_come_only_once_the_reset_level_is_held(signal: str) -> None:
    with pytest.raises(PinError, match="reset level") as caught:
        Bench().play(moved(CDS, signal, True, 6 * US - 1))
    assert caught.value.signal == signal


def test_the_signal_must_not_be_held_while_gates_are_enabled() -> None:
    with pytest.raises(PinError, match="SHS"):
        Bench().play(moved(CDS, "SHS", True, 27 * US))


def test_a_bank_must_be_read_before_it_is_overwritten() -> None:
    bench = Bench()
    bench.play(CDS[:-1])
    bench.multiplexer.drive(20 * US, "STI", True)
    for clock in range(4):
        bench.multiplexer.drive((21 + clock) * US, "CLK", True)
        bench.multiplexer.drive((21 + clock) * US + 40, "CLK", False)
        if clock == 0:
            bench.multiplexer.drive(21 * US + 50, "STI", False)
    state = bench.multiplexer.snapshot(32 * US)
    with pytest.raises(PinError, match="last channel"):
        bench.play(CDS[-1:])
    bench.multiplexer.restore(32 * US, state)
    bench.multiplexer.sample(32 * US)
    bench.play(moved(CDS[-1:], "SHS", False, 34 * US))


def test_a_restored_state_goes_on_as_the_first_would() -> None:
    bench = Bench()
    bench.play(CDS[:7])
    state = bench.front_end.snapshot(28 * US)
    bench.front_end.restore(28 * US, state)
    assert bench.front_end.snapshot(28 * US) == state
    bench.play(CDS[7:])
    assert bench.banks == [(7, True)]

"""The gate driver bears exactly what it is specified for."""

import pytest
from fpxi_hwsim.emulator.errors import PinError
from fpxi_hwsim.emulator.parts.gate_driver import GateDriver
from fpxi_hwsim.emulator.parts.part import HORIZON_TICKS

US = 168


class Bench:
    """A driver, what it did, and a pulse of the gate clock with adjustable times in ticks."""

    def __init__(self) -> None:
        self.done: list[tuple[str, int]] = []
        self.driver = GateDriver(4, lambda _tick, what, value: self.done.append((what, value)))
        self.now = 10 * US

    def drive(self, after: float, signal: str, level: bool) -> None:
        self.now += round(after)
        self.driver.drive(self.now, signal, level)

    def shift(self, *, token: bool = False) -> None:
        self.drive(US, "STV", token)
        self.drive(US, "CPV", True)
        self.drive(US, "CPV", False)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_token_opens_one_row_after_the_other(bench: Bench) -> None:
    for token in (True, False, False, False, False):
        bench.shift(token=token)
        bench.drive(US, "OE", True)
        bench.drive(15 * US, "OE", False)
    opened = [row for what, row in bench.done if what == "gate_opens"]
    assert opened == [0, 1, 2, 3], "and none once the token has left the register"
    assert [row for what, row in bench.done if what == "gate_closes"] == opened


def test_a_second_token_is_refused_until_the_first_has_left(bench: Bench) -> None:
    bench.shift(token=True)
    bench.shift()
    with pytest.raises(PinError, match="two tokens"):
        bench.shift(token=True)
    bench = Bench()
    bench.shift(token=True)
    for _ in range(3):
        bench.shift()
    bench.shift(token=True)


@pytest.mark.parametrize(
    ("signal", "edges", "limit"),
    [
        ("STV", (("STV", True, 0), ("CPV", True, None)), 34),
        ("STV", (("CPV", True, US), ("STV", True, None)), 34),
        ("CPV", (("CPV", True, US), ("CPV", False, None)), 84),
        ("CPV", (("CPV", True, US), ("CPV", False, US), ("CPV", True, None)), 84),
        ("OE", (("CPV", True, US), ("OE", True, None)), 84),
        (
            "OE",
            (
                ("STV", True, 0),
                ("CPV", True, US),
                ("CPV", False, US),
                ("OE", True, US),
                ("OE", False, None),
            ),
            15 * US,
        ),
        ("OE", (("OE", True, US), ("OE", False, 20 * US), ("CPV", True, None)), 34),
    ],
)
def test_each_time_is_demanded_to_the_tick(
    signal: str, edges: tuple[tuple[str, bool, int | None], ...], limit: int
) -> None:
    for after, refused in ((limit, False), (limit - 1, True)):
        bench = Bench()
        for edge, level, ticks in edges[:-1]:
            bench.drive(ticks or 0, edge, level)
        edge, level, _ = edges[-1]
        if not refused:
            bench.drive(after, edge, level)
            continue
        with pytest.raises(PinError) as caught:
            bench.drive(after, edge, level)
        assert caught.value.signal == signal
        assert caught.value.required_ns is not None
        assert caught.value.actual_ns == pytest.approx(after * 1000 / 168)


def test_the_gate_clock_must_not_rise_while_gates_are_enabled(bench: Bench) -> None:
    bench.drive(US, "OE", True)
    with pytest.raises(PinError, match="OE"):
        bench.drive(20 * US, "CPV", True)


def test_a_restored_state_goes_on_as_the_first_would(bench: Bench) -> None:
    bench.shift(token=True)
    bench.drive(US, "OE", True)
    state = bench.driver.snapshot(bench.now)
    later = bench.now + 1000 * HORIZON_TICKS
    bench.driver.restore(later, state)
    assert bench.driver.snapshot(later) == state
    with pytest.raises(PinError, match="gate open"):
        bench.driver.drive(later + 15 * US - 1, "OE", False)

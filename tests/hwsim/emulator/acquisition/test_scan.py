"""Whole scans on the acquisition's registers: what lands in memory, and what is refused."""

import struct
from collections.abc import Callable

import numpy as np
import pytest
from fpxi_hwsim.emulator.acquisition import verdict
from fpxi_hwsim.emulator.errors import EmulationError, PinError
from fpxi_hwsim.emulator.machine import ResetCause

from .conftest import (
    CNT,
    CR2,
    DMA2,
    DUMMY,
    GPIOB,
    SLOT,
    SPI1,
    TFT_LINE,
    TIM2,
    TIM8,
    Bench,
    Wave,
    words,
)

Make = Callable[..., Bench]
RESET_LINE: Wave = {**TFT_LINE, 0: "-SHS", 1: "+IRST"}
LINES, LINE = 65, 33
SCAN = LINES * LINE
NDTR_RX = DMA2 + 0x14


def reset_array(bench: Bench) -> None:
    bench.arm(words(RESET_LINE, LINE), SCAN, convert=False)
    bench.play(SCAN)
    bench.rest()


def read_array(bench: Bench, wave: Wave = TFT_LINE) -> np.ndarray:
    bench.arm(words(wave, LINE), SCAN)
    bench.play(SCAN)
    received = bench.ring().reshape(LINES, LINE, 2)
    bench.rest()
    return received[1:, 1:].transpose(0, 2, 1).reshape(64, 64)


def test_a_scan_brings_every_pixel_in_its_place(make_bench: Make) -> None:
    bench = make_bench()
    reset_array(bench)
    assert not bench.asked, "a reset is no read-out"
    bench.run(3000 * SLOT)
    for number in (1, 2):
        assert np.array_equal(read_array(bench), bench.frame + 10_000 * number)
        bench.run(500 * SLOT)


def test_lines_that_repeat_are_judged_once(make_bench: Make) -> None:
    bench = make_bench()
    reset_array(bench)
    read_array(bench)
    read_array(bench)
    judged = bench.acquisition.judged
    read_array(bench)
    assert bench.acquisition.judged == judged


def test_the_integration_is_measured_from_scan_to_scan(make_bench: Make) -> None:
    bench = make_bench()
    begin = bench.machine.now
    reset_array(bench)
    bench.run(3000 * SLOT)
    distance = bench.machine.now - begin
    read_array(bench)
    (conditions,) = bench.asked
    assert conditions.ended - conditions.began == distance
    assert conditions.cds
    assert conditions.oversampling == 1


def test_words_land_in_time_not_at_once(make_bench: Make) -> None:
    bench = make_bench()
    reset_array(bench)
    bench.arm(words(TFT_LINE, LINE), SCAN)
    bench.open()
    seen = []
    for _ in range(8):
        bench.run(SLOT // 4)
        seen.append(bench.ring_words - bench.read(NDTR_RX))
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert seen[-1] in (2, 3)
    bench.run(40 * SLOT)
    assert bench.read(TIM2 + 0x24) == 42


def test_the_counter_interrupts_at_the_first_and_the_last_slot(make_bench: Make) -> None:
    bench = make_bench()
    bench.arm(words(RESET_LINE, LINE), SCAN, convert=False)
    bench.open()
    bench.run(9)
    assert bench.machine.nvic.pending
    assert bench.read(TIM2 + 0x10) & 2
    bench.run((SCAN - 2) * SLOT)
    assert not bench.read(TIM2 + 0x10) & 4
    bench.run(SLOT)
    assert bench.read(TIM2 + 0x10) & 4


def test_one_converter_reads_all_channels_of_one_output(make_bench: Make) -> None:
    bench = make_bench(converters=1)
    line: Wave = {slot if slot < 28 else slot + 32: edges for slot, edges in TFT_LINE.items()}
    bench.arm(words({**line, 0: "-SHS", 1: "+IRST"}, 65), 65 * 65, convert=False)
    bench.play(65 * 65)
    bench.rest()
    bench.arm(words(line, 65), 65 * 65)
    bench.play(65 * 65)
    received = bench.ring().reshape(65, 65)[1:, 1:]
    assert np.array_equal(received, bench.frame + 10_000)


def test_each_pass_of_the_multiplexer_is_a_conversion_of_its_own(make_bench: Make) -> None:
    bench = make_bench()
    empty: Wave = {LINE + slot: edges for slot, edges in RESET_LINE.items()}
    bench.arm(words(empty, 2 * LINE), 2 * SCAN, convert=False)
    bench.play(2 * SCAN)
    bench.rest()
    slots = 3 * 2 * LINE
    wave: Wave = {0: "-SHS +STI", 1: "-STI"}
    wave.update({LINE + slot: edges for slot, edges in TFT_LINE.items()})
    bench.arm(words(wave, 2 * LINE), slots)
    bench.play(slots)
    received = bench.ring().reshape(3, 2, LINE, 2)[1:, :, 1:].transpose(0, 1, 3, 2)
    passes = received.reshape(2, 2, 64)
    assert np.array_equal(passes[:, 0], bench.frame[:2] + 10_000)
    assert np.array_equal(passes[:, 1], bench.frame[:2] + 10_000 + 4096)


def test_a_reset_level_sampled_during_reset_is_told(make_bench: Make) -> None:
    bench = make_bench()
    reset_array(bench)
    no_cds = {**TFT_LINE, 3: "+SHR", 4: "-SHR", 6: "", 7: "-CPV"}
    read_array(bench, no_cds)
    assert not bench.asked[0].cds


def test_a_line_without_its_row_clock_delivers_no_pixels(make_bench: Make) -> None:
    bench = make_bench()
    reset_array(bench)
    bench.clear_tokens()
    received = read_array(bench, {**TFT_LINE, 5: "-IRST", 7: "-SHR"})
    assert (received == 7).all(), "the channels' offsets, and nothing made up"
    assert not bench.asked


def test_a_column_clock_that_never_starts_leaves_the_output_idle(make_bench: Make) -> None:
    bench = make_bench()
    reset_array(bench)
    received = read_array(bench, RESET_LINE)
    assert (received == 0).all()


CMOS_SAMPLE: Wave = {0: "+SHS", 4: "-SHS", 6: "+IRST", 8: "-IRST", 10: "+SHR", 12: "-SHR"}
CMOS_ROW: Wave = {0: "+CPV +STI", 1: "-CPV -STI", 4: "-STV"}


def test_the_die_is_sampled_at_once_and_read_row_by_row(make_bench: Make) -> None:
    bench = make_bench("cmos32", 1)
    for _ in range(2):
        bench.arm(words(CMOS_SAMPLE, 13), 13, token=False, convert=False)
        bench.play(13)
        bench.rest()
    slots = 32 * 32 + 1
    bench.arm(words(CMOS_ROW, 32), slots)
    bench.play(slots)
    received = bench.ring()[1:].reshape(32, 32)
    assert np.array_equal(received, bench.frame + 10_000)
    (conditions,) = bench.asked
    assert conditions.ended - conditions.began < 40 * SLOT


# ---- what is refused


def refused(bench: Bench, wave: Wave, slots: int = 2 * LINE) -> PinError:
    bench.arm(words(wave, LINE), slots)
    with pytest.raises(PinError) as caught:
        bench.play(slots)
    return caught.value


@pytest.mark.parametrize(
    ("change", "signal"),
    [
        ({28: "", 30: "-OE -INTG", 31: "+SHS", 32: ""}, ""),
        ({28: "", 30: "+SHS -OE -INTG"}, "SHS"),
        ({8: "-STV", 20: "+OE +INTG"}, "OE"),
        ({5: "-IRST", 7: "-SHR +CPV", 8: "-CPV +OE +INTG -STV"}, ""),
        ({5: "-IRST", 8: "+CPV +OE +INTG -STV", 9: "-CPV"}, "STV"),
        ({1: "-STI", 3: "+IRST"}, "IRST"),
        ({0: "-SHS +STI", 1: "+IRST", 2: "-STI"}, "STI"),
        ({30: "", 32: "+SHS"}, "SHS"),
    ],
)
def test_a_wave_that_a_part_does_not_bear_is_refused(
    make_bench: Make, change: Wave, signal: str
) -> None:
    bench = make_bench()
    if not signal:  # moved, but within what the parts bear
        bench.arm(words({**TFT_LINE, **change}, LINE), LINE)
        bench.play(LINE)
        return
    error = refused(bench, {**TFT_LINE, **change})
    assert error.signal == signal
    assert error.tick is not None
    assert abs(error.tick - bench.machine.now) < SLOT


def test_a_flaw_is_told_when_it_happens_not_before(make_bench: Make) -> None:
    bench = make_bench()
    bench.arm(words({**TFT_LINE, 30: "", 32: "+SHS"}, LINE), SCAN)
    bench.open()
    bench.run(8 + LINE * SLOT)
    with pytest.raises(PinError, match="SHS"):
        bench.run(SLOT)


def test_a_short_conversion_is_refused(make_bench: Make) -> None:
    assert refused(make_bench(cnv_width=53), TFT_LINE).signal == "CNV"


def test_a_late_multiplexer_clock_is_refused(make_bench: Make) -> None:
    assert refused(make_bench(clk_phase=150), TFT_LINE).signal == "CLK"


def test_reading_without_converting_is_a_missing_cnv(make_bench: Make) -> None:
    bench = make_bench()
    bench.arm(words(TFT_LINE, LINE), SCAN)
    bench.write(TIM8 + 0x18, 4 << 4 | 8)
    with pytest.raises(PinError, match="CNV is missing"):
        bench.play(SCAN)


def test_requests_that_no_stream_serves_are_refused(make_bench: Make) -> None:
    bench = make_bench()
    bench.arm(words(TFT_LINE, LINE), SCAN)
    bench.write(DMA2 + 0x10 + 0x18 * 2, bench.read(DMA2 + 0x10 + 0x18 * 2) & ~1)
    with pytest.raises(EmulationError, match="TIM8_CH1"):
        bench.open()


def test_the_right_stream_on_the_wrong_channel_is_refused(make_bench: Make) -> None:
    bench = make_bench()
    with pytest.raises(EmulationError, match="S3"):
        bench.stream("read_b", 7, 2, SPI1 + 12, DUMMY, 1, out=True, increment=False)


def test_received_words_that_nobody_takes_are_an_overrun(make_bench: Make) -> None:
    bench = make_bench()
    bench.arm(words(TFT_LINE, LINE), SCAN)
    bench.write(SPI1 + 4, 0)
    with pytest.raises(EmulationError, match="overrun"):
        bench.play(SCAN)


def test_a_pin_in_the_wrong_function_is_refused(make_bench: Make) -> None:
    bench = make_bench(sck_af=7)
    bench.arm(words(TFT_LINE, LINE), SCAN)
    with pytest.raises(EmulationError, match="PA5"):
        bench.open()


@pytest.mark.parametrize("flaw", [4, 4 | 3 << 8 | 1 << 11, 1 << 6 | 3 << 8 | 1 << 11])
def test_an_spi_that_could_not_take_a_word_is_refused(make_bench: Make, flaw: int) -> None:
    bench = make_bench(spi_cr1=flaw)
    bench.arm(words(TFT_LINE, LINE), SCAN)
    with pytest.raises(EmulationError, match="SPI1"):
        bench.open()


def test_a_buffer_that_dma_cannot_reach_is_refused(make_bench: Make) -> None:
    bench = make_bench()
    with pytest.raises(EmulationError, match="CCM"):
        bench.stream("rx", 3, 2, SPI1 + 12, 0x1000_0000, 64, out=False)


def test_a_scan_stopped_half_way_leaves_its_token(make_bench: Make) -> None:
    bench = make_bench()
    bench.arm(words(RESET_LINE, LINE), SCAN, convert=False)
    bench.play(10 * LINE)
    bench.rest()
    with pytest.raises(PinError, match="two tokens"):
        reset_array(bench)
    bench = make_bench()
    bench.arm(words(RESET_LINE, LINE), SCAN, convert=False)
    bench.play(10 * LINE)
    bench.rest()
    bench.clear_tokens()
    reset_array(bench)


def test_rows_that_integrate_for_different_times_are_refused(make_bench: Make) -> None:
    bench = make_bench()
    reset_array(bench)
    slower = [*words(TFT_LINE, LINE), 0]
    bench.arm(slower, 65 * 34)
    with pytest.raises(PinError, match="integrated for"):
        bench.play(65 * 34)


def test_power_brings_a_token_in_some_row() -> None:
    bench = Bench()
    bench.set_up()
    with pytest.raises(PinError, match="two tokens"):
        reset_array(bench)


def test_a_pin_that_the_core_moves_during_a_scan_is_judged_with_it(make_bench: Make) -> None:
    bench = make_bench()
    bench.arm(words(RESET_LINE, LINE), SCAN, convert=False)
    bench.open()
    bench.run(8 + 15 * SLOT)
    with pytest.raises(PinError, match="gate open"):
        bench.write(0x4002_0418, 1 << (2 + 16))


def test_a_reset_lets_go_of_the_panel_at_any_moment(make_bench: Make) -> None:
    for slots in (3.1, 15.5, 30.2, 33.4):
        bench = make_bench()
        bench.arm(words(RESET_LINE, LINE), SCAN, convert=False)
        bench.open()
        bench.run(round(slots * SLOT))
        bench.machine.request_reset(ResetCause.PIN)
        bench.machine.take_reset()
        assert not bench.acquisition.running
        bench.acquisition.gate(bench.machine.now, False)
        bench.run(SLOT)
        bench.set_up()
        bench.clear_tokens()
        reset_array(bench)


def test_a_word_on_its_way_at_a_reset_goes_nowhere(make_bench: Make) -> None:
    bench = make_bench()
    bench.arm(words(TFT_LINE, LINE), SCAN)
    bench.open()
    bench.run(8 + 3 * SLOT + 100)
    bench.machine.request_reset(ResetCause.PIN)
    bench.machine.take_reset()
    bench.run(10 * SLOT)
    assert not bench.read(SPI1 + 8) & 1, "RXNE: SPI1 was reset with the word half in"


def test_a_counter_that_is_told_of_no_updates_stands_still(make_bench: Make) -> None:
    bench = make_bench()
    bench.write(TIM8 + CR2, 0)
    bench.arm(words(RESET_LINE, LINE), SCAN, convert=False)
    bench.play(SCAN)
    assert bench.read(TIM2 + CNT) == 0


def test_words_are_not_asked_for_by_a_stream_that_ends(make_bench: Make) -> None:
    with pytest.raises(EmulationError, match=r"S2CR.*circular"):
        make_bench().stream("read_a", 7, 2, SPI1 + 12, DUMMY, 1, out=True, circular=False)


def test_a_clock_pin_that_is_too_slow_is_refused(make_bench: Make) -> None:
    bench = make_bench(sck_speed=1)
    bench.arm(words(TFT_LINE, LINE), SCAN)
    with pytest.raises(EmulationError, match=r"PA5->OSPEEDR.*42000000 Hz"):
        bench.open()


def test_timers_at_another_rate_than_modelled_are_refused(make_bench: Make) -> None:
    bench = make_bench()
    bench.acquisition.timer_clock_hz = lambda: 84_000_000
    bench.arm(words(RESET_LINE, LINE), SCAN, convert=False)
    with pytest.raises(EmulationError, match="84000000 Hz"):
        bench.open()


def test_a_table_changed_while_it_is_played_is_refused(make_bench: Make) -> None:
    bench = make_bench()
    table = words(RESET_LINE, LINE)
    bench.arm(table, SCAN, convert=False)
    in_ram = 0x2001_0000
    base = DMA2 + 0x10 + 0x18
    bench.write(base, bench.read(base) & ~1)
    bench.write(DMA2 + 8, 0x0F7D_0F7D)
    bench.machine.memory.write(in_ram, struct.pack(f"<{LINE}I", *table))
    bench.stream("table", 7, 4, GPIOB + 0x18, in_ram, LINE, out=True)
    bench.open()
    bench.run(LINE * SLOT)
    bench.machine.memory.write(in_ram + 4 * 5, bytes(4))
    bench.run(SLOT)
    with pytest.raises(EmulationError, match="table was changed"):
        bench.run(LINE * SLOT * 9)


def test_judging_keeps_a_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdict, "CACHE_ENTRIES", 2)
    judge = verdict.Judge(Bench().acquisition.panel)
    numbers = [judge.number(("thing", count)) for count in range(100)]
    assert len(set(numbers)) == 100
    assert judge.number(("thing", 0)) not in numbers, "forgotten, and never mistaken for another"
    assert judge.number(("thing", 99)) == numbers[99]

"""What of the panel's samples is sent: region, binning, averaging, oversampling, patterns."""

from __future__ import annotations

import numpy as np
import pytest
from fpxi_readout.protocol import generated as p

EXPOSURE, TRIGGER_MODE, BURST, CDS, OVERSAMPLING, AVERAGE = 1, 5, 9, 11, 12, 13
FIRST_ROW, ROWS, FIRST_COLUMN, COLUMNS, BINNING, PATTERN = 14, 15, 16, 17, 18, 19
ROWS_PER_CHUNK = 7


def take(device, frames=1, settings=(), pattern=None):
    for parameter, value in settings:
        answer = device.set(parameter, value)
        assert answer == p.Value(parameter, value)
    if pattern is not None:
        device.pattern = pattern
    device.ask(p.Start(frames))
    device.run(device.now_us + 20_000_000)
    return device.of(p.FrameHeader)


def noise(*shape):
    return np.random.default_rng(3).integers(0, 2**16, shape, dtype=np.uint16)


# --- region ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("panel", [1, 2])
@pytest.mark.parametrize("region", [(3, 5, 2, 7), (0, 1, 0, 1), (10, 0, 20, 0), (0, 0, 31, 1)])
def test_a_region_is_cut_out_of_the_panel(native, panel, region):
    device = native(panel=panel)
    whole = noise(device.rows, device.columns)
    first_row, rows, first_column, columns = region
    settings = zip((FIRST_ROW, ROWS, FIRST_COLUMN, COLUMNS), region, strict=True)
    (header,) = take(device, 1, settings, lambda _number: whole)
    cut = whole[first_row:, first_column:][: rows or None, : columns or None]
    assert (header.rows, header.columns) == cut.shape
    assert (header.first_row, header.first_column) == (first_row, first_column)
    assert header.chunks == -(-cut.shape[0] // 8)
    np.testing.assert_array_equal(device.frame(0), cut)


def test_the_whole_panel_is_read_whatever_the_region(native):
    device = native(panel=2)
    take(device, 2, [(EXPOSURE, 2000), (ROWS, 1)])
    (done,) = device.events(p.EventCode.ACQUISITION_DONE)
    assert done.timestamp_us == 4000 + 33 * 32


@pytest.mark.parametrize(
    ("settings", "at_fault"),
    [
        ([(FIRST_ROW, 30), (ROWS, 3)], ROWS),
        ([(FIRST_COLUMN, 1), (COLUMNS, 32)], COLUMNS),
        ([(COLUMNS, 1), (BINNING, 2)], BINNING),
        ([(FIRST_ROW, 31), (BINNING, 2)], BINNING),
    ],
)
def test_a_region_beyond_the_panel_is_refused_at_start(native, settings, at_fault):
    device = native(panel=2)
    for parameter, value in settings:
        device.set(parameter, value)
    assert device.ask(p.Start(1)) == p.Nack(p.Start.TYPE, p.NackCode.BAD_REGION, at_fault)
    assert device.get(32) == p.State.IDLE
    for parameter, _value in settings:
        device.set(parameter, 1 if parameter == BINNING else 0)
    assert device.ask(p.Start(1)) == p.Ack(p.Start.TYPE, 0)


@pytest.mark.parametrize("panel", [1, 2])
def test_a_region_is_set_within_its_own_panel(native, panel):
    device = native(panel=panel)
    for parameter, beyond in [(FIRST_ROW, 0), (ROWS, 1), (FIRST_COLUMN, 0), (COLUMNS, 1)]:
        size = device.rows + beyond
        assert device.set(parameter, size).code == p.NackCode.OUT_OF_RANGE
        assert device.set(parameter, size - 1) == p.Value(parameter, size - 1)


@pytest.mark.parametrize(
    ("place", "saturated"), [((4, 4), True), ((3, 4), False), ((4, 12), False), ((12, 11), False)]
)
def test_only_pixels_within_the_region_saturate(native, place, saturated):
    image = np.full((32, 32), 7, np.uint16)
    image[place] = 65535
    region = [(FIRST_ROW, 4), (ROWS, 8), (FIRST_COLUMN, 4), (COLUMNS, 8)]
    (header,) = take(native(panel=2), 1, region, lambda _number: image)
    assert bool(header.flags & p.FrameFlag.SATURATED) is saturated


# --- binning --------------------------------------------------------------------------------------


def binned(image):
    rows, columns = (n // 2 * 2 for n in image.shape)
    blocks = image[:rows, :columns].astype(np.uint32).reshape(rows // 2, 2, columns // 2, 2)
    return blocks.sum(axis=(1, 3))


@pytest.mark.parametrize("region", [(0, 0, 0, 0), (3, 5, 1, 8), (1, 2, 1, 3)])
def test_binning_adds_two_by_two_and_leaves_out_an_odd_rest(native, region):
    device = native(panel=1)
    whole = noise(64, 64) // 4
    first_row, rows, first_column, columns = region
    settings = [*zip((FIRST_ROW, ROWS, FIRST_COLUMN, COLUMNS), region, strict=True), (BINNING, 2)]
    (header,) = take(device, 1, settings, lambda _number: whole)
    cut = whole[first_row:, first_column:][: rows or None, : columns or None]
    np.testing.assert_array_equal(device.frame(0), binned(cut))
    assert header.binning == 2
    assert (header.first_row, header.first_column) == (first_row, first_column)
    assert not header.flags & p.FrameFlag.SATURATED


@pytest.mark.parametrize(("value", "saturated"), [(16383, False), (16384, True)])
def test_a_sum_beyond_a_sample_saturates(native, value, saturated):
    device = native(panel=1)
    (header,) = take(device, 1, [(BINNING, 2)], lambda _number: np.full((64, 64), value))
    assert bool(header.flags & p.FrameFlag.SATURATED) is saturated
    assert set(device.frame(0).ravel()) == {min(4 * value, 65535)}


# --- averaging ------------------------------------------------------------------------------------


@pytest.mark.parametrize("log2", [1, 3, 8])
def test_averaging_sends_the_mean_rounded_half_up(native, log2):
    device = native(panel=2)
    count = 2**log2
    shown = np.random.default_rng(5).integers(0, 2**16, (count, 32, 32), dtype=np.uint16)
    (header,) = take(device, 1, [(AVERAGE, log2)], lambda number: shown[number])
    mean = np.floor(shown.astype(float).mean(axis=0) + 0.5)
    np.testing.assert_array_equal(device.frame(0), mean)
    assert header.averaged == count
    assert len(device.exposures) == count


def test_full_scale_averages_to_full_scale(native):
    device = native(panel=2)
    full = np.full((32, 32), 65535)
    (header,) = take(device, 1, [(AVERAGE, 8)], lambda _number: full)
    assert set(device.frame(0).ravel()) == {65535}
    assert header.flags & p.FrameFlag.SATURATED


def test_one_saturated_exposure_marks_its_frame_alone(native):
    headers = take(
        native(panel=2),
        3,
        [(AVERAGE, 2)],
        lambda number: np.full((32, 32), 65535 if number == 5 else 9),
    )
    flags = [bool(header.flags & p.FrameFlag.SATURATED) for header in headers]
    assert flags == [False, True, False]


def test_frames_are_counted_as_they_are_sent(native):
    device = native(panel=2)
    headers = take(device, 3, [(AVERAGE, 2)])
    assert [header.frame for header in headers] == [0, 1, 2]
    assert len(device.exposures) == 12
    (done,) = device.events(p.EventCode.ACQUISITION_DONE)
    assert done.detail == 2
    assert device.get(35) == 3
    flags = [header.flags for header in headers]
    assert flags == [p.FrameFlag.FIRST, 0, p.FrameFlag.LAST]


def test_averaging_and_binning_lose_nothing_between_them(native):
    device = native(panel=2)
    # Two of four sums are beyond a sample, but not their mean.
    values = [20_000, 5000, 20_000, 5000]
    shown = lambda number: np.full((32, 32), values[number % 4])  # noqa: E731
    (header,) = take(device, 1, [(AVERAGE, 2), (BINNING, 2)], shown)
    assert set(device.frame(0).ravel()) == {50_000}
    assert not header.flags & p.FrameFlag.SATURATED


def test_a_burst_counts_averaged_frames(native):
    device = native(panel=2)
    settings = [(AVERAGE, 1), (BURST, 3), (TRIGGER_MODE, p.TriggerMode.SOFTWARE)]
    take(device, 0, settings)
    device.ask(p.SoftwareTrigger())
    device.run(device.now_us + 1_000_000)
    assert len(device.of(p.FrameHeader)) == 3
    assert len(device.exposures) == 6


def test_settings_do_not_change_within_a_frame(native):
    device = native(panel=2)
    device.set(AVERAGE, 2)
    device.ask(p.Start(2))
    device.run(15_000)
    device.set(EXPOSURE, 5000)
    device.packets.clear()
    device.run(1_000_000)
    lengths = [taken.integration_us for taken in device.exposures]
    assert lengths == [10_000] * 4 + [5000] * 4
    assert [header.exposure_us for header in device.of(p.FrameHeader)] == [10_000, 5000]


def test_stop_within_a_frame_gives_up_its_memory(native):
    device = native(panel=2, slots=1)
    device.set(AVERAGE, 3)
    device.ask(p.Start(0))
    device.run(25_000)
    device.ask(p.Stop())
    device.exposures.clear()
    device.packets.clear()
    device.ask(p.Start(1))
    device.run(1_000_000)
    np.testing.assert_array_equal(device.frame(0).ravel(), np.arange(1024) + 4)


# --- conversions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16])
def test_conversions_of_a_pixel_are_averaged_rounded_half_up(native, count):
    device = native(panel=1)
    shown = noise(count, 64, 64)
    settings = [(EXPOSURE, 60_000), (OVERSAMPLING, count)]
    (header,) = take(device, 1, settings, lambda _number: shown)
    mean = (2 * shown.astype(np.uint32).sum(axis=0) + count) // (2 * count)
    np.testing.assert_array_equal(device.frame(0), mean)
    assert header.oversampling == count


@pytest.mark.parametrize("cds", [0, 1])
def test_correlated_double_sampling_is_the_panels(native, cds):
    device = native(panel=2)
    (header,) = take(device, 1, [(CDS, cds)])
    assert header.cds == cds
    assert [taken.cds for taken in device.exposures] == [bool(cds)]


# --- test patterns --------------------------------------------------------------------------------


def pattern_of(kind, rows, columns, exposure):
    row, column = np.indices((rows, columns))
    return {
        p.TestPattern.RAMP: (row * columns + column + exposure) % 65536,
        p.TestPattern.CHECKERBOARD: np.where((row + column) % 2 == 0, 0x5555, 0xAAAA),
        p.TestPattern.WALKING_ONE: 1 << (row + column) % 16,
    }[kind]


@pytest.mark.parametrize("panel", [1, 2])
@pytest.mark.parametrize("kind", list(p.TestPattern)[1:])
def test_a_pattern_takes_the_place_of_the_samples(native, panel, kind):
    device = native(panel=panel)
    headers = take(device, 2, [(PATTERN, kind)])
    for header in headers:
        expected = pattern_of(kind, device.rows, device.columns, header.frame)
        np.testing.assert_array_equal(device.frame(header.frame), expected)
        assert header.flags & p.FrameFlag.PATTERN
        assert not header.flags & p.FrameFlag.SATURATED
    assert len(device.exposures) == 2


def test_a_pattern_is_cut_binned_and_averaged_as_samples_are(native):
    device = native(panel=1)
    settings = [(PATTERN, p.TestPattern.RAMP), (FIRST_ROW, 2), (ROWS, 8), (FIRST_COLUMN, 5)]
    settings += [(COLUMNS, 6), (BINNING, 2), (AVERAGE, 1)]
    take(device, 2, settings)
    exposures = [pattern_of(p.TestPattern.RAMP, 64, 64, n)[2:10, 5:11] for n in (2, 3)]
    mean = (binned(exposures[0]) + binned(exposures[1]) + 1) // 2
    np.testing.assert_array_equal(device.frame(1), mean)


def test_the_panels_own_samples_are_no_pattern(native):
    (header,) = take(native(panel=2))
    assert not header.flags & p.FrameFlag.PATTERN

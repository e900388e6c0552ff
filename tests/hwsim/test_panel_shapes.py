"""Panels of any shape: what is read of them arrives as it was converted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim import SimulationSpecification, links
from fpxi_hwsim.errors import BoardPanelError
from fpxi_readout.device_errors import ParameterRangeError
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import PANELS, Binning, Encoding

BarePanel = Callable[[str], str]
Opened = Callable[..., Panel]
SHAPES = {"pixel": (1, 1), "line64": (1, 64), "array7x11": (7, 11), "camera256": (256, 256)}
NATIVE_ONLY = list(SHAPES)


@pytest.fixture
def opened(bare_panel: BarePanel, tmp_path: Path) -> Iterator[Opened]:
    """Open a bare panel that shows recorded counts, in virtual time."""
    with ExitStack() as stack:

        def open_one(panel: str, counts: np.ndarray) -> Panel:
            path = tmp_path / f"{panel}.npy"
            np.save(path, counts)
            link = links.open_link(f"sim:{bare_panel(panel)}?time=virtual&frames={path}")
            stack.callback(link.close)
            return Panel.connect(link, cache=DictionaryCache(tmp_path / "dictionaries"))

        yield open_one


def counts_of(shape: tuple[int, int], top: int, count: int = 1) -> np.ndarray:
    """Random counts up to `top`, smooth enough to be worth coding."""
    random = np.random.default_rng(1)
    level = random.integers(0, top + 1, (count, 1, 1))
    noise = random.integers(-5, 6, (count, *shape))
    return np.clip(level + noise, 0, top).astype(np.uint16)


@pytest.mark.parametrize("panel", NATIVE_ONLY)
def test_the_device_tells_its_own_shape(panel: str, opened: Opened) -> None:
    device = opened(panel, counts_of(SHAPES[panel], 100))
    assert device.geometry.name == panel
    assert (device.geometry.rows, device.geometry.columns) == SHAPES[panel] == PANELS[panel].shape
    assert device.geometry.gain_settings[-1].full_scale_fC == PANELS[panel].full_scale_fC[-1]


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("panel", NATIVE_ONLY)
def test_every_encoding_brings_the_counts(panel: str, encoding: Encoding, opened: Opened) -> None:
    shown = counts_of(SHAPES[panel], 4095, count=3)
    device = opened(panel, shown)
    device.set("encoding", encoding)
    device.set("key_frame_interval", 2)
    device.start(3)
    taken = list(device.frames(3, timeout_s=10))
    assert all(frame.row_received.all() for frame in taken)
    np.testing.assert_array_equal([frame.samples for frame in taken], shown)


@pytest.mark.parametrize("panel", NATIVE_ONLY)
def test_a_region_reaches_to_the_panel_s_last_pixel(panel: str, opened: Opened) -> None:
    rows, columns = SHAPES[panel]
    shown = counts_of(SHAPES[panel], 60_000)
    device = opened(panel, shown)
    device.set("region_first_row", rows - 1)
    device.set("region_first_column", columns - 1)
    device.start(1)
    (frame,) = device.frames(1, timeout_s=5)
    np.testing.assert_array_equal(frame.samples, shown[0, -1:, -1:])


@pytest.mark.parametrize("panel", ["array7x11", "camera256"])
def test_binning_leaves_an_odd_last_row_and_column_out(panel: str, opened: Opened) -> None:
    rows, columns = (side // 2 * 2 for side in SHAPES[panel])
    shown = counts_of(SHAPES[panel], 1000)
    device = opened(panel, shown)
    device.set("binning", Binning.TWO_BY_TWO)
    device.start(1)
    (frame,) = device.frames(1, timeout_s=5)
    blocks = shown[0, :rows, :columns].reshape(rows // 2, 2, columns // 2, 2)
    np.testing.assert_array_equal(frame.samples, blocks.sum(axis=(1, 3)))


@pytest.mark.parametrize("panel", ["pixel", "line64"])
def test_a_panel_of_one_row_cannot_be_binned(panel: str, opened: Opened) -> None:
    device = opened(panel, counts_of(SHAPES[panel], 100))
    with pytest.raises(ParameterRangeError, match="binning"):
        device.set("binning", Binning.TWO_BY_TWO)


@pytest.mark.parametrize("panel", NATIVE_ONLY)
def test_another_board_is_refused_with_what_it_reads(panel: str, bare_panel: BarePanel) -> None:
    name = bare_panel(panel)
    with pytest.raises(BoardPanelError, match="tft64, cmos32") as caught:
        SimulationSpecification.from_url(f"sim:{name}?board=stm32f405")
    assert (caught.value.board, caught.value.panel) == ("stm32f405", panel)
    assert caught.value.panels == ("tft64", "cmos32")
    assert caught.value.boards == ("native",)

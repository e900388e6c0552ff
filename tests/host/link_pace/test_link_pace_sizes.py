"""What a frame would take on the link is what it takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import fpxi
import numpy as np
import pytest
from fpxi.link_pace_sizes import Coding, SceneSizes, link_sizes
from fpxi_readout.protocol.generated import Encoding

FRAMES = 40


@pytest.mark.parametrize("url", ["sim:tft64?time=virtual", "sim:cmos32?time=virtual&beam=off"])
@pytest.mark.parametrize("rows_per_chunk", [16, 7])
def test_sizes_are_those_that_the_device_sends(url: str, rows_per_chunk: int) -> None:
    coding = Coding(rows_per_chunk=rows_per_chunk, key_frame_interval=FRAMES)
    with fpxi.open(url) as session:
        session.set("rows_per_chunk", rows_per_chunk)
        session.set("key_frame_interval", FRAMES)
        for encoding in Encoding:
            session.set("encoding", int(encoding))
            before = session.statistics().link.bytes_received
            with session.frames(FRAMES) as frames:
                session.start(FRAMES, reliable=True)
                key, *others = [frame.samples for frame in frames]
            session.stop()
            sent = (session.statistics().link.bytes_received - before) / FRAMES
            told = np.mean([link_sizes(each, key, coding)[encoding] for each in others])
            assert told == pytest.approx(sent, rel=0.01), encoding


@pytest.mark.parametrize("bits", [12, 14])
def test_samples_that_fit_are_packed(bits: int) -> None:
    samples = np.full((8, 8), (1 << bits) - 1, np.uint16)
    wide = np.full((8, 8), 1 << bits, np.uint16)
    packed = Encoding.PACKED12 if bits == 12 else Encoding.PACKED14
    small, large = (link_sizes(each, None, Coding()) for each in (samples, wide))
    assert small[packed] == small[Encoding.RAW16] - 8 * 8 * (16 - bits) // 8
    assert large[packed] == large[Encoding.RAW16]


def test_nothing_gets_larger_by_coding() -> None:
    noise = np.random.default_rng(1).integers(0, 65_536, (32, 32), np.uint16)
    sizes = link_sizes(noise, noise[::-1].copy(), Coding())
    assert all(size <= sizes[Encoding.RAW16] for size in sizes.values())


def test_without_a_reference_there_is_no_size_relative_to_one() -> None:
    assert Encoding.AEC_REFERENCE not in link_sizes(np.zeros((4, 4), np.uint16), None, Coding())


def test_nothing_is_known_before_the_first_frame() -> None:
    scene = SceneSizes()
    scene.measure(Coding())
    assert scene.sizes == {}


def test_a_frame_that_lacks_rows_tells_nothing_of_the_scene(follow: Callable[..., Any]) -> None:
    rig = follow(100_000)
    rig.source.start()
    rig.run(1.0)
    frames = [frame for _, frame in rig.panel.arrivals]
    damaged = replace(frames[-1], samples=0 * frames[-1].samples, row_received=np.zeros(64, bool))
    scene, whole = SceneSizes(), SceneSizes()
    scene.add([*frames, damaged], 256)
    whole.add(frames, 256)
    for each in (scene, whole):
        each.measure(Coding())
    assert scene.sizes == whole.sizes
    assert scene.sizes[Encoding.AEC_REFERENCE] > 1000

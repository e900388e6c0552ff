"""How fast bytes from the link become frames, beside the two library calls that cannot be spared.

    python tests/benchmarks/bench_readout.py [--json] [--rounds 12]

MB/s of link bytes on one core. The whole is what `Panel.poll` does: packets, checks, accounting,
frames; and then the correction too. The contestants run in every round, one after the other, so
that a busy machine slows all; ratios are medians over the rounds, speeds are those of the best.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

import fpxi_imaging as im
import numpy as np
from cobs import cobs
from fpxi_readout.connection import Connection
from fpxi_readout.frame import Frame
from fpxi_readout.inbox import Inbox
from fpxi_readout.protocol.counters import FrameCounters
from fpxi_readout.protocol.framing import encode_packet
from fpxi_readout.protocol.generated import Encoding, FrameChunk, FrameHeader
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry
from fpxi_readout.run import Run

SIDE = 64
ROWS_PER_CHUNK = 8
FRAMES = 400
BLOCK_BYTES = 65_536
USB_HIGH_SPEED_MB_S = 40.0

PANEL = PanelGeometry("tft64", SIDE, SIDE, 200.0, 0, 16, 56.0, (GainSetting("x", 1200.0),))


class MemoryLink:
    """A link that delivers a block of memory a read."""

    description = "memory:"

    def __init__(self, data: bytes) -> None:
        self._blocks = iter(
            [data[begin : begin + BLOCK_BYTES] for begin in range(0, len(data), BLOCK_BYTES)]
        )

    def read(self, timeout_s: float) -> bytes:
        return next(self._blocks, b"")

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> None:
        pass


def pack14(rows: np.ndarray) -> bytes:
    bits = ((rows[..., None].astype(np.uint32) >> np.arange(14)) & 1).astype(np.uint8)
    return np.packbits(bits.reshape(len(rows), -1), axis=1, bitorder="little").tobytes()


def stream(encoding: Encoding) -> bytes:
    """Return the frames as a device sends them: noise on a grey level."""
    random = np.random.default_rng(1)
    packets = []
    sequence = 0
    for number in range(FRAMES):
        samples = random.normal(6000, 80, (SIDE, SIDE)).astype(np.uint16)
        chunks = SIDE // ROWS_PER_CHUNK
        header = FrameHeader(number, 0, 1000, 0, 25_000, 0, SIDE, SIDE, chunks, 3, ROWS_PER_CHUNK)
        payloads = [(FrameHeader.TYPE, header.pack())]
        for first in range(0, SIDE, ROWS_PER_CHUNK):
            rows = samples[first : first + ROWS_PER_CHUNK]
            packed = rows.astype("<u2").tobytes() if encoding == Encoding.RAW16 else pack14(rows)
            chunk = FrameChunk(number, first, ROWS_PER_CHUNK, encoding, packed)
            payloads.append((FrameChunk.TYPE, chunk.pack()))
        for kind, payload in payloads:
            packets.append(encode_packet(kind, sequence, payload))
            sequence = (sequence + 1) % 256
    return b"".join(packets)


def libraries_alone(data: bytes) -> None:
    """Split, unstuff and check, and nothing else."""
    for piece in data.split(b"\0"):
        if piece:
            zlib.crc32(cobs.decode(piece))


def frames_of(data: bytes, take: Callable[[Frame], object]) -> int:
    """Read all bytes as `Panel.poll` does, hand every frame over, and return their number."""
    connection, inbox = Connection(MemoryLink(data), time.monotonic), Inbox()
    connection.on_packet = inbox.packet
    run = Run(
        connection,
        PANEL,
        FrameCounters(),
        first_frame=0,
        frames=FRAMES,
        reliable=False,
        acquired_parameter=None,
        fault_parameter=None,
    )
    inbox.attach(run)
    count = 0
    while not run.drained:
        connection.pump(0.0)
        run.run_timers()
        for frame in run.take():
            assert not frame.rows_missing
            take(frame)
            count += 1
    return count


def corrector() -> Callable[[Frame], object]:
    """Return what corrects a frame into a buffer."""
    shape = (SIDE, SIDE)
    none = np.zeros(shape, np.bool_)
    calibration = im.Calibration(
        offset=np.full(shape, 100, np.float32),
        gain=np.ones(shape, np.float32),
        defects=none,
        not_imaging=none,
        normalisation=5000.0,
        saturation_level=65_535,
        dark_frames=100,
        flat_frames=100,
        conditions=im.Conditions("bench", "0", 1000, 3, 0, 25_000),
        created=datetime.now(UTC),
    )
    correction = im.Corrector(calibration)
    out, flags = np.empty(shape, np.float32), np.empty(shape, np.uint8)
    return lambda f: correction.correct(f.samples, f.row_received, out=out, flags=flags)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(encoding: Encoding, rounds: int) -> dict[str, float]:
    """Return MB/s of each contestant, and its speed relative to the library calls alone."""
    data = stream(encoding)
    correct = corrector()
    contestants: dict[str, Callable[[], object]] = {
        "libraries": lambda: libraries_alone(data),
        "frames": lambda: frames_of(data, lambda frame: None),
        "corrected": lambda: frames_of(data, correct),
    }
    times = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, work in contestants.items():
            times[name].append(seconds(work))
    result = {f"{name}_MB_s": len(data) / 1e6 / min(taken) for name, taken in times.items()}
    for name in ("frames", "corrected"):
        pairs = zip(times["libraries"], times[name], strict=True)
        result[f"{name}_ratio"] = statistics.median(alone / whole for alone, whole in pairs)
    result["frames_per_s"] = FRAMES / min(times["frames"])
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=12)
    options = parser.parse_args()
    results = {encoding.name.lower(): measure(encoding, options.rounds) for encoding in Encoding}
    if options.json:
        json.dump(results, sys.stdout)
        return
    for name, result in results.items():
        print(
            f"{name:8}  cobs and crc alone {result['libraries_MB_s']:5.0f} MB/s | bytes to frames "
            f"{result['frames_MB_s']:4.0f} MB/s, ratio {result['frames_ratio']:.2f}, "
            f"{result['frames_MB_s'] / USB_HIGH_SPEED_MB_S:.1f} x {USB_HIGH_SPEED_MB_S:.0f} MB/s, "
            f"{result['frames_per_s']:.0f} frames/s | to corrected {result['corrected_MB_s']:4.0f} "
            f"MB/s, ratio {result['corrected_ratio']:.2f}"
        )


if __name__ == "__main__":
    main()

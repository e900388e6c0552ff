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

import fpxi_imaging as im
import imagecodecs
import numpy as np
from cobs import cobs
from fpxi_readout.connection import Connection
from fpxi_readout.frame import Frame
from fpxi_readout.inbox import Inbox
from fpxi_readout.protocol.counters import FrameCounters
from fpxi_readout.protocol.encoding import SAMPLE_BITS
from fpxi_readout.protocol.entropy import PREDICTED
from fpxi_readout.protocol.framing import encode_packet
from fpxi_readout.protocol.generated import Encoding, FrameChunk, FrameFlag, FrameHeader
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry
from fpxi_readout.run import Run

SIDE = 64
ROWS_PER_CHUNK = 8
BLOCK_SIZE, INTERVAL = 32, 128
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


def pack(rows: np.ndarray, width: int) -> bytes:
    """Return samples of so many bits, least significant first."""
    bits = ((rows[..., None].astype(np.uint32) >> np.arange(width)) & 1).astype(np.uint8)
    return np.packbits(bits.reshape(len(rows), -1), axis=1, bitorder="little").tobytes()


def code(values: np.ndarray, flags: int) -> bytes:
    """Return what libaec makes of values."""
    coded: bytes = imagecodecs.aec_encode(
        values.tobytes(), bitspersample=16, flags=flags, blocksize=BLOCK_SIZE, rsi=INTERVAL
    )
    return coded


def encoded(encoding: Encoding, rows: np.ndarray, reference: np.ndarray) -> bytes:
    """Return the samples of a chunk."""
    if encoding in SAMPLE_BITS:
        return pack(rows, SAMPLE_BITS[encoding])
    if encoding == Encoding.AEC:
        return code(rows, PREDICTED)
    signed = (rows - reference).astype(np.int16).astype(np.int32)
    return code(np.where(signed < 0, -2 * signed - 1, 2 * signed).astype(np.uint16), 0)


def frame_header(number: int) -> FrameHeader:
    """Return the header of a frame, relative to the first."""
    return FrameHeader(
        frame=number,
        timestamp_us=0,
        exposure_us=1000,
        bias_mV=0,
        temperature_mC=25_000,
        flags=0 if number else FrameFlag.KEY,
        rows=SIDE,
        columns=SIDE,
        chunks=SIDE // ROWS_PER_CHUNK,
        gain_setting=3,
        rows_per_chunk=ROWS_PER_CHUNK,
        first_row=0,
        first_column=0,
        binning=1,
        cds=1,
        oversampling=1,
        aec_block_size=BLOCK_SIZE,
        aec_reference_interval=INTERVAL,
        averaged=1,
        reference_frame=0,
    )


def stream(encoding: Encoding) -> bytes:
    """Return the frames as a device sends them: noise on a grey level."""
    random = np.random.default_rng(1)
    packets = []
    sequence = 0
    key = None
    for number in range(FRAMES):
        samples = random.normal(3000, 80, (SIDE, SIDE)).astype(np.uint16)
        key = samples if key is None else key
        relative = encoding == Encoding.AEC_REFERENCE and number > 0
        used = Encoding.AEC if encoding == Encoding.AEC_REFERENCE and not relative else encoding
        payloads = [(FrameHeader.TYPE, frame_header(number).pack())]
        for first in range(0, SIDE, ROWS_PER_CHUNK):
            rows = slice(first, first + ROWS_PER_CHUNK)
            packed = encoded(used, samples[rows], key[rows])
            chunk = FrameChunk(number, first, ROWS_PER_CHUNK, used, packed)
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
    calibration = im.ResolvedCalibration(
        offset=np.full(shape, 100, np.float32),
        gain=np.ones(shape, np.float32),
        defects=none,
        not_imaging=none,
        normalisation=5000.0,
        saturation_level=65_535,
        conditions=im.Conditions("bench", "0", 1000, 3, 0, 25_000),
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
            f"{name:13}  cobs and crc alone {result['libraries_MB_s']:5.0f} MB/s | bytes to frames "
            f"{result['frames_MB_s']:4.0f} MB/s, ratio {result['frames_ratio']:.2f}, "
            f"{result['frames_MB_s'] / USB_HIGH_SPEED_MB_S:.1f} x {USB_HIGH_SPEED_MB_S:.0f} MB/s, "
            f"{result['frames_per_s']:.0f} frames/s | to corrected {result['corrected_MB_s']:4.0f} "
            f"MB/s, ratio {result['corrected_ratio']:.2f}"
        )


if __name__ == "__main__":
    main()

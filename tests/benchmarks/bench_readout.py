"""How fast bytes from the link become frames, beside the two library calls that cannot be spared.

`python tests/benchmarks/bench_readout.py` prints MB/s of link bytes on one core, and ratios.
"""

from __future__ import annotations

import statistics
import time
import zlib
from collections.abc import Callable

import numpy as np
from cobs import cobs
from fpxi_readout.frame import Frame
from fpxi_readout.inbox import Inbox
from fpxi_readout.protocol.assembly import FrameAssembler
from fpxi_readout.protocol.framing import PacketDecoder, encode_packet
from fpxi_readout.protocol.generated import Encoding, FrameChunk, FrameHeader
from fpxi_readout.protocol.geometry import GainSetting, PanelGeometry
from fpxi_readout.run import Run

SIDE = 64
ROWS_PER_CHUNK = 8
FRAMES = 400
BLOCK_BYTES = 65_536
REPEATS = 12
USB_HIGH_SPEED_MB_S = 40.0

PANEL = PanelGeometry("tft64", SIDE, SIDE, 200.0, 0, 16, 56.0, (GainSetting("x", 1200.0),))


class SilentLink:
    """A link that carries nothing: the benchmark hands the bytes over itself."""

    description = "none:"

    def read(self, timeout_s: float) -> bytes:
        return b""

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


def frames_of(data: bytes) -> list[Frame]:
    """Do all that `Panel.poll` does with bytes from the link."""
    decoder = PacketDecoder()
    inbox = Inbox()
    assembler = FrameAssembler(PANEL, first_frame=0, reliable=False)
    run = _run(assembler)
    inbox.attach(run)
    frames: list[Frame] = []
    for begin in range(0, len(data), BLOCK_BYTES):
        for packet in decoder.feed(data[begin : begin + BLOCK_BYTES]):
            inbox.packet(packet)
        frames += run.take()
    return frames


def _run(assembler: FrameAssembler) -> Run:
    from fpxi_readout.connection import Connection

    run = Run(
        Connection(SilentLink(), time.monotonic),
        PANEL,
        assembler.counters,
        first_frame=0,
        frames=0,
        reliable=False,
        heartbeat_parameter=None,
    )
    run.assembler = assembler
    return run


def measure(data: bytes) -> tuple[float, float, float]:
    """Return MB/s of the library calls alone and of the whole, and the median ratio.

    Both run in every round, one after the other, so that a busy machine slows both.
    """
    alone, whole = [], []
    for _ in range(REPEATS):
        alone.append(seconds(lambda: libraries_alone(data)))
        whole.append(seconds(lambda: frames_of(data)))
    ratio = statistics.median(a / w for a, w in zip(alone, whole, strict=True))
    return len(data) / 1e6 / min(alone), len(data) / 1e6 / min(whole), ratio


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    for encoding in Encoding:
        data = stream(encoding)
        frames = frames_of(data)
        assert len(frames) == FRAMES
        assert not any(frame.rows_missing for frame in frames)
        alone, whole, ratio = measure(data)
        print(
            f"{encoding.name.lower():9} bytes to frames {whole:5.0f} MB/s "
            f"({whole * 1e6 / len(data) * FRAMES:.0f} frames/s, "
            f"{whole / USB_HIGH_SPEED_MB_S:.1f} x {USB_HIGH_SPEED_MB_S:.0f} MB/s); "
            f"cobs and crc alone {alone:5.0f} MB/s; ratio {ratio:.2f}"
        )


if __name__ == "__main__":
    main()

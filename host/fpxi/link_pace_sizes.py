"""How many bytes a frame takes on the link in each encoding, without sending it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from fpxi_readout.protocol.generated import Encoding, FrameChunk, FrameFlag, FrameHeader
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fpxi_readout.frame import Frame

PACKET_BYTES = 6
"""type, sequence number and CRC of a packet"""
STUFFING_RUN = 254
"""bytes that COBS lengthens by one at most"""
SAMPLE_BITS = 16
ID_BITS = 4
LONGEST_SPLIT = 13

Samples = NDArray[np.uint16]
Values = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Coding:
    """The parameters that, beside the encoding, decide a frame's size."""

    rows_per_chunk: int = 16
    aec_block_size: int = 32
    aec_reference_interval: int = 128
    key_frame_interval: int = 256

    @classmethod
    def of(cls, parameters: Mapping[str, int]) -> Coding:
        """Read them from parameters; those that a device lacks are as they are by default."""
        known = {name: parameters[name] for name in cls.__slots__ if name in parameters}
        return cls(**known)


class SceneSizes:
    """Sizes of the scene's newest frame, relative to the frame that is the key, or would be."""

    def __init__(self) -> None:
        self.sizes: Mapping[Encoding, float] = {}
        """bytes on the link of the newest frame looked at; empty before the first"""
        self._reference: Frame | None = None
        self._newest: Frame | None = None

    def add(self, frames: Iterable[Frame], key_frame_interval: int) -> None:
        """Take frames as they come; those that lack rows tell nothing."""
        for frame in frames:
            if frame.rows_missing:
                continue
            if self._begins_anew(frame, key_frame_interval):
                self._reference, self._newest = frame, None
            else:
                self._newest = frame

    def measure(self, coding: Coding) -> None:
        """Look at the newest frame."""
        if self._newest is not None and self._reference is not None:
            self.sizes = link_sizes(self._newest.samples, self._reference.samples, coding)
        elif self._reference is not None and not self.sizes:
            self.sizes = link_sizes(self._reference.samples, None, coding)

    def restart(self) -> None:
        """Begin with a new key frame; the sizes stay until it has come."""
        self._reference = self._newest = None

    def _begins_anew(self, frame: Frame, key_frame_interval: int) -> bool:
        reference = self._reference
        return (
            reference is None
            or bool(frame.flags & FrameFlag.KEY)
            or frame.number - reference.number >= key_frame_interval
            or frame.samples.shape != reference.samples.shape
        )


def link_sizes(
    samples: Samples, reference: Samples | None, coding: Coding
) -> dict[Encoding, float]:
    """Return the bytes of a frame with all its packets, for each encoding.

    `samples`, `reference`: shape (rows, columns). Without a reference AEC_REFERENCE is left out;
    with one, its size has the share of a key frame in it. The entropy-coded sizes are those of
    the shortest code of each block (CCSDS 121.0-B, section 3), as the firmware chooses them; runs
    of empty blocks count a little more than they take.
    """
    rows, columns = samples.shape
    firsts = range(0, rows, coding.rows_per_chunk)
    chunks = [samples[first : first + coding.rows_per_chunk] for first in firsts]
    raw = [2 * chunk.size for chunk in chunks]
    sizes: dict[Encoding, float] = {Encoding.RAW16: _on_link(raw)}
    for encoding, bits in ((Encoding.PACKED14, 14), (Encoding.PACKED12, 12)):
        row_bytes = -(-columns * bits // 8)
        fits = [int(chunk.max(initial=0)) >> bits == 0 for chunk in chunks]
        packed = [row_bytes * len(chunk) for chunk in chunks]
        sizes[encoding] = _on_link(
            [small if fit else big for small, big, fit in zip(packed, raw, fits, strict=True)]
        )
    sizes[Encoding.AEC] = coded = _on_link(_coded([_predicted(c, coding) for c in chunks], raw))
    if reference is not None:
        others = [reference[first : first + coding.rows_per_chunk] for first in firsts]
        pairs = zip(chunks, others, strict=True)
        relative = _on_link(_coded([_differences(c, o, coding) for c, o in pairs], raw))
        sizes[Encoding.AEC_REFERENCE] = relative + (coded - relative) / coding.key_frame_interval
    return sizes


def _on_link(chunks: list[int]) -> int:
    """Return the bytes of the header and chunks of so many bytes as packets, stuffed."""
    payloads = [FrameHeader.STRUCT.size, *(FrameChunk.STRUCT.size + size for size in chunks)]
    packets = (payload + PACKET_BYTES for payload in payloads)
    return sum(packet + 2 + packet // STUFFING_RUN for packet in packets)


@dataclass(frozen=True, slots=True)
class _Blocks:
    values: Values
    """shape (blocks, block size): what is coded, never negative"""
    has_sample: NDArray[np.bool_]
    """shape (blocks,): whether the block begins with a sample as it is"""


def _predicted(chunk: Samples, coding: Coding) -> _Blocks:
    """Map residuals to the left neighbour (CCSDS 121.0-B, section 4)."""
    size = coding.aec_block_size
    samples = chunk.ravel().astype(np.int64)
    prediction = np.concatenate((samples[:1], samples[:-1]))
    prediction[:: size * coding.aec_reference_interval] = samples[
        :: size * coding.aec_reference_interval
    ]
    residual = samples - prediction
    room = np.minimum(prediction, 0xFFFF - prediction)
    doubled = np.where(residual >= 0, 2 * residual, -2 * residual - 1)
    mapped = np.where(np.abs(residual) <= room, doubled, room + np.abs(residual))
    padded = np.pad(mapped, (0, -mapped.size % size)).reshape(-1, size)
    has_sample = np.arange(len(padded)) % coding.aec_reference_interval == 0
    return _Blocks(padded, has_sample)


def _differences(chunk: Samples, reference: Samples, coding: Coding) -> _Blocks:
    """Interleave the positive and negative differences to the reference."""
    size = coding.aec_block_size
    signed = (chunk - reference).ravel().view(np.int16).astype(np.int64)
    mapped = np.where(signed >= 0, 2 * signed, -2 * signed - 1)
    padded = np.pad(mapped, (0, -mapped.size % size), mode="edge").reshape(-1, size)
    return _Blocks(padded, np.zeros(len(padded), np.bool_))


def _coded(chunks: list[_Blocks], raw: list[int]) -> list[int]:
    """Return the bytes of each chunk; one that does not get shorter is sent raw."""
    values = np.concatenate([chunk.values for chunk in chunks])
    has_sample = np.concatenate([chunk.has_sample for chunk in chunks])
    begins = np.cumsum([0, *(len(chunk.values) for chunk in chunks)])[:-1]
    bits = np.add.reduceat(_block_bits(values, has_sample), begins)
    return [min(-(-int(b) // 8), limit) for b, limit in zip(bits, raw, strict=True)]


def _block_bits(values: Values, has_sample: NDArray[np.bool_]) -> Values:
    """Return the length of each block in its shortest code."""
    count = values.shape[1] - has_sample
    shortest = SAMPLE_BITS * count
    for split in range(LONGEST_SPLIT + 1):
        shortest = np.minimum(shortest, (values >> split).sum(axis=1) + count * (split + 1))
    pairs = values.reshape(len(values), -1, 2)
    both = pairs.sum(axis=2)
    extension = 1 + (both * (both + 1) // 2 + pairs[:, :, 1] + 1).sum(axis=1)
    bits = ID_BITS + np.minimum(shortest, extension)
    empty: NDArray[np.bool_] = np.asarray(values.sum(axis=1) == 0, np.bool_)
    follows = empty & ~has_sample
    follows[1:] &= empty[:-1]
    follows[:1] = False
    bits = np.where(empty, np.where(follows, 1, ID_BITS + 2), bits)
    return np.asarray(bits + SAMPLE_BITS * has_sample, np.int64)

"""One frame while its header and chunks arrive."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from fpxi_readout.frame import Frame
from fpxi_readout.protocol.encoding import check_length, unpack
from fpxi_readout.protocol.entropy import add_residual, decode
from fpxi_readout.protocol.generated import (
    Encoding,
    FrameChunk,
    FrameFlag,
    FrameHeader,
)
from fpxi_readout.protocol.header import ContradictionError, check_header, sampling_of

HEADER = 0xFFFF
"""The chunk index by which RESEND asks for the header."""
CHUNK_PREFIX = FrameChunk.STRUCT.size
NO_SAMPLES: NDArray[np.uint16] = np.empty((0, 0), np.uint16)
NO_BYTES = memoryview(b"")
RAW16 = int(Encoding.RAW16)
ENTROPY_CODED = (int(Encoding.AEC), int(Encoding.AEC_REFERENCE))
LITTLE_ENDIAN = np.dtype(np.uint16) == np.dtype("<u2")


class FrameInProgress:
    """The part of one frame that has arrived.

    Chunks that come before the header wait in `early`, by their first row. A delivered key frame
    goes on as the reference of later ones, and may still get chunks.
    """

    __slots__ = (
        "_bytes",
        "_chunk_bytes",
        "_packed",
        "_relative",
        "_row_bytes",
        "_samples",
        "asked_again",
        "chunks_left",
        "early",
        "early_bytes",
        "furthest",
        "given_up",
        "header",
        "number",
        "received",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.header: FrameHeader | None = None
        self.early: dict[int, bytes] = {}
        self.early_bytes = 0
        self.chunks_left = 0
        self.received = bytearray()
        self.furthest = -1
        """last chunk index seen; -1: none"""
        self.asked_again: set[int] = set()
        """chunk indices, or HEADER, for which RESEND was sent and which have not come"""
        self.given_up = False
        """nothing more of it will come"""
        self._samples = NO_SAMPLES
        self._bytes = NO_BYTES
        self._row_bytes = 0
        self._chunk_bytes = 0
        self._packed: dict[int, dict[int, bytes]] = {}
        self._relative: list[int] = []

    @property
    def complete(self) -> bool:
        """Whether header and all chunks are there."""
        return self.header is not None and self.chunks_left == 0

    @property
    def reference(self) -> int | None:
        """Number of the frame that must be there for `finish`; None: it needs no other."""
        return self.header.reference_frame if self.header and self._relative else None

    def missing(self) -> Iterator[int]:
        """Go through what has not come, as RESEND's chunk indices; without header just that."""
        if self.header is None:
            yield HEADER
        else:
            for index, there in enumerate(self.received):
                if not there:
                    yield index

    def begin(self, header: FrameHeader, max_rows: int, max_columns: int) -> None:
        """Take the header and make room for the samples.

        Raises
        ------
        ContradictionError
            The header does not fit the panel, or its own numbers disagree.

        """
        check_header(header, max_rows, max_columns)
        self.header = header
        self.chunks_left = header.chunks
        self.received = bytearray(header.chunks)
        self._own(np.zeros((header.rows, header.columns), np.uint16))
        self._row_bytes = 2 * header.columns
        self._chunk_bytes = header.rows_per_chunk * self._row_bytes

    def place(self, payload: bytes) -> int:
        """Put a chunk's samples in their rows; return its index, or -1 if it was there already.

        Raises
        ------
        ContradictionError
            The chunk is not on the header's grid of chunks.
        SampleLengthError, CodedSamplesError, UnknownEncodingError
            Its samples cannot be unpacked.
        DecoderMissingError
            They are entropy-coded, and imagecodecs is not installed.

        """
        header = self.header
        assert header is not None
        _, first_row, row_count, encoding = FrameChunk.STRUCT.unpack_from(payload)
        index: int = first_row // header.rows_per_chunk
        due = min(header.rows_per_chunk, header.rows - first_row)
        if first_row % header.rows_per_chunk or due <= 0 or row_count != due:
            raise ContradictionError(
                f"frame {self.number}: a chunk of {row_count} rows from row {first_row} is none "
                f"of the chunks of {header.rows_per_chunk} rows that the header announced"
            )
        if self.received[index]:
            return -1
        self._store(index, row_count, encoding, payload)
        self.received[index] = 1
        self.chunks_left -= 1
        self.furthest = max(self.furthest, index)
        return index

    def _store(self, index: int, row_count: int, encoding: int, payload: bytes) -> None:
        """Put samples in their rows; packed ones are kept until all can be unpacked at once."""
        size = len(payload) - CHUNK_PREFIX
        if encoding == RAW16 and size == row_count * self._row_bytes and LITTLE_ENDIAN:
            start = index * self._chunk_bytes
            self._bytes[start : start + size] = payload[CHUNK_PREFIX:]
            return
        if encoding in ENTROPY_CODED:
            self._decode(index, row_count, encoding, payload)
            return
        columns = self._samples.shape[1]
        check_length(encoding, size, row_count, columns)
        self._packed.setdefault(encoding, {})[index] = payload[CHUNK_PREFIX:]

    def _decode(self, index: int, row_count: int, encoding: int, payload: bytes) -> None:
        """Decode samples, or residuals, to which the reference is added when all are there."""
        header = self.header
        assert header is not None
        first = index * header.rows_per_chunk
        rows = self._samples[first : first + row_count]
        rows[:] = decode(
            payload[CHUNK_PREFIX:],
            rows.size,
            header.aec_block_size,
            header.aec_reference_interval,
            predicted=encoding == Encoding.AEC,
        ).reshape(rows.shape)
        if encoding == Encoding.AEC_REFERENCE:
            self._relative.append(index)

    def _unpack(self) -> None:
        """Unpack the chunks that were kept, all of one encoding together."""
        header = self.header
        assert header is not None
        for encoding, chunks in self._packed.items():
            rows = np.concatenate([self._rows_of(index, header) for index in chunks])
            unpacked = np.empty((rows.size, header.columns), np.uint16)
            unpack(encoding, b"".join(chunks.values()), unpacked)
            self._samples[rows] = unpacked
        self._packed.clear()

    def _rows_of(self, index: int, header: FrameHeader) -> NDArray[np.intp]:
        first = index * header.rows_per_chunk
        return np.arange(first, min(first + header.rows_per_chunk, header.rows))

    def content(self) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
        """Return samples, shape (rows, columns), and which rows arrived and need no reference."""
        header = self.header
        assert header is not None
        if self._packed:
            self._unpack()
        if self.chunks_left:
            chunks = np.frombuffer(bytes(self.received), np.bool_)
            there = np.repeat(chunks, header.rows_per_chunk)[: header.rows]
        else:
            there = np.ones(header.rows, np.bool_)
        for index in self._relative:
            there[self._rows_of(index, header)] = False
        return self._samples, there

    def finish(self, reference: FrameInProgress | None = None) -> Frame:
        """Return the frame with what has arrived of it.

        `reference`: what there is of the frame named by the property. A row that is relative to
        one that is missing there is missing itself.
        """
        header = self.header
        assert header is not None
        samples, received = self.content()
        if self._relative:
            self._refer(reference, samples, received)
        return Frame(
            number=header.frame,
            timestamp_us=header.timestamp_us,
            exposure_us=header.exposure_us,
            gain_setting=header.gain_setting,
            bias_mV=header.bias_mV,
            temperature_mC=header.temperature_mC,
            flags=FrameFlag(header.flags),
            samples=samples,
            row_received=received,
            sampling=sampling_of(header),
        )

    def keep(self) -> None:
        """Go on, after `finish`, on a copy of what the frame owns now."""
        self._own(self._samples.copy())

    def _own(self, samples: NDArray[np.uint16]) -> None:
        self._samples = samples
        self._bytes = samples.data.cast("B")

    def _refer(
        self,
        reference: FrameInProgress | None,
        samples: NDArray[np.uint16],
        received: NDArray[np.bool_],
    ) -> None:
        """Turn the residuals of relative rows into samples, as far as the reference is there."""
        assert self.header is not None
        rows = np.concatenate([self._rows_of(index, self.header) for index in self._relative])
        if reference is None or reference.header is None:
            samples[rows] = 0
            return
        base, there = reference.content()
        if base.shape != samples.shape:
            samples[rows] = 0
            return
        samples[rows[~there[rows]]] = 0
        usable = rows[there[rows]]
        samples[usable] = add_residual(base[usable], samples[usable])
        received[usable] = True

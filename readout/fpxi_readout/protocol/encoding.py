"""Sample packings of frame chunks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fpxi_readout.protocol.errors import ProtocolError
from fpxi_readout.protocol.generated import Encoding

# Four 14-bit samples fill seven bytes.
GROUP_SAMPLES = 4
GROUP_BYTES = 7
MASK_14 = np.uint64(0x3FFF)
SHIFTS_14 = (14 * np.arange(GROUP_SAMPLES)).astype(np.uint64)


class SampleLengthError(ProtocolError):
    """The packed samples do not have the length of the rows they claim to be."""

    def __init__(self, encoding: Encoding, expected: int, actual: int) -> None:
        super().__init__(
            f"{actual} bytes of {encoding.name.lower()} samples where {expected} are due: "
            "the device's firmware does not follow its stated protocol version; update it"
        )
        self.encoding = encoding
        self.expected = expected
        self.actual = actual


class UnknownEncodingError(ProtocolError):
    """The samples are packed in a way that this host does not know."""

    def __init__(self, encoding: int) -> None:
        super().__init__(
            f"sample encoding {encoding} is unknown: update fpxi on this computer, or set the "
            "device's parameter `encoding` to raw16"
        )
        self.encoding = encoding


def packed_row_bytes(encoding: int, columns: int) -> int:
    """Return the bytes that one row takes on the wire.

    Raises
    ------
    UnknownEncodingError
        The encoding is none of `Encoding`.

    """
    if encoding == Encoding.RAW16:
        return 2 * columns
    if encoding == Encoding.PACKED14:
        return (14 * columns + 7) // 8
    raise UnknownEncodingError(encoding)


def check_length(encoding: int, size: int, rows: int, columns: int) -> None:
    """Make sure that so many bytes of packed samples are so many rows.

    Raises
    ------
    UnknownEncodingError
        The encoding is none of `Encoding`.
    SampleLengthError
        They are more or fewer.

    """
    expected = rows * packed_row_bytes(encoding, columns)
    if size != expected:
        raise SampleLengthError(Encoding(encoding), expected, size)


def unpack(encoding: int, packed: bytes, out: NDArray[np.uint16]) -> None:
    """Unpack rows of samples into `out`, a C-contiguous uint16 array of shape (rows, columns).

    Raises
    ------
    UnknownEncodingError
        The encoding is none of `Encoding`.
    SampleLengthError
        `packed` is not exactly as long as the rows of `out` need.

    """
    rows, columns = out.shape
    check_length(encoding, len(packed), rows, columns)
    if encoding == Encoding.RAW16:
        out[:] = np.frombuffer(packed, "<u2").reshape(rows, columns)
    else:
        _unpack14(np.frombuffer(packed, np.uint8).reshape(rows, -1), out)


def _unpack14(packed: NDArray[np.uint8], out: NDArray[np.uint16]) -> None:
    rows, columns = out.shape
    groups = -(-columns // GROUP_SAMPLES)
    if columns % GROUP_SAMPLES:
        padded = np.zeros((rows, groups * GROUP_BYTES), np.uint8)
        padded[:, : packed.shape[1]] = packed
        packed = padded
    words = np.zeros((rows, groups, 8), np.uint8)
    words[:, :, :GROUP_BYTES] = packed.reshape(rows, groups, GROUP_BYTES)
    samples = (words.view("<u8") >> SHIFTS_14) & MASK_14
    out[:] = samples.reshape(rows, groups * GROUP_SAMPLES)[:, :columns]

"""Sample packings of frame chunks in which every sample takes the same bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fpxi_readout.protocol.errors import ProtocolError
from fpxi_readout.protocol.generated import Encoding

SAMPLE_BITS = {Encoding.RAW16: 16, Encoding.PACKED14: 14, Encoding.PACKED12: 12}
# Four samples of n bits, n even, fill n / 2 whole bytes, which a 64-bit word holds.
GROUP_SAMPLES = 4


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
        The encoding is none of `SAMPLE_BITS`.

    """
    bits = SAMPLE_BITS.get(encoding)  # type: ignore[call-overload]
    if bits is None:
        raise UnknownEncodingError(encoding)
    return int(bits * columns + 7) // 8


def check_length(encoding: int, size: int, rows: int, columns: int) -> None:
    """Make sure that so many bytes of packed samples are so many rows.

    Raises
    ------
    UnknownEncodingError
        The encoding is none of `SAMPLE_BITS`.
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
        The encoding is none of `SAMPLE_BITS`.
    SampleLengthError
        `packed` is not exactly as long as the rows of `out` need.

    """
    rows, columns = out.shape
    check_length(encoding, len(packed), rows, columns)
    if encoding == Encoding.RAW16:
        out[:] = np.frombuffer(packed, "<u2").reshape(rows, columns)
    else:
        bits = SAMPLE_BITS[Encoding(encoding)]
        _unpack_bits(np.frombuffer(packed, np.uint8).reshape(rows, -1), bits, out)


def _unpack_bits(packed: NDArray[np.uint8], bits: int, out: NDArray[np.uint16]) -> None:
    rows, columns = out.shape
    groups = -(-columns // GROUP_SAMPLES)
    group_bytes = GROUP_SAMPLES * bits // 8
    if columns % GROUP_SAMPLES:
        padded = np.zeros((rows, groups * group_bytes), np.uint8)
        padded[:, : packed.shape[1]] = packed
        packed = padded
    words = np.zeros((rows, groups, 8), np.uint8)
    words[:, :, :group_bytes] = packed.reshape(rows, groups, group_bytes)
    shifts = (bits * np.arange(GROUP_SAMPLES)).astype(np.uint64)
    samples = (words.view("<u8") >> shifts) & np.uint64((1 << bits) - 1)
    out[:] = samples.reshape(rows, groups * GROUP_SAMPLES)[:, :columns]

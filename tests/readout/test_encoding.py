"""Sample packings."""

from __future__ import annotations

import numpy as np
import pytest
from fpxi_readout.protocol.encoding import (
    SampleLengthError,
    UnknownEncodingError,
    packed_row_bytes,
    unpack,
)
from fpxi_readout.protocol.generated import Encoding
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays


def pack14(samples: np.ndarray) -> bytes:
    """Pack one sample at a time, as the definition says it."""
    packed = b""
    for row in samples:
        bits = sum(int(sample) << (14 * place) for place, sample in enumerate(row))
        packed += bits.to_bytes((14 * len(row) + 7) // 8, "little")
    return packed


shapes = st.tuples(st.integers(1, 5), st.integers(1, 21))


@given(shapes.flatmap(lambda s: arrays(np.uint16, s, elements=st.integers(0, 2**14 - 1))))
def test_packed14_comes_back(samples: np.ndarray) -> None:
    out = np.empty_like(samples)
    unpack(Encoding.PACKED14, pack14(samples), out)
    np.testing.assert_array_equal(out, samples)


@given(shapes.flatmap(lambda s: arrays(np.uint16, s)))
def test_raw16_comes_back(samples: np.ndarray) -> None:
    out = np.empty_like(samples)
    unpack(Encoding.RAW16, samples.astype("<u2").tobytes(), out)
    np.testing.assert_array_equal(out, samples)


@pytest.mark.parametrize("encoding", list(Encoding))
@pytest.mark.parametrize("change", [-1, 1])
def test_a_wrong_length_is_refused(encoding: Encoding, change: int) -> None:
    out = np.zeros((2, 5), np.uint16)
    expected = 2 * packed_row_bytes(encoding, 5)
    with pytest.raises(SampleLengthError) as caught:
        unpack(encoding, bytes(expected + change), out)
    assert (caught.value.expected, caught.value.actual) == (expected, expected + change)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(UnknownEncodingError) as caught:
        unpack(9, b"", np.zeros((1, 1), np.uint16))
    assert caught.value.encoding == 9

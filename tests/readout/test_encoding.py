"""Sample packings."""

from __future__ import annotations

import numpy as np
import pytest
from fpxi_readout.protocol.encoding import (
    SAMPLE_BITS,
    SampleLengthError,
    UnknownEncodingError,
    packed_row_bytes,
    unpack,
)
from fpxi_readout.protocol.generated import Encoding
from hypothesis import given
from hypothesis import strategies as st


def pack(samples: np.ndarray, width: int) -> bytes:
    """Pack one sample at a time, as the definition says it."""
    packed = b""
    for row in samples:
        bits = sum(int(sample) << (width * place) for place, sample in enumerate(row))
        packed += bits.to_bytes((width * len(row) + 7) // 8, "little")
    return packed


@pytest.mark.parametrize("encoding", list(SAMPLE_BITS))
@given(shape=st.tuples(st.integers(1, 5), st.integers(1, 21)), seed=st.integers(0, 2**32 - 1))
def test_packed_samples_come_back(encoding: Encoding, shape: tuple[int, int], seed: int) -> None:
    width = SAMPLE_BITS[encoding]
    samples = np.random.default_rng(seed).integers(0, 2**width, shape, dtype=np.uint16)
    out = np.empty_like(samples)
    unpack(encoding, pack(samples, width), out)
    np.testing.assert_array_equal(out, samples)


@pytest.mark.parametrize("encoding", list(SAMPLE_BITS))
@pytest.mark.parametrize("change", [-1, 1])
def test_a_wrong_length_is_refused(encoding: Encoding, change: int) -> None:
    out = np.zeros((2, 5), np.uint16)
    expected = 2 * packed_row_bytes(encoding, 5)
    with pytest.raises(SampleLengthError) as caught:
        unpack(encoding, bytes(expected + change), out)
    assert (caught.value.expected, caught.value.actual) == (expected, expected + change)


@pytest.mark.parametrize("encoding", [9, Encoding.AEC])
def test_an_encoding_of_unknown_width_is_refused(encoding: int) -> None:
    with pytest.raises(UnknownEncodingError) as caught:
        unpack(encoding, b"", np.zeros((1, 1), np.uint16))
    assert caught.value.encoding == encoding

"""The entropy coder, byte for byte against libaec."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import h5py
import imagecodecs
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

PREDICTED = 8  # libaec's AEC_DATA_PREPROCESS
block_sizes = st.sampled_from([8, 16, 32, 64])
intervals = st.one_of(st.sampled_from([1, 2, 63, 64, 65, 128, 4096]), st.integers(1, 4096))


@pytest.fixture(scope="module")
def encode(interface, library):
    def run(values, block_size, interval, *, reference=None, capacity=None):
        values = np.ascontiguousarray(values, np.uint16)
        room = 4 * (values.size + block_size) if capacity is None else capacity
        out = (ctypes.c_uint8 * room)()
        size = library.fpxi_test_aec(
            ctypes.byref(interface.AecSettings(block_size, interval)),
            values.ctypes.data,
            None if reference is None else reference.ctypes.data,
            values.size,
            out,
            room,
        )
        return bytes(out[:size])

    return run


def libaec(values, block_size, interval, flags=PREDICTED):
    return imagecodecs.aec_encode(
        values.tobytes(), bitspersample=16, flags=flags, blocksize=block_size, rsi=interval
    )


def decode(coded, count, block_size, interval, flags=PREDICTED):
    padded = -(-count // block_size) * block_size
    decoded = imagecodecs.aec_decode(
        coded, bitspersample=16, flags=flags, blocksize=block_size, rsi=interval, out=2 * padded
    )
    return np.frombuffer(decoded, np.uint16)[:count]


def interleave(difference):
    signed = difference.astype(np.int16).astype(np.int32)
    return np.where(signed < 0, -2 * signed - 1, 2 * signed).astype(np.uint16)


def walk(seed, size, spread):
    """Steps of any width, that wrap: every code option, and changes between them."""
    random = np.random.default_rng(seed)
    widths = np.repeat(2.0 ** random.uniform(-3, spread, size), random.integers(1, 200, size))
    return (1000 + np.cumsum(random.normal(0, widths[:size]))).astype(np.int64).astype(np.uint16)


def sparse(seed, size):
    """Mostly nothing: runs of zero blocks of any length."""
    random = np.random.default_rng(seed)
    return ((random.random(size) < 0.002) * random.integers(0, 40, size)).astype(np.uint16)


seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 3000)
inputs = st.one_of(
    st.builds(walk, seeds, sizes, st.floats(-2, 14)),
    st.builds(sparse, seeds, st.integers(1, 9000)),
    arrays(np.uint16, st.integers(1, 200)),
    st.builds(np.full, sizes, st.integers(0, 65535), st.just(np.uint16)),
    st.builds(lambda n, step: (step * np.arange(n)).astype(np.uint16), sizes, st.integers(0, 70)),
    arrays(np.uint16, st.integers(1, 300), elements=st.sampled_from([0, 1, 65534, 65535])),
)


@given(values=inputs, block_size=block_sizes, interval=intervals)
@example(values=np.array([40_000], np.uint16), block_size=8, interval=1)
@example(values=np.array([0], np.uint16), block_size=64, interval=4096)
@example(values=np.array([65534, 0], np.uint16), block_size=64, interval=1)
def test_predicted_samples_are_coded_as_libaec_does(encode, values, block_size, interval):
    coded = encode(values, block_size, interval)
    assert coded == libaec(values, block_size, interval)
    np.testing.assert_array_equal(decode(coded, values.size, block_size, interval), values)


@given(values=inputs, shift=st.integers(0, 3000), block_size=block_sizes, interval=intervals)
def test_residuals_to_a_reference_are_coded_as_libaec_does(
    encode, values, shift, block_size, interval
):
    reference = np.roll(values, shift)
    residual = interleave(values - reference)
    coded = encode(values, block_size, interval, reference=reference)
    assert coded == libaec(residual, block_size, interval, flags=0)
    decoded = decode(coded, values.size, block_size, interval, flags=0)
    np.testing.assert_array_equal(decoded, residual)


@pytest.mark.parametrize("blocks", [1, 4, 5, 6, 63, 64, 65, 70, 128, 200])
@pytest.mark.parametrize("after", [0, 7])
def test_every_length_of_a_run_of_zero_blocks(encode, blocks, after):
    values = np.full(8 * (blocks + 2), 500, np.uint16)
    values[8 * (blocks + 1) :: 2] += after
    assert encode(values, 8, 128) == libaec(values, 8, 128)


@given(values=inputs, block_size=block_sizes, missing=st.integers(1, 40))
def test_no_byte_is_written_beyond_the_capacity(encode, values, block_size, missing):
    coded = libaec(values, block_size, 128)
    assert encode(values, block_size, 128, capacity=len(coded)) == coded
    short = max(len(coded) - missing, 0)
    assert encode(values, block_size, 128, capacity=short) == b""


@pytest.fixture(scope="module")
def real_frames():
    """Dark and object frames of a detector of 22 x 26 pixels, one after the other."""
    folder = os.environ.get("FPXI_TEST_DATA")
    if folder is None:
        pytest.skip("FPXI_TEST_DATA names no folder of real detector frames")
    with h5py.File(Path(folder) / "small_array" / "k11-18014-imaging.h5") as file:
        return file["entry/detector/detector"][::20].astype(np.uint16)


@pytest.mark.parametrize("block_size", [8, 16, 32, 64])
def test_real_frames_are_coded_as_libaec_does(encode, real_frames, block_size):
    values = real_frames.reshape(-1)
    assert encode(values, block_size, 128) == libaec(values, block_size, 128)
    residual = interleave(real_frames[1:] - real_frames[:-1]).reshape(-1)
    coded = encode(real_frames[1:], block_size, 128, reference=real_frames[:-1])
    assert coded == libaec(residual, block_size, 128, flags=0)

"""Chunks of samples into bytes: packings, and what stands in where they do not fit."""

from __future__ import annotations

import ctypes

import fpxi_hwsim
import imagecodecs
import numpy as np
import pytest
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import Encoding
from hypothesis import given
from hypothesis import strategies as st

BLOCK, INTERVAL = 32, 128  # the device's defaults
PREDICTED = 8  # libaec's AEC_DATA_PREPROCESS
PACKED = {12: Encoding.PACKED12, 14: Encoding.PACKED14}


@pytest.fixture(scope="module")
def encode(interface, library):
    def run(encoding, samples, reference=None):
        rows, columns = samples.shape
        used = ctypes.c_uint8(encoding)
        settings = interface.AecSettings(BLOCK, INTERVAL)
        # Not a byte more than raw16 takes, so that a sanitizer sees any.
        out = (ctypes.c_uint8 * (2 * samples.size))()
        size = library.fpxi_test_encode(
            ctypes.byref(used),
            ctypes.byref(settings),
            samples.ctypes.data,
            None if reference is None else reference.ctypes.data,
            rows,
            columns,
            out,
        )
        return Encoding(used.value), bytes(out[:size])

    return run


def pack(samples, bits):
    """Least significant bit first, each row padded to a whole byte."""
    each = (samples[:, :, None] >> np.arange(bits)) & 1
    rows = each.reshape(len(samples), -1).astype(np.uint8)
    return np.packbits(rows, axis=1, bitorder="little").tobytes()


def raw16(samples):
    return Encoding.RAW16, samples.astype("<u2").tobytes()


def coded(values, flags):
    return imagecodecs.aec_encode(
        values.tobytes(), bitspersample=16, flags=flags, blocksize=BLOCK, rsi=INTERVAL
    )


def dark(seed, shape=(8, 64)):
    return np.random.default_rng(seed).normal(1000, 4, shape).astype(np.uint16)


shapes = st.tuples(st.integers(1, 5), st.integers(1, 9))


@pytest.mark.parametrize("bits", PACKED)
@given(shape=shapes, seed=st.integers(0, 2**32 - 1))
def test_packed_samples_are_what_numpy_packs(encode, bits, shape, seed):
    samples = np.random.default_rng(seed).integers(0, 2**bits, shape, dtype=np.uint16)
    assert encode(PACKED[bits], samples) == (PACKED[bits], pack(samples, bits))


@given(shape=shapes, seed=st.integers(0, 2**32 - 1))
def test_raw16_is_little_endian(encode, shape, seed):
    samples = np.random.default_rng(seed).integers(0, 2**16, shape, dtype=np.uint16)
    assert encode(Encoding.RAW16, samples) == raw16(samples)


@pytest.mark.parametrize("bits", PACKED)
def test_one_sample_that_does_not_fit_makes_the_chunk_raw16(encode, bits):
    samples = np.zeros((3, 5), np.uint16)
    samples[2, 4] = 2**bits - 1
    assert encode(PACKED[bits], samples) == (PACKED[bits], pack(samples, bits))
    samples[2, 4] = 2**bits
    assert encode(PACKED[bits], samples) == raw16(samples)


def test_aec_is_libaec_with_its_predictor(encode):
    samples = dark(1)
    assert encode(Encoding.AEC, samples) == (Encoding.AEC, coded(samples, PREDICTED))


def test_a_residual_to_the_reference_is_libaec_without_predictor(encode):
    samples, reference = dark(1), dark(2)
    difference = (samples - reference).astype(np.int16).astype(np.int32)
    interleaved = np.where(difference < 0, -2 * difference - 1, 2 * difference).astype(np.uint16)
    expected = (Encoding.AEC_REFERENCE, coded(interleaved, 0))
    assert encode(Encoding.AEC_REFERENCE, samples, reference) == expected


def test_without_a_reference_the_neighbour_stands_in(encode):
    samples = dark(3)
    assert encode(Encoding.AEC_REFERENCE, samples) == encode(Encoding.AEC, samples)


@pytest.mark.parametrize("shape", [(8, 64), (1, 1), (1, 3)])
@pytest.mark.parametrize("encoding", [Encoding.AEC, Encoding.AEC_REFERENCE])
def test_a_chunk_that_coding_does_not_make_smaller_is_raw16(encode, encoding, shape):
    samples = np.random.default_rng(5).integers(0, 2**16, shape, dtype=np.uint16)
    assert encode(encoding, samples, np.zeros_like(samples)) == raw16(samples)


def test_a_chunk_that_coding_leaves_as_long_is_raw16(encode):
    """Noise of growing width, until coding just pays no more."""
    sizes = set()
    for width in range(20_000, 65_536, 200):
        samples = np.random.default_rng(7).integers(0, width, (1, 32), dtype=np.uint16)
        coded_size = len(coded(samples, PREDICTED))
        sizes.add(coded_size)
        used = Encoding.AEC if coded_size < 2 * samples.size else Encoding.RAW16
        assert encode(Encoding.AEC, samples)[0] is used
    assert {63, 64, 65} <= sizes


@pytest.fixture(scope="module")
def dark_frames(tmp_path_factory):
    """Dark frames of the simulated TFT panel, which does not drift."""
    link = fpxi_hwsim.open_link("sim:tft64?time=virtual&seed=3&beam=off")
    panel = Panel.connect(link, cache=DictionaryCache(tmp_path_factory.mktemp("cache")))
    panel.start(24, reliable=True)
    frames = np.stack([frame.samples for frame in panel.frames(timeout_s=5.0)])
    panel.close()
    return frames


def test_dark_frames_come_within_6_percent_of_their_entropy(encode, dark_frames):
    key, later = dark_frames[0], dark_frames[1:]
    counts = np.unique(later - key, return_counts=True)[1]
    shares = counts / counts.sum()
    entropy_bits = -(shares * np.log2(shares)).sum()
    coded_bytes = sum(
        len(encode(Encoding.AEC_REFERENCE, frame[rows], key[rows])[1])
        for frame in later
        for rows in (slice(first, first + 8) for first in range(0, 64, 8))
    )
    assert entropy_bits < 8 * coded_bytes / later.size < 1.06 * entropy_bits

"""Entropy-coded samples."""

from __future__ import annotations

import subprocess
import sys

import imagecodecs
import numpy as np
import pytest
from fpxi_readout.protocol.entropy import (
    PREDICTED,
    CodedSamplesError,
    DecoderMissingError,
    add_residual,
    decode,
)
from hypothesis import given
from hypothesis import strategies as st


def encode(values: np.ndarray, block_size: int, interval: int, *, predicted: bool) -> bytes:
    flags = PREDICTED if predicted else 0
    coded: bytes = imagecodecs.aec_encode(
        values.tobytes(), bitspersample=16, flags=flags, blocksize=block_size, rsi=interval
    )
    return coded


@given(
    samples=st.integers(1, 1000),
    spread=st.floats(-1, 15),
    block_size=st.sampled_from([8, 16, 32, 64]),
    interval=st.integers(1, 4096),
    predicted=st.booleans(),
)
def test_coded_samples_come_back(
    samples: int, spread: float, block_size: int, interval: int, predicted: bool
) -> None:
    random = np.random.default_rng(samples)
    values = (30_000 + random.uniform(-1, 1, samples) * 2.0**spread).astype(np.uint16)
    coded = encode(values, block_size, interval, predicted=predicted)
    out = decode(coded, samples, block_size, interval, predicted=predicted)
    np.testing.assert_array_equal(out, values)


@given(st.integers(0, 65535), st.integers(0, 65535))
def test_any_residual_leads_back_to_its_sample(reference: int, sample: int) -> None:
    difference = (sample - reference + 2**15) % 2**16 - 2**15
    interleaved = 2 * difference if difference >= 0 else -2 * difference - 1
    out = add_residual(np.array([reference], np.uint16), np.array([interleaved], np.uint16))
    assert out.tolist() == [sample]


RAMP = (7 * np.arange(100)).astype(np.uint16)
CODED = encode(RAMP, 16, 128, predicted=True)


@pytest.mark.parametrize(
    ("coded", "samples", "block_size", "interval"),
    [
        (b"", 100, 16, 128),
        (CODED[:-1], 100, 16, 128),
        (CODED[:1], 100, 16, 128),
        (CODED, 130, 16, 128),
        (CODED, 70, 16, 128),
        (CODED, 100, 0, 128),
        (CODED, 100, 13, 128),
        (CODED, 100, 16, 0),
        (CODED, 100, 16, 4097),
    ],
)
def test_what_cannot_be_decoded_is_refused(
    coded: bytes, samples: int, block_size: int, interval: int
) -> None:
    with pytest.raises(CodedSamplesError) as caught:
        decode(coded, samples, block_size, interval, predicted=True)
    assert caught.value.samples == samples


@given(coded=st.binary(min_size=1, max_size=200), samples=st.integers(1, 300))
def test_any_bytes_are_samples_or_refused(coded: bytes, samples: int) -> None:
    try:
        out = decode(coded, samples, 8, 64, predicted=True)
    except CodedSamplesError:
        return
    assert out.shape == (samples,)


def test_a_missing_decoder_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(DecoderMissingError, match="pip install imagecodecs"):
        decode(CODED, 100, 16, 128, predicted=True)


def test_a_decoder_without_libaec_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imagecodecs.AEC, "available", False)
    with pytest.raises(DecoderMissingError, match="libaec"):
        decode(CODED, 100, 16, 128, predicted=True)


def test_the_decoder_is_imported_when_it_is_needed_and_not_before() -> None:
    script = "import sys, fpxi_readout.panel; sys.exit('imagecodecs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0

"""CCSDS 121.0-B adaptive entropy coding of frame chunks, by libaec."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from fpxi_readout.errors import FpxiError
from fpxi_readout.protocol.errors import ProtocolError

SAMPLE_BITS = 16
PREDICTED = 8
"""libaec's AEC_DATA_PREPROCESS: the unit-delay predictor"""
BLOCK_SIZES = (8, 16, 32, 64)
MAX_REFERENCE_INTERVAL = 4096


class DecoderMissingError(FpxiError):
    """The package that decodes entropy-coded samples cannot be imported."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"the device sends entropy-coded samples, and the package that decodes them cannot be "
            f"used ({reason}): `pip install imagecodecs`, or set the device's parameter `encoding` "
            "to raw16"
        )
        self.reason = reason


class CodedSamplesError(ProtocolError):
    """Entropy-coded samples cannot be decoded, or are not as many as they claim to be."""

    def __init__(self, samples: int, reason: str) -> None:
        super().__init__(
            f"a chunk of {samples} entropy-coded samples cannot be decoded: {reason}; "
            "the device's firmware does not follow its stated protocol version; update it"
        )
        self.samples = samples
        self.reason = reason


def decode(
    coded: bytes, samples: int, block_size: int, reference_interval: int, *, predicted: bool
) -> NDArray[np.uint16]:
    """Return shape (samples,): what was coded.

    `predicted`: with the unit-delay predictor, so that samples come out; else interleaved
    residuals do, see `add_residual`.

    Raises
    ------
    CodedSamplesError
        They are damaged, or more or fewer than `samples`.
    DecoderMissingError
        imagecodecs is not installed.

    """
    if block_size not in BLOCK_SIZES or not 1 <= reference_interval <= MAX_REFERENCE_INTERVAL:
        reason = f"no blocks of {block_size} samples with a reference every {reference_interval}"
        raise CodedSamplesError(samples, reason)
    if not coded:
        raise CodedSamplesError(samples, "there are no bytes")
    # The last block is filled up, and libaec wants room for all of it.
    padded_bytes = 2 * block_size * -(-samples // block_size)
    codec = _codec()
    try:
        decoded = codec.aec_decode(
            coded,
            bitspersample=SAMPLE_BITS,
            flags=PREDICTED if predicted else 0,
            blocksize=block_size,
            rsi=reference_interval,
            out=padded_bytes,
        )
    except (ValueError, codec.AecError) as error:
        raise CodedSamplesError(samples, str(error)) from error
    if len(decoded) != padded_bytes:
        raise CodedSamplesError(samples, f"{len(decoded)} bytes come out of {padded_bytes}")
    return np.frombuffer(decoded, np.uint16)[:samples]


def add_residual(reference: NDArray[np.uint16], residual: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return reference plus residual, modulo 2^16; residuals are interleaved: 0, -1, 1, -2, ..."""
    signs = np.uint16(0) - (residual & np.uint16(1))
    difference: NDArray[np.uint16] = (residual >> np.uint16(1)) ^ signs
    return reference + difference


def _codec() -> ModuleType:
    """Return imagecodecs, imported when it is first needed: that takes its time."""
    try:
        import imagecodecs  # noqa: PLC0415
    except ImportError as error:
        raise DecoderMissingError(str(error)) from error
    if not imagecodecs.AEC.available:
        raise DecoderMissingError("this build of it lacks libaec")
    return imagecodecs

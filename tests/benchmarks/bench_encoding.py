"""What each encoding makes of a frame, beside entropy and other lossless coders.

    python tests/benchmarks/bench_encoding.py [--json] [--frames 60] [--block-size 32]

Bits per sample, as the firmware codes chunks of 8 rows; packet and header are not counted. Beside
them, of the same frames:

- H(neighbour), H(reference): first-order entropy of the difference to the left neighbour, and to
  the first frame, which is what `aec` and `aec_reference` code;
- zlib: each frame by itself, level 6, samples little-endian, and the same of the differences to the
  first frame;
- libaec: each frame by itself, in one piece.

Frames: simulated panels with the beam off ("dark") and on ("flat"), and, where $FPXI_TEST_DATA
names the folder, darks and flats of a real detector of 22 x 26 pixels. Its chunks are no whole
number of blocks: the last block of each is filled up, which costs the more the longer blocks are.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib.util
import json
import os
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import fpxi_hwsim
import h5py
import imagecodecs
import numpy as np
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.generated import Encoding
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
ROWS_PER_CHUNK = 8
Frames = NDArray[np.uint16]
Encode = Callable[[Encoding, Frames, "Frames | None"], int]


class Settings(ctypes.Structure):
    """fpxi_aec_settings_t."""

    _fields_ = (("block_size", ctypes.c_uint8), ("reference_interval", ctypes.c_uint16))


def firmware_encoder(folder: Path, block_size: int, interval: int) -> Encode:
    """Compile the firmware for this machine, and return what tells a chunk's bytes."""
    path = ROOT / "readout" / "firmware" / "build_native.py"
    specification = importlib.util.spec_from_file_location("build_native", path)
    assert specification is not None
    assert specification.loader is not None
    build = importlib.util.module_from_spec(specification)
    sys.modules["build_native"] = build
    specification.loader.exec_module(build)
    source = ROOT / "tests" / "firmware" / "test_api.c"
    library = ctypes.CDLL(str(build.compile_native(folder, extra_sources=[source])))
    encode = library.fpxi_test_encode
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    encode.restype = size
    encode.argtypes = [pointer, pointer, pointer, pointer, size, size, pointer]
    settings = Settings(block_size, interval)

    def chunk_bytes(encoding: Encoding, samples: Frames, reference: Frames | None) -> int:
        used = ctypes.c_uint8(encoding)
        out = ctypes.create_string_buffer(2 * samples.size)
        reference_place = None if reference is None else reference.ctypes.data
        place = samples.ctypes.data
        return int(
            encode(
                ctypes.byref(used),
                ctypes.byref(settings),
                place,
                reference_place,
                *samples.shape,
                out,
            )
        )

    return chunk_bytes


def simulated(preset: str, beam: str, frames: int) -> Frames:
    """Return frames of a simulated panel with nothing in the beam."""
    url = f"sim:{preset}?time=virtual&seed=3&object=none&beam={beam}"
    with tempfile.TemporaryDirectory() as folder:
        panel = Panel.connect(fpxi_hwsim.open_link(url), cache=DictionaryCache(Path(folder)))
        try:
            panel.start(frames, reliable=True)
            return np.stack([frame.samples for frame in panel.frames(timeout_s=10.0)])
        finally:
            panel.close()


def real(folder: Path, key: int, frames: int) -> Frames:
    """Return frames of the small array: 1 flats, 2 darks."""
    with h5py.File(folder / "k11-18014.nxs") as file:
        keys = file["entry/instrument/imaging/image_key"][:]
    with h5py.File(folder / "k11-18014-imaging.h5") as file:
        chosen = np.flatnonzero(keys == key)[:frames]
        return np.asarray(file["entry/detector/detector"][chosen], np.uint16)


def datasets(frames: int) -> dict[str, Frames]:
    """Return every set of frames there is."""
    found = {
        f"{preset} {name}": simulated(preset, beam, frames)
        for preset in ("tft64", "cmos32")
        for name, beam in (("dark", "off"), ("flat", "on"))
    }
    folder = os.environ.get("FPXI_TEST_DATA")
    if folder is not None:
        for name, key in (("dark", 2), ("flat", 1)):
            found[f"real {name}"] = real(Path(folder) / "small_array", key, frames)
    return found


def entropy(values: NDArray[np.uint16]) -> float:
    """Return the first-order entropy in bits."""
    counts = np.unique(values, return_counts=True)[1]
    shares = counts / counts.sum()
    return float(-(shares * np.log2(shares)).sum())


def coded_bits(encode: Encode, encoding: Encoding, frames: Frames) -> float:
    """Return bits per sample of the frames but the first, which is the reference."""
    total = 0
    for frame in frames[1:]:
        for first in range(0, frames.shape[1], ROWS_PER_CHUNK):
            rows = slice(first, first + ROWS_PER_CHUNK)
            total += encode(encoding, frame[rows], frames[0][rows])
    return 8 * total / frames[1:].size


def measure(encode: Encode, frames: Frames, block_size: int, interval: int) -> dict[str, float]:
    """Return bits per sample by name."""
    later = frames[1:]
    temporal = later - frames[0]
    result = {e.name.lower(): coded_bits(encode, e, frames) for e in Encoding}
    result["H(neighbour)"] = entropy(np.diff(later, axis=2))
    result["H(reference)"] = entropy(temporal)
    result["zlib"] = 8 * sum(len(zlib.compress(f.tobytes())) for f in later) / later.size
    result["zlib of differences"] = (
        8 * sum(len(zlib.compress(f.tobytes())) for f in temporal) / later.size
    )
    whole = [
        imagecodecs.aec_encode(
            f.tobytes(), bitspersample=16, flags=8, blocksize=block_size, rsi=interval
        )
        for f in later
    ]
    result["libaec"] = 8 * sum(map(len, whole)) / later.size
    return result


def report(name: str, result: dict[str, float]) -> str:
    """Put one set's figures in a line."""
    figures = ", ".join(f"{key} {bits:.3f}" for key, bits in result.items())
    ratio = result["aec_reference"] / result["H(reference)"]
    return f"{name}: {figures} | aec_reference over H(reference) {ratio:.4f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--block-size", type=int, default=32, choices=(8, 16, 32, 64))
    parser.add_argument("--interval", type=int, default=128)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        encode = firmware_encoder(Path(folder), options.block_size, options.interval)
    found = datasets(options.frames)
    results = {
        name: measure(encode, frames, options.block_size, options.interval)
        for name, frames in found.items()
    }
    if options.json:
        json.dump(results, sys.stdout)
        return
    print(f"bits per sample; blocks of {options.block_size}, reference every {options.interval}")
    for name, result in results.items():
        print(report(name, result))


if __name__ == "__main__":
    main()

"""What a frame costs the Cortex-M4, in executed instructions, and what frame rates that allows.

    python tests/benchmarks/bench_firmware_cost.py [--json] [--frames 4] [--functions]

The release image streams 64 x 64 frames in the emulator, and every instruction is counted: exact,
for whole frame periods in free running. `so` is the share of chunks sent in the encoding asked for;
the others did not fit it and went as raw16. Beside the frame rate that 168 million instructions a
second would allow stand those of the host link (10.5 Mbaud, the bytes counted) and of the two
converters (1 MSPS each); the ratio is to the lower of these two physical limits.

Instructions are not cycles: on silicon, loads, taken branches and the flash's wait states add to
them. A frame rate by instructions is an upper bound.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from boards import (
    BAUD,
    BITS_PER_BYTE,
    CORE_HZ,
    EMULATED,
    describe,
    emulated_board,
    open_rig,
    release_elf,
)
from fpxi_readout.protocol.framing import encode_packet
from fpxi_readout.protocol.generated import Encoding, FrameChunk, TestPattern
from instructions import InstructionMap, count_instructions
from rig import Rig

PIXELS = 64 * 64
EXPOSURE_US = 12_000
"""long enough for the link to carry every frame"""
CONVERTERS_FRAMES_S = 2e6 / PIXELS
SCENES: dict[str, tuple[str, int]] = {
    "dark": ("off", TestPattern.NONE),
    "object": ("on", TestPattern.NONE),
    "ramp": ("off", TestPattern.RAMP),
}
"""beam and test pattern; the ramp's samples fit the 12 bits that the panel's own exceed"""
PACKED = (Encoding.PACKED14, Encoding.PACKED12)
PARTS = {
    "encoding": ("encoding.c", "aec.c"),
    "CRC": ("crc32.c",),
    "COBS": ("cobs.c",),
    "rows": ("scan.c", "scan_engine.c", "scan_timers.c", "waveforms.c", "oversampling.c"),
    "reduction": ("reduction.c",),
}
"""C files by what they do; `rows` hands the converters' words over as rows"""
COPYING = ("memcpy", "memset", "memmove")


def streaming(encoding: Encoding, scene: str) -> Rig:
    """Return a device that streams, its first frames taken: the reference frame among them."""
    beam, pattern = SCENES[scene]
    rig = open_rig(EMULATED, "tft64", seed=5, beam=beam)
    rig.set(encoding=encoding, exposure_us=EXPOSURE_US, test_pattern=pattern)
    rig.start(0)
    rig.frames(4)
    return rig


def parts(files: Counter[str], functions: Counter[str]) -> dict[str, float]:
    """Return instructions by part; what no part names is the rest."""
    named = {name: sum(files[file] for file in group) for name, group in PARTS.items()}
    named["memcpy"] = sum(functions[name] for name in COPYING)
    return {**named, "rest": files.total() - sum(named.values())}


def measure(
    encoding: Encoding, scene: str, frames: int, names: InstructionMap
) -> tuple[dict[str, Any], Counter[str]]:
    """Return what a frame costs, and the same by function."""
    rig = streaming(encoding, scene)
    rig.packets.clear()
    counts = count_instructions(
        emulated_board(rig).mcu.machine, lambda: rig.run(frames * EXPOSURE_US)
    )
    packets = [(packet.type, packet.sequence, packet.payload) for packet in rig.packets]
    sent = sum(len(encode_packet(*packet)) for packet in packets)
    chunks = [payload for kind, _, payload in packets if kind == FrameChunk.TYPE]
    coded = [payload for payload in chunks if FrameChunk.unpack(payload).encoding == encoding]
    functions = names.by_function(counts)
    per_pixel = {
        name: count / (frames * PIXELS)
        for name, count in parts(names.by_file(counts), functions).items()
    }
    total = counts.total() / frames
    link = BAUD / BITS_PER_BYTE / (sent / frames)
    limit = min(link, CONVERTERS_FRAMES_S)
    result = {
        "per_pixel": per_pixel,
        "total": total,
        "bytes": sent / frames,
        "chunks_so_encoded": len(coded) / len(chunks),
        "frames_s_by_instructions": CORE_HZ / total,
        "frames_s_by_link": link,
        "frames_s_by_converters": CONVERTERS_FRAMES_S,
        "ratio_to_physical_limit": CORE_HZ / total / limit,
    }
    return result, Counter({name: round(count / frames) for name, count in functions.items()})


def show(name: str, result: dict[str, Any]) -> None:
    """Print one line of the table."""
    each = "".join(f"{value:>10.2f}" for value in result["per_pixel"].values())
    print(
        f"{name:22}{each}{result['total'] / PIXELS:>8.1f}{result['total']:>9,.0f}"
        f"{result['bytes']:>7.0f}{result['chunks_so_encoded']:>7.0%}"
        f"{result['frames_s_by_instructions']:>8.0f}"
        f"{result['frames_s_by_link']:>7.0f}{result['frames_s_by_converters']:>7.0f}"
        f"{result['ratio_to_physical_limit']:>7.2f}"
    )


def head() -> None:
    """Print the head of the table."""
    columns = "".join(f"{name:>10}" for name in (*PARTS, "memcpy", "rest"))
    print(f"{'':22}{'instructions a pixel':^78}{'frame':^9}{'':14}{'frames/s by':^22}")
    print(
        f"{'':22}{columns}{'all':>8}{'all':>9}{'bytes':>7}{'so':>7}{'instr.':>8}{'link':>7}{'conv.':>7}"
        f"{'ratio':>7}"
    )


def run(elf: Path, frames: int, *, by_function: bool, quiet: bool) -> dict[str, Any]:
    """Measure every encoding on every kind of frame, printing as it goes."""
    names = InstructionMap(elf)
    results: dict[str, Any] = {}
    for encoding in Encoding:
        for scene in SCENES if encoding in PACKED else ("dark", "object"):
            name = f"{encoding.name.lower()}, {scene}"
            results[name], functions = measure(encoding, scene, frames, names)
            if quiet:
                continue
            show(name, results[name])
            for function, count in functions.most_common(20) if by_function else ():
                print(f"{'':22}{function:32}{count:>8,}")
    return results


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--frames", type=int, default=4, help="counted in each case")
    parser.add_argument("--functions", action="store_true", help="print the costliest functions")
    options = parser.parse_args()
    elf = release_elf()
    if not options.json:
        print(describe(elf))
        head()
    results = run(elf, options.frames, by_function=options.functions, quiet=options.json)
    if options.json:
        json.dump({"image": describe(elf), **results}, sys.stdout, indent=1)
    else:
        print("Instructions are not cycles: frame rates by instructions are upper bounds.")


if __name__ == "__main__":
    main()

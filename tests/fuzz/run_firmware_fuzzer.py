"""Fuzz the firmware core with libFuzzer under the address and undefined-behaviour sanitizers.

`python tests/fuzz/run_firmware_fuzzer.py [receive|encode] --seconds 60`; needs clang and its fuzzer
runtime (Debian: clang, libclang-rt-14-dev). `receive`: a whole device, with any bytes from its
link. `encode`: any samples, coded and decoded. Ends with a status other than 0, and the input that
did it, on a crash, a hang, a packet that came out broken, or samples that came back changed.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIRMWARE = HERE.parents[1] / "readout" / "firmware"
TARGETS = ("receive", "encode")
FLAGS = [
    "-std=c11",
    "-O1",
    "-g",
    "-fsanitize=fuzzer,address,undefined",
    "-fno-sanitize-recover=all",
]


def build(folder: Path, target: str) -> Path:
    """Compile the fuzzer."""
    clang = shutil.which("clang")
    if clang is None:
        raise SystemExit("clang is not installed (Debian: apt install clang libclang-rt-14-dev)")
    program = folder / f"fuzz_{target}"
    harness = HERE / f"fuzz_firmware_{target}.c"
    sources = [harness, *(FIRMWARE / "core").glob("*.c"), *(FIRMWARE / "panels").glob("*.c")]
    command = [clang, *FLAGS, f"-I{FIRMWARE}", *map(str, sources), "-o", str(program)]
    subprocess.run(command, check=True)
    return program


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", choices=TARGETS, default="receive")
    parser.add_argument("--seconds", type=int, default=60, help="how long to fuzz")
    parser.add_argument("--corpus", type=Path, help="folder of inputs to begin with and add to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        corpus = options.corpus or Path(scratch) / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        program = build(Path(scratch), options.target)
        limits = [f"-max_total_time={options.seconds}", "-timeout=10", "-max_len=20000"]
        output = f"-artifact_prefix={Path.cwd()}/firmware-{options.target}-"
        command = [str(program), str(corpus), *limits, output, "-print_final_stats=1"]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

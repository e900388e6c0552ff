"""Fuzz the firmware core with libFuzzer under the address and undefined-behaviour sanitizers.

`python tests/fuzz/run_firmware_fuzzer.py --seconds 60`; needs clang and its fuzzer runtime
(Debian: clang, libclang-rt-14-dev). Ends with a status other than 0, and the input that did it, on
a crash, a hang, or a packet that came out broken.
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
HARNESS = HERE / "fuzz_firmware_receive.c"
FLAGS = [
    "-std=c11",
    "-O1",
    "-g",
    "-fsanitize=fuzzer,address,undefined",
    "-fno-sanitize-recover=all",
]


def build(folder: Path) -> Path:
    """Compile the fuzzer."""
    clang = shutil.which("clang")
    if clang is None:
        raise SystemExit("clang is not installed (Debian: apt install clang libclang-rt-14-dev)")
    program = folder / "fuzz_firmware"
    sources = [HARNESS, *(FIRMWARE / "core").glob("*.c"), *(FIRMWARE / "panels").glob("*.c")]
    command = [clang, *FLAGS, f"-I{FIRMWARE}", *map(str, sources), "-o", str(program)]
    subprocess.run(command, check=True)
    return program


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="how long to fuzz")
    parser.add_argument("--corpus", type=Path, help="folder of inputs to begin with and add to")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        corpus = options.corpus or Path(scratch) / "corpus"
        corpus.mkdir(parents=True, exist_ok=True)
        program = build(Path(scratch))
        limits = [f"-max_total_time={options.seconds}", "-timeout=10", "-max_len=4096"]
        output = f"-artifact_prefix={Path.cwd()}/firmware-"
        command = [str(program), str(corpus), *limits, output, "-print_final_stats=1"]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""Run the firmware tests on a library that checks every address and every overflow.

`python tests/firmware/run_sanitized.py [pytest arguments]`; needs gcc with its sanitizers.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "readout" / "firmware" / "build_native.py"
# Python keeps memory to its end. Its own allocator would hide an overflow of a buffer it gave.
OPTIONS = {
    "PYTHONMALLOC": "malloc",
    "ASAN_OPTIONS": "detect_leaks=0",
    "UBSAN_OPTIONS": "print_stacktrace=1",
}


def build(folder: Path) -> Path:
    """Compile the library, with the test interface, under the sanitizers."""
    specification = importlib.util.spec_from_file_location("build_native", BUILD)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["build_native"] = module
    specification.loader.exec_module(module)
    library: Path = module.compile_native(
        folder,
        extra_sources=[HERE / "test_api.c"],
        extra_flags=module.SANITIZE_FLAGS,
        compiler=module.named_compiler("gcc"),
    )
    return library


def runtime() -> str:
    """Return the path of the sanitizer's own library, which must be loaded first."""
    command = ["gcc", "-print-file-name=libasan.so"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    """Run the command line."""
    with tempfile.TemporaryDirectory() as folder:
        library = build(Path(folder))
        environment = os.environ | OPTIONS | {"FPXI_FIRMWARE_TEST_LIBRARY": str(library)}
        environment["LD_PRELOAD"] = runtime()
        # The tests of the build start compilers, which are not what is to be checked.
        command = [sys.executable, "-m", "pytest", str(HERE)]
        command += ["--ignore", str(HERE / "test_build.py"), *sys.argv[1:]]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

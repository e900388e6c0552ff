"""The native firmware, compiled with a window on its inner parts, and a bench to drive it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def load_module(path: Path) -> ModuleType:
    name = f"firmware_tests_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def build_native() -> ModuleType:
    return load_module(ROOT / "readout" / "firmware" / "build_native.py")


@pytest.fixture(scope="session")
def interface() -> ModuleType:
    return load_module(HERE / "interface.py")


@pytest.fixture(scope="session")
def bench(interface: ModuleType) -> ModuleType:
    """Needs the interface as firmware_tests_interface."""
    del interface
    return load_module(HERE / "bench.py")


@pytest.fixture(scope="session")
def board_bench(bench: ModuleType) -> ModuleType:
    """Needs the bench as firmware_tests_bench."""
    del bench
    return load_module(HERE / "board_bench.py")


@pytest.fixture(scope="session")
def library_path(build_native: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """$FPXI_FIRMWARE_TEST_LIBRARY (which run_sanitized.py sets), or one compiled now."""
    given = os.environ.get("FPXI_FIRMWARE_TEST_LIBRARY")
    if given:
        return Path(given)
    folder = tmp_path_factory.mktemp("native")
    path: Path = build_native.compile_native(folder, extra_sources=[HERE / "test_api.c"])
    return path


@pytest.fixture(scope="session")
def library(interface: ModuleType, library_path: Path) -> ctypes.CDLL:
    loaded: ctypes.CDLL = interface.load_library(library_path)
    return loaded


@pytest.fixture
def native(bench: ModuleType, library: ctypes.CDLL) -> Callable[..., Any]:
    """Makes native devices: `native(panel=1, slots=4)`."""

    def make(**settings: int) -> Any:
        return bench.NativeBench(library, **settings)

    return make


@pytest.fixture
def board(board_bench: ModuleType, library: ctypes.CDLL) -> Any:
    """A core, not yet started, on hardware whose every answer the test decides."""
    return board_bench.BoardBench(library)


TIMING = ROOT / "readout" / "firmware" / "boards" / "stm32f405" / "timing"


@pytest.fixture(scope="session")
def waveforms() -> ModuleType:
    return load_module(TIMING / "stm32f405_waveforms.py")


@pytest.fixture(scope="session")
def waveform_rules() -> ModuleType:
    return load_module(HERE / "waveform_rules.py")


@pytest.fixture(scope="session")
def waveform_printer(
    waveforms: ModuleType, build_native: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("waveforms")
    program: Path = waveforms.build_printer(folder, build_native.find_compiler())
    return program


@pytest.fixture(scope="session")
def scan_board() -> ModuleType:
    return load_module(HERE / "scan_board.py")

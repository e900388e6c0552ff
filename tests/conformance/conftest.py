"""One firmware, two boards: every test here runs unchanged on the native board and on the emulated
STM32F405."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent
FIRMWARE = FOLDER.parents[1] / "readout" / "firmware"
BOARDS = ("native", "stm32f405")


def _load(path: Path) -> ModuleType:
    name = f"conformance_{path.stem}"
    specification = importlib.util.spec_from_file_location(name, path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def rig_module() -> ModuleType:
    return _load(FOLDER / "rig.py")


MUTATIONS = _load(FOLDER / "mutations.py").MUTATIONS


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "mutation" in metafunc.fixturenames:
        metafunc.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)


@pytest.fixture(scope="session")
def mutations() -> list[Any]:
    return list(MUTATIONS)


def _need_compiler() -> None:
    """A bare machine lacks it; one that checks changes may not."""
    if shutil.which("arm-none-eabi-gcc") is None and not os.environ.get("CI"):
        pytest.skip("arm-none-eabi-gcc is not installed")


@pytest.fixture(scope="session")
def builder() -> ModuleType:
    _need_compiler()
    return _load(FIRMWARE / "build_stm32f405.py")


@pytest.fixture(params=BOARDS)
def board(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make_rig(rig_module: ModuleType) -> Callable[..., Any]:
    def make(board: str, panel: str = "tft64", **settings: object) -> Any:
        if board != "native" and not os.environ.get("FPXI_STM32_ELF"):
            _need_compiler()
        return rig_module.Rig(board, panel, **settings)

    return make


@pytest.fixture
def rig(make_rig: Callable[..., Any], board: str) -> Any:
    return make_rig(board)

"""The generator lives beside the definition, outside the packages: load it from there."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

PROTOCOL = Path(__file__).parents[2] / "readout" / "protocol"


@pytest.fixture(scope="session")
def protocol_folder() -> Path:
    return PROTOCOL


@pytest.fixture(scope="session")
def definitions() -> ModuleType:
    return _load("definition")


@pytest.fixture(scope="session")
def generator() -> ModuleType:
    return _load("generate")


@pytest.fixture(scope="session")
def dictionaries() -> ModuleType:
    return _load("dictionary")


def _load(name: str) -> ModuleType:
    if str(PROTOCOL) not in sys.path:
        sys.path.insert(0, str(PROTOCOL))
    return importlib.import_module(name)

"""The table of elements in the package is the one that the repository's script makes."""

from __future__ import annotations

import importlib.util
from importlib import resources
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[4] / "tools/tabulate_beams.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tabulate_beams", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def committed() -> list[str]:
    file = resources.files("fpxi_hwsim.physics.materials") / "elements.csv"
    return file.read_text(encoding="ascii").splitlines()


def numbers(lines: list[str]) -> np.ndarray:
    return np.array([[float(number) for number in line.split(",")[1:]] for line in lines])


@pytest.mark.parametrize("element", ["H", "Si", "Cr", "I", "W", "Bi"])
def test_elements_are_as_committed(script: ModuleType, element: str) -> None:
    rows = [line for line in committed() if line.startswith(f"{element},")]
    np.testing.assert_allclose(numbers(list(script.element_rows(element))), numbers(rows), 2e-5)

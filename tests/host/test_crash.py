from __future__ import annotations

import importlib.util
import random
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def stress() -> ModuleType:
    """The script that kills recordings."""
    path = Path(__file__).with_name("crash_stress.py")
    specification = importlib.util.spec_from_file_location("crash_stress", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules["crash_stress"] = module  # dataclasses look their module up
    specification.loader.exec_module(module)
    return module


@pytest.mark.parametrize("seed", range(3))
def test_a_killed_recording_opens_and_holds_all_but_the_last_second(
    stress: ModuleType, tmp_path: Path, seed: int
) -> None:
    after_s = random.Random(seed).uniform(1.2, 2.4)
    outcome = stress.kill_once(tmp_path / "run.h5", after_s)
    assert (outcome.failure, outcome.reader_failure) == ("", "")
    assert outcome.due > 0
    assert outcome.held >= outcome.due

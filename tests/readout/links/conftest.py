"""Bluetooth links over a library that the tests control."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="session")
def fake() -> ModuleType:
    """The module fake_stack."""
    path = Path(__file__).with_name("fake_stack.py")
    specification = importlib.util.spec_from_file_location("links_fake_stack", path)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def stack(fake: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A library with one panel near by; whatever a test does, nothing of it may stay open."""
    monkeypatch.setattr("fpxi_readout.links.ble_search.SETTLE_S", 0.01)
    monkeypatch.setattr("fpxi_readout.links.ble_search.PAUSE_S", 0.01)
    monkeypatch.setattr("fpxi_readout.links.ble_search.HELD_S", 0.2)
    monkeypatch.setattr("fpxi_readout.links.ble_opening.PAUSE_S", 0.01)
    monkeypatch.setattr("fpxi_readout.links.private_loop.GRACE_S", 0.1)
    stack = fake.FakeStack()
    yield stack
    assert stack.connections == 0, "a connection was left behind"
    assert stack.scanning == 0, "a scan was left running"
    assert stack.released == stack.steps.count("prepare"), "the library's resources were kept"
    assert stack.tasks_left == 0, "tasks were left running"

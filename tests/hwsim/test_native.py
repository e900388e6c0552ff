"""The native firmware library: what is wrong with it is said by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fpxi_hwsim import SimulatedDevice, SimulationSpecification, native
from fpxi_hwsim.errors import FirmwareRefusedError, NativeLibraryError
from fpxi_hwsim.presets import TFT64
from fpxi_readout.protocol.generated import PANELS, PanelDescription


def test_an_absent_library_is_named_with_the_way_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(native.ENVIRONMENT_VARIABLE, str(tmp_path / "absent.so"))
    with pytest.raises(NativeLibraryError, match=r"build_native\.py"):
        SimulatedDevice(SimulationSpecification.from_url("sim:tft64"))


def test_a_file_that_is_no_library_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.so").write_text("no library")
    with pytest.raises(NativeLibraryError, match="not usable"):
        native.load_library(tmp_path / "text.so")


def test_a_library_of_another_abi_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    native.load_library.cache_clear()
    monkeypatch.setattr(native, "ABI", native.ABI + 1)
    with pytest.raises(NativeLibraryError, match=f"has ABI {native.ABI - 1}"):
        native.load_library(native.library_path())


def test_a_panel_that_the_firmware_does_not_know_is_refused() -> None:
    unknown = replace(TFT64, geometry=replace(TFT64.geometry, id=99))
    with pytest.raises(FirmwareRefusedError) as caught:
        SimulatedDevice(SimulationSpecification(preset=unknown))
    assert caught.value.panel_id == 99
    assert caught.value.code < 0


def test_the_library_is_compiled_for_this_computer() -> None:
    path = native.library_path()
    assert path.suffix in (".so", ".dylib", ".dll")
    assert native.load_library(path) is native.load_library(path)


@pytest.mark.parametrize("panel", PANELS.values(), ids=PANELS.keys())
def test_a_device_s_memory_is_that_of_its_panel(panel: PanelDescription) -> None:
    library = native.load_library(native.library_path())
    size = library.fpxi_native_size(panel.id)
    frames = native.SLOTS * np.prod(panel.shape) * 2
    assert frames < size < 4 * frames + 150_000
    assert library.fpxi_native_size(99) == 0

import importlib
import subprocess
import sys
from pathlib import Path

import fpxi_imaging as im
import numba
import pytest
from fpxi_imaging import PixelFlag, _jit
from fpxi_imaging.correction import _kernels


def test_flags_fit_a_byte_and_do_not_overlap() -> None:
    bits = [int(flag) for flag in PixelFlag]
    assert bits == [1, 2, 4, 8, 16, 32, 64, 128]


def test_errors_share_one_base() -> None:
    errors = [getattr(im, name) for name in im.__all__ if name.endswith("Error")]
    assert len(errors) >= 10
    assert all(issubclass(error, im.ImagingError) for error in errors)


def test_an_unexpected_type_is_refused_rather_than_compiled() -> None:
    im.warm_up()
    with pytest.raises(TypeError):
        _kernels.correct_block(1, 2, 3, 4, 5, 6, 7, 8, 9)
    assert len(_kernels.correct_block.signatures) == 1


def test_importing_compiles_nothing() -> None:
    code = "import fpxi_imaging._jit as jit; assert len(jit._waiting) >= 1; import fpxi_imaging"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_warm_up_leaves_no_kernel_waiting() -> None:
    im.warm_up()
    assert not _jit._waiting


KERNEL = """
from numba import types
from fpxi_imaging import _jit
from stamped_helper import factor

@_jit.kernel(types.int64)
def multiply(x):
    return factor(x)
"""
HELPER = """
from fpxi_imaging import _jit

@_jit.helper
def factor(x):
    return {factor} * x
"""


def test_a_kernel_is_compiled_anew_when_only_a_helper_in_another_file_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    im.warm_up()
    package = tmp_path / "package"
    package.mkdir()
    stamp = _jit.package_stamp
    monkeypatch.setattr(_jit, "package_stamp", lambda: stamp(package))
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(package))
    (package / "stamped_kernel.py").write_text(KERNEL)
    seen = []
    for factor in (2, 2, 3):
        (package / "stamped_helper.py").write_text(HELPER.format(factor=factor))
        for name in ("stamped_helper", "stamped_kernel"):
            monkeypatch.delitem(sys.modules, name, raising=False)
            importlib.invalidate_caches()
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        multiply = importlib.import_module("stamped_kernel").multiply
        im.warm_up()
        seen.append((multiply(1), sum(multiply.stats.cache_hits.values())))
    assert seen == [(2, 0), (2, 1), (3, 0)]

import importlib
import subprocess
import sys
import threading
import time
from pathlib import Path

import fpxi_imaging as im
import numba
import numpy as np
import pytest
from fpxi_imaging import PixelFlag, _jit
from fpxi_imaging.correction import _kernels
from fpxi_imaging.correction._layout import HEADER, MEAN, MEDIAN, MOVING_SUM


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
        _kernels.correct_single(1, 2, 3, 4, 5, 6)
    assert len(_kernels.correct_single.signatures) == 1


def test_importing_compiles_nothing() -> None:
    code = "import fpxi_imaging._jit as jit; assert len(jit._waiting) >= 1; import fpxi_imaging"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_warm_up_leaves_no_kernel_waiting() -> None:
    im.warm_up()
    assert not _jit._waiting


ONLY_WHAT_IS_NEEDED = """
import numpy as np
import fpxi_imaging as im
from fpxi_imaging import _jit
from fpxi_imaging.correction import _kernels

ones = np.ones((2, 2))
calibration = im.ResolvedCalibration(
    offset=ones, gain=ones, defects=ones > 1, not_imaging=ones > 1, normalisation=1.0,
    saturation_level=1000, conditions=im.Conditions("", "", 1, 1, 0, 0),
)
im.Corrector(calibration)
waiting = set(_jit._waiting)
im.Corrector(calibration, im.Processing(averaging=im.Averaging.recursive(4)))
assert waiting - set(_jit._waiting) == {_kernels.correct_mean}
assert _kernels.correct_single not in waiting
_jit.warm_up(rare=False)
assert _kernels.correct_with_all_steps in _jit._waiting
assert set(_jit._waiting) <= _jit._rare
"""


def test_a_corrector_waits_for_the_kernels_alone_that_it_needs() -> None:
    subprocess.run([sys.executable, "-c", ONLY_WHAT_IS_NEEDED], check=True)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "correct_single"),
        ({"averaging": MEAN}, "correct_mean"),
        ({"averaging": MOVING_SUM}, "correct_running"),
        ({"averaging": MEDIAN}, "correct_with_all_steps"),
        ({"averaging": MEAN, "double": 1}, "correct_with_all_steps"),
        ({"averaging": MEAN, "follows_motion": 1}, "correct_with_all_steps"),
        ({"polynomial_terms": 1}, "correct_with_all_steps"),
        ({"piecewise_segments": 1}, "correct_with_all_steps"),
        ({"lag_components": 1}, "correct_with_all_steps"),
        ({"rejects_zingers": 1}, "correct_with_all_steps"),
    ],
)
def test_the_kernel_has_all_steps_that_are_asked_for(fields: dict[str, int], name: str) -> None:
    header = np.zeros(1, HEADER)
    for field, value in fields.items():
        header[field] = value
    assert _kernels.kernel_for(header[0]).__name__ == name


class SlowKernel:
    def __init__(self, name: str, order: list[str]) -> None:
        self.name, self.order = name, order
        self.begun, self.may_end = threading.Event(), threading.Event()

    def compile(self, arguments: tuple[()]) -> None:
        self.begun.set()
        assert self.may_end.wait(10)
        self.order.append(self.name)

    def disable_compile(self) -> None:
        pass


def test_who_needs_one_kernel_waits_for_one_other_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    first, second, wanted = (SlowKernel(name, order) for name in ("first", "second", "wanted"))
    monkeypatch.setattr(_jit, "_waiting", dict.fromkeys((first, second, wanted), ()))
    monkeypatch.setattr(_jit, "_stamp_cache", lambda *_: None)
    for kernel in (second, wanted):
        kernel.may_end.set()
    threads = [threading.Thread(target=_jit.warm_up)]
    threads[0].start()
    assert first.begun.wait(10)
    threads.append(threading.Thread(target=_jit.warm_up, args=(wanted,)))
    threads[1].start()
    while not _jit._hurried:
        time.sleep(0.001)
    first.may_end.set()
    for thread in threads:
        thread.join(10)
    assert order == ["first", "wanted", "second"]
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

import subprocess
import sys

import fpxi_imaging as im
import pytest
from fpxi_imaging import PixelFlag, _jit, _kernels


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

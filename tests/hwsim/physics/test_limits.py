"""What a parameter may be, and what is said when it is not."""

from __future__ import annotations

import math

import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.limits import require


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_values_at_and_within_the_bounds_pass(value: float) -> None:
    require("fill_factor", value, least=0, most=1)


@pytest.mark.parametrize("value", [-1e-9, 1.0001, math.nan, math.inf, -math.inf])
def test_values_outside_and_no_numbers_are_refused_by_name(value: float) -> None:
    with pytest.raises(
        UnphysicalError, match=r"fill_factor = .* 0 or more and 1 or less"
    ) as caught:
        require("fill_factor", value, least=0, most=1)
    assert caught.value.name == "fill_factor"


def test_an_open_bound_refuses_the_bound_itself() -> None:
    with pytest.raises(UnphysicalError, match="above 0"):
        require("thickness_um", 0.0, above=0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_without_bounds_a_value_must_still_be_a_number(value: float) -> None:
    with pytest.raises(UnphysicalError, match="a finite number"):
        require("bias_V", value)

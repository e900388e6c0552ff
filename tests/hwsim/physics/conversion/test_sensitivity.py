from __future__ import annotations

import numpy as np
import pytest
from fpxi_hwsim.errors import UnphysicalError
from fpxi_hwsim.physics.conversion.absorber import Absorber
from fpxi_hwsim.physics.conversion.collection import Carrier, Transport
from fpxi_hwsim.physics.conversion.photoconductor import Gain, Photoconductor, pair_energy_eV
from fpxi_hwsim.physics.conversion.sensitivity import (
    sensitivity_uC_Gy_cm2,
    theoretical_sensitivity_uC_Gy_cm2,
)
from fpxi_hwsim.physics.source.spectrum import Spectrum
from fpxi_hwsim.physics.source.tube import Tube, spectrum_of

PUBLISHED = Spectrum("one energy", np.array([42.0]), np.array([6.22e12]))
ALL = Absorber(absorbed_fraction=1.0)


def test_the_theoretical_sensitivity_is_the_published_one():
    found = theoretical_sensitivity_uC_Gy_cm2(6.22e12, 42.0, pair_energy_eV(1.59))
    assert found == pytest.approx(9070.8, rel=0.002)


def test_the_chain_gives_the_theoretical_sensitivity_where_nothing_is_lost():
    film = Photoconductor(ALL, pair_energy_eV(1.59))
    expected = theoretical_sensitivity_uC_Gy_cm2(6.22e12, 42.0, pair_energy_eV(1.59))
    assert sensitivity_uC_Gy_cm2(PUBLISHED, film, 5.0) == pytest.approx(expected)
    assert sensitivity_uC_Gy_cm2(PUBLISHED, film, -5.0) == pytest.approx(-expected)


def test_absorption_and_collection_scale_it():
    transport = Transport(Carrier(2.05e-3), Carrier(0.58e-3))
    crystal = Photoconductor(Absorber("", 2000.0, 0.5), 5.0, transport)
    expected = theoretical_sensitivity_uC_Gy_cm2(
        6.22e12, 42.0, 5.0, absorbed_fraction=0.5, collected_fraction=0.9085
    )
    assert sensitivity_uC_Gy_cm2(PUBLISHED, crystal, -100.0) == pytest.approx(-expected, rel=1e-4)


@pytest.mark.parametrize(
    "values", [(0.0, 42.0, 4.61), (1e12, -1.0, 4.61), (1e12, 42.0, 0.0), (1e12, np.nan, 4.61)]
)
def test_impossible_values_are_refused(values):
    with pytest.raises(UnphysicalError):
        theoretical_sensitivity_uC_Gy_cm2(*values)


def test_impossible_fractions_are_refused():
    with pytest.raises(UnphysicalError, match="absorbed_fraction"):
        theoretical_sensitivity_uC_Gy_cm2(1e12, 42.0, 4.61, absorbed_fraction=1.1)
    with pytest.raises(UnphysicalError, match="collected_fraction"):
        theoretical_sensitivity_uC_Gy_cm2(1e12, 42.0, 4.61, collected_fraction=-0.1)


FILM_UM = 327.5


@pytest.mark.parametrize(
    ("field_V_cm", "published"), [(0.0, 1500.0), (-100.0, 13700.0), (-300.0, 29721.4)]
)
def test_one_film_has_the_published_sensitivity_in_all_three_fields(field_V_cm, published):
    """Thickness and gain are not published; these make all three of them true."""
    tube = Tube("W", 50.0, (("Be", 0.127), ("SiO2", 26.0)))
    carrier = Carrier(7.81e-5)
    film = Photoconductor(
        Absorber("BA2MA9Pb10I31", FILM_UM),
        pair_energy_eV(1.59),
        Transport(carrier, carrier),
        built_in_V=-0.67,
        gain=Gain(7.512, half_field_V_cm=16.86),
    )
    spectrum = spectrum_of(tube).scaled_to(6.22e12)
    found = sensitivity_uC_Gy_cm2(spectrum, film, field_V_cm * FILM_UM * 1e-4)
    assert found == pytest.approx(-published, rel=0.01)


def test_one_crystal_has_the_published_sensitivity_and_equal_opposite_responses():
    tube = Tube("W", 70.0, (("Be", 0.127), ("Al", 0.3125)))
    crystal = Photoconductor(
        Absorber("CsPbBr3", 2000.0),
        pair_energy_eV(2.25),
        Transport(Carrier(2.05e-3, 98.49), Carrier(0.58e-3, 13.70)),
    )
    spectrum = spectrum_of(tube)
    assert sensitivity_uC_Gy_cm2(spectrum, crystal, -100.0) == pytest.approx(-396, rel=0.01)
    forward, backward = (sensitivity_uC_Gy_cm2(spectrum, crystal, bias) for bias in (95.0, -73.0))
    assert forward == pytest.approx(-backward, rel=0.01)

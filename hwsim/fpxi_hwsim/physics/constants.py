"""Constants of nature: the exact values of the SI, and what follows from them."""

from __future__ import annotations

ELEMENTARY_CHARGE_C = 1.602176634e-19
ELECTRON_FC = ELEMENTARY_CHARGE_C * 1e15
JOULE_PER_keV = ELEMENTARY_CHARGE_C * 1e3
BOLTZMANN_J_K = 1.380649e-23
BOLTZMANN_EV_K = 8.617333262e-5

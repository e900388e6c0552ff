"""Simulated panels: pixel physics behind the real firmware core."""

from __future__ import annotations

from fpxi_hwsim.device import SimulatedDevice, Truth
from fpxi_hwsim.links import SimulatedLink, open_link
from fpxi_hwsim.serve import Server, serve_ble, serve_serial, serve_tcp
from fpxi_hwsim.specification import SimulationSpecification

__all__ = [
    "Server",
    "SimulatedDevice",
    "SimulatedLink",
    "SimulationSpecification",
    "Truth",
    "open_link",
    "serve_ble",
    "serve_serial",
    "serve_tcp",
]

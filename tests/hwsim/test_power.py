"""A simulated panel whose power fails while it saves."""

from __future__ import annotations

import fpxi_hwsim
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.framing import encode_packet
from fpxi_readout.protocol.generated import Identify, ResetCause, Save


def test_a_panel_without_power_is_silent_and_keeps_what_it_had_saved() -> None:
    link = fpxi_hwsim.open_link("sim:tft64?time=virtual")
    panel = Panel.connect(link, timeout_s=5.0)
    panel.parameters.exposure_us = 5000
    panel.save()
    panel.parameters.exposure_us = 6000
    link.device.cut_power(10)
    link.write(encode_packet(Save.TYPE, 77, b""))
    assert link.read(0.0) == b""
    link.device.reset(ResetCause.EXTERNAL)
    link.write(encode_packet(Identify.TYPE, 78, Identify(0, 0).pack()))
    assert link.read(0.0) == b""
    link.device.reset(ResetCause.POWER_ON)
    again = Panel.connect(link, timeout_s=5.0)
    assert again.identity.reset_cause is ResetCause.POWER_ON
    assert again.parameters.exposure_us == 5000
    again.close()

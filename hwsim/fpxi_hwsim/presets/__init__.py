"""The simulated panels by name."""

from __future__ import annotations

from fpxi_hwsim.errors import UnknownPresetError
from fpxi_hwsim.presets.generic import CMOS32, LINE64, TFT64
from fpxi_hwsim.presets.preset import Beam, Preset

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (TFT64, LINE64, CMOS32)}

__all__ = ["CMOS32", "LINE64", "PRESETS", "TFT64", "Beam", "Preset", "find_preset"]


def find_preset(name: str) -> Preset:
    """Return the preset of this name.

    Raises
    ------
    UnknownPresetError
        There is none; the message lists those that exist.

    """
    try:
        return PRESETS[name]
    except KeyError:
        raise UnknownPresetError(name, PRESETS) from None

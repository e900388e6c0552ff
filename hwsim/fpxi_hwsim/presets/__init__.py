"""The simulated panels by name."""

from __future__ import annotations

from fpxi_hwsim.errors import UnknownPresetError
from fpxi_hwsim.presets.cmos32_crystals import CRYSTALS
from fpxi_hwsim.presets.etched_arrays import ETCHED
from fpxi_hwsim.presets.generic import CMOS32, LINE64, TFT64
from fpxi_hwsim.presets.preset import Beam, Preset
from fpxi_hwsim.presets.screens import SCREENS
from fpxi_hwsim.presets.single_pixels import PIXELS
from fpxi_hwsim.presets.tft64_films import FILMS

_ALL = (TFT64, *FILMS, LINE64, CMOS32, *CRYSTALS, *SCREENS, *PIXELS, ETCHED)
PRESETS: dict[str, Preset] = {preset.name: preset for preset in _ALL}

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

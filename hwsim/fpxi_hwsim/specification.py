"""What to simulate: the `sim:` URL as a typed, checked value."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import unquote

from fpxi_readout.protocol.generated import PANELS, PanelDescription

from fpxi_hwsim.errors import BadValueError, BoardPanelError, SimulationUrlError, UnknownKeyError
from fpxi_hwsim.fault_settings import FAULT_SETTINGS, FaultSpecification, with_fault
from fpxi_hwsim.preset_settings import PRESET_SETTINGS
from fpxi_hwsim.presets import Preset, find_preset
from fpxi_hwsim.settings_text import (
    parse_dose,
    parse_dose_rate,
    parse_on_off,
    parse_place,
    parse_u32,
)

SCHEME = "sim:"
MOST_BATTERY_mV = 6600
"""the board's converter measures half of it, up to 3.3 V"""
NO_FAULTS = FaultSpecification()

AtEnd = Literal["loop", "hold", "stop"]
Time = Literal["real", "virtual"]
BoardKind = Literal["native", "stm32f405"]


@dataclass(frozen=True, slots=True)
class SimulationSpecification:
    """One simulated panel, its scene and its line.

    `seed` makes the panel (its offsets, gains, defects) and, with `noise_seed`, the noise: equal
    specifications give equal frames; another `noise_seed` is another measurement on one panel.
    """

    preset: Preset
    seed: int = 1
    noise_seed: int = 0
    serial: str = ""
    """serial number, at most 16 ASCII characters; empty: made from preset and seed"""
    object: str = ""
    """an object's text, or an image file; empty: the preset's"""
    dose_rate_Gy_s: float = -1.0
    """air kerma rate at the panel without an object; negative: the preset's"""
    dose_Gy: float | None = None
    """air kerma of each exposure, however long it is; None: what the dose rate makes of it"""
    beam_on: bool = True
    time: Time = "real"
    frames: str | None = None
    """recorded frames that replace the simulated ones"""
    place: tuple[int, int] | None = None
    """row and column of the recorded frames' first pixel; None: centred"""
    at_end: AtEnd = "loop"
    """what follows the last recorded frame"""
    battery_mV: int = 0
    """voltage of the battery; 0: there is none"""
    baud: int | None = None
    """line rate, ten bits a byte; None: as fast as the medium"""
    board: BoardKind = "native"
    """the firmware compiled for this computer, or the STM32F405's image in an emulator"""
    image: str | None = None
    """ELF file that the emulator executes; None: $FPXI_STM32_ELF, or built from the sources"""
    converters: int | None = None
    """converters fitted to the emulated board; None: the panel's usual number"""
    flash: str | None = None
    """file that keeps the emulated board's flash memory"""
    faults: FaultSpecification = NO_FAULTS

    def __post_init__(self) -> None:
        """Fill in what the preset decides.

        Raises
        ------
        BoardPanelError
            The board does not read the preset's panel.

        """
        _refuse_panel(self.preset.geometry, self.board)
        if self.dose_rate_Gy_s < 0:
            object.__setattr__(self, "dose_rate_Gy_s", self.preset.beam.dose_rate_Gy_s)
        if not self.object:
            object.__setattr__(self, "object", self.preset.object)
        if not self.serial:
            object.__setattr__(self, "serial", f"{_stem(self.preset.name)}-S{self.seed:08X}")

    @classmethod
    def from_url(cls, url: str) -> SimulationSpecification:
        """Read `sim:<preset>[?key=value&...]`; percent-encoding is undone in values.

        Raises
        ------
        UnknownPresetError, UnknownKeyError, BadValueError, BoardPanelError, SimulationUrlError
            The URL is wrong; the message lists what exists.

        """
        if not url.startswith(SCHEME):
            raise SimulationUrlError(f"{url!r} is no simulation URL: write sim:<preset>")
        name, _, query = url.removeprefix(SCHEME).partition("?")
        preset = find_preset(name)
        texts, settings = _read_settings(query)
        for key in filter(texts.__contains__, PRESET_SETTINGS):
            preset = PRESET_SETTINGS[key](preset, texts[key])
        specification = cls(preset=preset, **settings)
        if specification.place is not None and specification.frames is None:
            row, column = specification.place
            raise BadValueError("place", f"{row},{column}", "effect only beside frames=<path>")
        _refuse_without_emulator(specification)
        return specification


def _stem(name: str) -> str:
    """Return six characters or fewer for a preset's name, others for another name.

    A serial number has 16 characters.
    """
    if len(name) <= 6:
        return name.upper()
    return name[:2].upper() + hashlib.blake2b(name.encode(), digest_size=2).hexdigest().upper()


def _refuse_panel(geometry: PanelDescription, board: BoardKind) -> None:
    if board not in geometry.boards:
        panels = [name for name, panel in PANELS.items() if board in panel.boards]
        raise BoardPanelError(board, panel_name(geometry), panels, geometry.boards)


def panel_name(geometry: PanelDescription) -> str:
    """Return a panel's name in the protocol definition, such as tft64."""
    return next(name for name, panel in PANELS.items() if panel.id == geometry.id)


def _refuse_without_emulator(specification: SimulationSpecification) -> None:
    if specification.board == "stm32f405":
        if specification.preset.geometry.shutter == "global" and specification.converters == 2:
            raise BadValueError("converters", "2", "1 on this panel: it has one analogue output")
        return
    for key in ("image", "converters", "flash"):
        value = getattr(specification, key)
        if value is not None:
            raise BadValueError(key, str(value), "effect only beside board=stm32f405")


def _read_settings(query: str) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the texts of settings that change the preset, and the values of the others."""
    texts: dict[str, str] = {}
    settings: dict[str, Any] = {}
    faults = NO_FAULTS
    for item in filter(None, query.split("&")):
        key, _, text = item.partition("=")
        if key in texts or key not in KEYS:
            raise UnknownKeyError(key, KEYS, repeated=key in texts)
        texts[key] = value = unquote(text)
        if key in FAULT_SETTINGS:
            faults = with_fault(faults, key, value)
        elif key in _SETTINGS:
            field, read = _SETTINGS[key]
            settings[field] = read(key, value)
    rates = [key for key in RATE_KEYS if key in texts]
    if len(rates) > 1:
        raise BadValueError(rates[1], texts[rates[1]], f"effect only without {rates[0]}")
    return texts, {**settings, "faults": faults}


def _baud(key: str, text: str) -> int:
    baud = parse_u32(key, text)
    if baud < 300:
        raise BadValueError(key, text, "a line rate in bits/s, 300 or more")
    return baud


def _battery(key: str, text: str) -> int:
    battery_mV = parse_u32(key, text)
    if battery_mV > MOST_BATTERY_mV:
        raise BadValueError(key, text, f"a voltage in mV up to {MOST_BATTERY_mV}, or 0 for none")
    return battery_mV


def _converters(key: str, text: str) -> int:
    if text not in ("1", "2"):
        raise BadValueError(key, text, "1 or 2")
    return int(text)


def _serial(key: str, text: str) -> str:
    if not (text.isascii() and text.isprintable() and 0 < len(text) <= 16):
        raise BadValueError(key, text, "1 to 16 printable ASCII characters")
    return text


def _name(key: str, text: str) -> str:
    if not text:
        raise BadValueError(key, text, "a name or a path")
    return text


def _choice(*choices: str) -> Callable[[str, str], str]:
    def read(key: str, text: str) -> str:
        if text not in choices:
            raise BadValueError(key, text, " or ".join(choices))
        return text

    return read


_SETTINGS: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "seed": ("seed", parse_u32),
    "noise_seed": ("noise_seed", parse_u32),
    "serial": ("serial", _serial),
    "object": ("object", _name),
    "dose_rate": ("dose_rate_Gy_s", parse_dose_rate),
    "dose": ("dose_Gy", parse_dose),
    "beam": ("beam_on", parse_on_off),
    "time": ("time", _choice("real", "virtual")),
    "frames": ("frames", _name),
    "place": ("place", parse_place),
    "at_end": ("at_end", _choice("loop", "hold", "stop")),
    "battery_mV": ("battery_mV", _battery),
    "baud": ("baud", _baud),
    "board": ("board", _choice("native", "stm32f405")),
    "image": ("image", _name),
    "converters": ("converters", _converters),
    "flash": ("flash", _name),
}
RATE_KEYS = ("dose_rate", "dose", "mA")
"""any of them says how strong the beam is"""
KEYS = (*_SETTINGS, *PRESET_SETTINGS, *FAULT_SETTINGS)

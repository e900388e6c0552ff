"""How a device parameter is named and written for people."""

from __future__ import annotations

from fpxi_readout.protocol.dictionary import Dictionary, ParameterInfo

_UNITS = {"us": "µs"}
_SCALED_UNITS = {"mC": ("°C", 1e-3, 1), "ms": ("s", 1e-3, 1)}
_SUFFIXES = ("_us", "_ms", "_mV", "_mC", "_mV_s", "_log2")
_ABBREVIATIONS = {"aec": "AEC", "cds": "CDS"}


def parameter_title(info: ParameterInfo) -> str:
    """Return the name without its unit, in plain words."""
    name = info.name
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    words = [_ABBREVIATIONS.get(word, word) for word in name.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def unit_text(info: ParameterInfo) -> str:
    """Return the unit of the number that is set."""
    return _UNITS.get(info.unit, info.unit)


def choices(info: ParameterInfo, dictionary: Dictionary) -> list[tuple[str, object, str]]:
    """Return (text, value, help) of each named value; nothing where any number may be set."""
    if info.enumeration is not None:
        values = dictionary.enumerations[info.enumeration].values
        return [
            (name.replace("_", " "), entry.value, entry.help)
            for name, entry in values.items()
            if info.minimum <= entry.value <= info.maximum
        ]
    if info.name == "gain_setting":
        settings = dictionary.panel.gain_settings[info.minimum : info.maximum + 1]
        return [
            (setting.name, info.minimum + index, f"full scale {setting.full_scale_fC:g} fC")
            for index, setting in enumerate(settings)
        ]
    if info.name.endswith("_log2"):
        powers = range(info.minimum, info.maximum + 1)
        return [(f"{1 << power}", power, f"2 to the power of {power}") for power in powers]
    return []


def reading_text(info: ParameterInfo, dictionary: Dictionary, value: int) -> str:
    """Return a value with its unit, or its name."""
    for text, known, _ in choices(info, dictionary):
        if known == value:
            return text
    if info.unit in _SCALED_UNITS:
        unit, scale, decimals = _SCALED_UNITS[info.unit]
        return f"{value * scale:,.{decimals}f} {unit}"
    return f"{value:,} {unit_text(info)}".rstrip()


def explanation(info: ParameterInfo) -> str:
    """Return the tool tip: what it is, its range, default and when it can be set."""
    parts = [info.help]
    if info.access != "ro" and info.enumeration is None:
        parts.append(f"{info.minimum:,} to {info.maximum:,} {unit_text(info)}".rstrip())
    if info.access == "idle":
        parts.append("Can be set only while stopped.")
    if info.saved:
        parts.append("Kept in the device by Save.")
    return "\n".join([*parts, f"({info.name})"])

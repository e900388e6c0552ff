"""What a recording says about the device, and how that is turned into text and back."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fpxi_readout.identity import DeviceIdentity
from fpxi_readout.protocol.dictionary import Dictionary, parse


@dataclass(frozen=True)
class RecordingFacts:
    """Everything known when a recording begins."""

    url: str
    identity: DeviceIdentity
    dictionary: Dictionary
    parameters: Mapping[str, int]


def dictionary_text(dictionary: Dictionary) -> str:
    """Return a dictionary as JSON, laid out as devices serve it."""
    major, minor = dictionary.protocol_version
    content = {
        "protocol": {"major": major, "minor": minor},
        "panel": asdict(dictionary.panel),
        "enumerations": {
            name: {"help": info.help, **{key: asdict(v) for key, v in info.values.items()}}
            for name, info in dictionary.enumerations.items()
        },
        "parameters": {name: _present(p) for name, p in dictionary.parameters.items()},
        "commands": {name: {"type": number} for name, number in dictionary.commands.items()},
    }
    return json.dumps(content, sort_keys=True)


def dictionary_from_text(text: str) -> Dictionary:
    """Read `dictionary_text` back, with the checks that a device's own dictionary passes.

    Raises `fpxi_readout.protocol.dictionary.DictionaryError`.
    """
    encoded = text.encode()
    return parse(zlib.compress(encoded), hashlib.sha256(encoded).digest())


def _present(info: Any) -> dict[str, Any]:
    return {key: value for key, value in asdict(info).items() if value is not None}

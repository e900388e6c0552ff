"""The dictionary that a device serves: what it understands, as compressed JSON."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import dataclass
from typing import Any

from definition import Definition, Message, panel_parameters


@dataclass(frozen=True)
class Dictionary:
    """A panel's dictionary: canonical JSON, and the zlib stream that the device carries."""

    panel: str
    text: bytes
    compressed: bytes

    @property
    def schema_hash(self) -> bytes:
        """SHA-256 of the JSON text."""
        return hashlib.sha256(self.text).digest()


def build(definition: Definition, panel: str, known: bytes | None = None) -> Dictionary:
    """Build a panel's dictionary.

    `known` is an earlier zlib stream: it is kept when it still says the same, because zlib
    builds differ in their output and a regenerated file should not change without a reason.
    """
    text = json.dumps(_content(definition, panel), sort_keys=True, separators=(",", ":")).encode()
    compressed = known if known and zlib.decompress(known) == text else zlib.compress(text, 9)
    return Dictionary(panel=panel, text=text, compressed=compressed)


def _content(definition: Definition, panel: str) -> dict[str, Any]:
    geometry = {
        key: value
        for key, value in definition.panels[panel].items()
        if key not in ("parameters", "boards")
    }
    return {
        "protocol": definition.protocol,
        "panel": {"name": panel, **geometry},
        "enumerations": definition.enumerations,
        "parameters": panel_parameters(definition, panel),
        "commands": {message.name: _layout(message) for message in definition.commands},
        "reports": {message.name: _layout(message) for message in definition.reports},
    }


def _layout(message: Message) -> dict[str, Any]:
    fields = [
        {"name": f.name, "type": f.type}
        | ({"enumeration": f.enumeration} if f.enumeration else {})
        | ({"since": f.since} if f.since else {})
        for f in message.fields
    ]
    return {"type": message.type, "fields": fields, "frozen": message.frozen}

"""Reading `file:` URLs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from fpxi.errors import ReplayUrlError

SCHEME = "file:"
PACES = ("recorded", "fast")


def is_replay(url: str) -> bool:
    """Return whether a URL plays back a recording."""
    return url.startswith(SCHEME)


@dataclass(frozen=True, slots=True)
class ReplaySpecification:
    """Which recording to play, and how."""

    path: Path
    pace: str = "recorded"
    """`recorded`: as the device's time stamps say; `fast`: as fast as frames are taken."""
    loop: bool = False
    """Begin again after the last frame."""

    @classmethod
    def from_url(cls, url: str) -> ReplaySpecification:
        """Read `file:<path>[?pace=recorded|fast&loop=0|1]`. Raises `ReplayUrlError`."""
        name, _, query = url.removeprefix(SCHEME).partition("?")
        settings = dict(parse_qsl(query, keep_blank_values=True))
        pace, loop = settings.pop("pace", "recorded"), settings.pop("loop", "0")
        if settings or not name or pace not in PACES or loop not in ("0", "1"):
            raise ReplayUrlError(url)
        return cls(Path(unquote(name)), pace, loop == "1")

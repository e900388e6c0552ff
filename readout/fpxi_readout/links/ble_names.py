"""Names from the air, made fit for display: anyone nearby may advertise anything."""

from __future__ import annotations

import unicodedata

LONGEST_SHOWN = 32
NAMELESS = "(no name)"
# Characters that change how their neighbours are shown: control codes and line breaks, format
# characters such as bidirectional overrides, surrogates, private use, and unassigned ones.
UNSHOWN_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
MOST_MARKS = 2
"""combining marks in a row: more of them draw over the lines above and below"""


def shown_name(name: str | None) -> str:
    """Return a name without what a terminal or a list could stumble over, 32 characters at most."""
    return shown_text(name or "", LONGEST_SHOWN) or NAMELESS


def shown_text(text: str, longest: int) -> str:
    """Return a text of one line without invisible characters, cut to so many characters."""
    kept: list[str] = []
    marks = 0
    for character in text[: 8 * longest]:
        category = unicodedata.category(character)
        marks = marks + 1 if category.startswith("M") else 0
        if category not in UNSHOWN_CATEGORIES and marks <= MOST_MARKS:
            kept.append(" " if category == "Zs" else character)
    return "".join(kept).strip()[:longest].strip()

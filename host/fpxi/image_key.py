"""What a recorded frame shows, as NeXus numbers it."""

from __future__ import annotations

import enum


class ImageKey(enum.IntEnum):
    """The `image_key` of NXtomo: https://manual.nexusformat.org/classes/applications/NXtomo.html."""

    IMAGE = 0
    FLAT = 1
    DARK = 2
    INVALID = 3

"""What the gallery shows."""

from __future__ import annotations

NOT_SHOWN = ("uniform", "letters", "slab")
"""objects that look like another one, or like nothing"""
IN_OTHER_WORDS = {"bars": "bars:lp_mm=0.5/1/2/3"}
"""texts that show more of an object than its name alone"""
MOVING = ("edge:x_mm=0@rotate:deg_s=90", "letters-hust@raster:columns=5,rows=7")
"""what shows how things move; a raster is for panels that are stepped"""


def gallery_objects() -> tuple[str, ...]:
    """Return the simulator's objects and some that move, as a URL names them."""
    from fpxi_hwsim.physics.object import OBJECTS  # noqa: PLC0415

    still = [IN_OTHER_WORDS.get(name, name) for name in OBJECTS if name not in NOT_SHOWN]
    return (*still, *MOVING)

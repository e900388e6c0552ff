"""What the gallery shows."""

from __future__ import annotations

NOT_SHOWN = ("uniform", "letters", "slab")
"""objects that look like another one, or like nothing"""
IN_OTHER_WORDS = {"bars": "bars:lp_mm=0.5/1/2/3"}
"""texts that show more of an object than its name alone"""
MOVING = ("edge@rotate:deg_s=90",)
COARSE = ("letters:text=H",)
"""what even a small array shows while nothing moves"""


def gallery_objects() -> tuple[str, ...]:
    """Return the simulator's objects and some that move, as a URL names them."""
    from fpxi_hwsim.physics.object import OBJECTS  # noqa: PLC0415

    still = [IN_OTHER_WORDS.get(name, name) for name in OBJECTS if name not in NOT_SHOWN]
    return (*still, *MOVING, *COARSE)

"""The scene of a simulated panel; before a real one it is the user's affair."""

from __future__ import annotations

from fpxi import Session
from fpxi.cli.output import note
from fpxi.image_key import ImageKey


def set_scene(session: Session, image_key: ImageKey) -> None:
    """Give a simulated panel the beam that darks or flats need."""
    scene = session.scene
    if scene is None or image_key is ImageKey.IMAGE:
        return
    scene.beam_on = image_key is ImageKey.FLAT
    if image_key is ImageKey.FLAT:
        scene.object = "none"
    note(f"Simulated beam: {'on, nothing in it' if scene.beam_on else 'off'}.")


def tell_missing_bias(session: Session) -> None:
    """Say so if a simulated panel is to be read without the bias that it needs."""
    if session.scene is None or session.get("bias_mV") != 0:
        return
    wanted_mV = session.scene.wanted_bias_mV
    if wanted_mV != 0:
        note(f"Note: no bias is set; this panel works with --set bias_mV={wanted_mV}.")

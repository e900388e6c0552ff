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

"""The panel of the simulated scene."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest


def choose(field: Any, value: object) -> None:
    field.activated.emit(field.findData(value))


def enter(field: Any, text: str) -> None:
    field.setFocus()
    field.setText(text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_an_object_is_chosen_set_and_moved(live: Any) -> None:
    panel, scene = live.window.scene, live.rig.session.scene
    choose(panel.object, "edge")
    live.settle()
    enter(panel.settings, "angle_deg=5")
    live.settle()
    assert scene.object == "edge:angle_deg=5"
    choose(panel.motion, "rotate")
    live.settle()
    enter(panel.motion_settings, "deg_s=9")
    live.settle()
    assert scene.object == "edge:angle_deg=5@rotate:deg_s=9"


def test_another_object_has_settings_of_its_own_but_moves_on(live: Any) -> None:
    panel, scene = live.window.scene, live.rig.session.scene
    scene.object = "edge:angle_deg=5@rotate:deg_s=9"
    live.settle()
    choose(panel.object, "letters-hust")
    live.settle()
    assert scene.object == "letters-hust@rotate:deg_s=9"
    choose(panel.motion, "")
    live.settle()
    assert scene.object == "letters-hust"


def test_the_object_of_the_scene_is_shown_in_its_parts(live: Any) -> None:
    panel, scene = live.window.scene, live.rig.session.scene
    scene.object = "edge:angle_deg=5@rotate:deg_s=9"
    live.settle()
    assert panel.object.currentText() == "edge"
    assert panel.settings.text() == "angle_deg=5"
    assert panel.motion.currentText() == "rotate"
    assert panel.motion_settings.text() == "deg_s=9"
    assert "angle_deg" in panel.settings.toolTip()


def test_what_moves_not_has_nothing_to_set_of_its_motion(live: Any) -> None:
    panel, scene = live.window.scene, live.rig.session.scene
    assert not panel.motion_settings.isVisibleTo(panel)
    scene.object = "edge@rotate"
    live.settle()
    assert panel.motion_settings.isVisibleTo(panel)


def test_what_is_being_typed_is_left_alone(live: Any) -> None:
    panel = live.window.scene
    live.window.show()
    live.window.activateWindow()
    panel.settings.setFocus()
    QTest.keyClicks(panel.settings, "angle")
    live.settle()
    assert panel.settings.text() == "angle"


def test_an_image_has_no_settings(live: Any) -> None:
    panel, scene = live.window.scene, live.rig.session.scene
    scene.object = "bird.png"
    live.settle()
    assert not panel.settings.isEnabled()
    assert panel.settings.toolTip() == ""


def test_the_tube_is_shown_and_changed(live: Any) -> None:
    panel, scene = live.window.scene, live.rig.session.scene
    assert panel.tube.text() == "W:50kV"
    enter(panel.tube, "W:70kV:Al 2.5mm")
    live.settle()
    assert scene.tube == "W:70kV:Al 2.5mm"

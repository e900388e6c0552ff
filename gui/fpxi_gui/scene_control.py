"""What stands before a simulated panel, changed from the viewer."""

from __future__ import annotations

from collections.abc import Callable

from fpxi_gui.actions import Actions
from fpxi_gui.contracts import Scene, ViewerSession
from fpxi_gui.messages import Messages
from fpxi_gui.state import SceneState


class SceneControl:
    """Beam, object, tube and dose rate. An object may be an image file, so changes may wait."""

    def __init__(self, session: ViewerSession, actions: Actions, messages: Messages) -> None:
        self._session = session
        self._actions = actions
        self._messages = messages

    def set_beam(self, on: bool) -> None:
        """Switch the X-ray source."""
        self._change(lambda scene: setattr(scene, "beam_on", on))

    def set_object(self, name: str) -> None:
        """Put an object in the beam: its text or an image file."""
        self._change(lambda scene: setattr(scene, "object", name))

    def set_tube(self, text: str) -> None:
        """Take another X-ray tube, at the same dose rate."""
        self._change(lambda scene: setattr(scene, "tube", text))

    def set_dose_rate(self, dose_rate_Gy_per_s: float) -> None:
        """Set the air kerma rate."""
        self._change(lambda scene: setattr(scene, "dose_rate", dose_rate_Gy_per_s))

    def state(self) -> SceneState | None:
        """Resolve the scene as it stands; None for a real device."""
        scene = self._session.scene
        if scene is None:
            return None
        return SceneState(
            scene.beam_on, scene.object, scene.tube, scene.dose_rate, scene.wanted_bias_mV
        )

    def _change(self, change: Callable[[Scene], None]) -> None:
        scene = self._session.scene
        if scene is not None:
            self._actions.run(
                lambda: change(scene), done=lambda _: None, failed=self._messages.fail
            )

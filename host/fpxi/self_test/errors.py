"""The named errors of self-tests."""

from __future__ import annotations

from collections.abc import Mapping

from fpxi.errors import HostError


class SelfTestError(HostError):
    """A self-test could not be made."""


class NoBoardToTestError(SelfTestError):
    """The URL names no device, but a recording."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"{url} is no device that could be tested; name a panel by its URL")


class FramesLostError(SelfTestError):
    """The panel could not send the frames that a check needs, though it was given time."""

    def __init__(self, wanted: int, received: int) -> None:
        self.wanted = wanted
        self.received = received
        super().__init__(
            f"{received} of {wanted} frames came whole, though the panel waits for the link; "
            "check the cable, and that nothing else uses the panel"
        )


class SettingsNotRestoredError(SelfTestError):
    """The panel did not take back the settings that it had before the test."""

    def __init__(self, values: Mapping[str, int], reason: str) -> None:
        self.values = dict(values)
        """what they were"""
        self.reason = reason
        words = " ".join(f"{name}={value}" for name, value in values.items())
        super().__init__(
            f"after the test these settings could not be restored ({reason}): {words}; "
            "set them with `fpxi set`, or reset the panel to have the saved ones"
        )

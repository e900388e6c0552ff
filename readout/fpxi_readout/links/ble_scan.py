"""Which panels are near, and who they are."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FoundPanel:
    """A panel that was heard advertising."""

    name: str
    """made fit for display, at most 32 characters"""
    address: str
    """AA:BB:CC:DD:EE:FF, or on macOS a UUID that this computer alone uses"""
    rssi_dBm: int | None

    @property
    def url(self) -> str:
        """What `open` takes."""
        return f"ble:{self.address}"


@dataclass(frozen=True, slots=True)
class PanelDetails:
    """What a panel tells anyone. None where it did not tell."""

    panel: str | None
    """its name in the protocol definition, such as tft64"""
    serial_number: str | None
    firmware: str | None
    battery_percent: int | None


def scan(duration_s: float) -> list[FoundPanel]:
    """Listen for so long; return the panels that were heard, the strongest first.

    Raises
    ------
    BluetoothMissingError, BluetoothUnavailableError
        Nothing can be heard.

    """
    raise NotImplementedError(duration_s)


def ask(found: FoundPanel, timeout_s: float) -> PanelDetails:
    """Connect, read what a panel tells anyone, and leave; nothing is paired.

    Raises
    ------
    BluetoothMissingError, BluetoothUnavailableError, PanelNotFoundError, LinkLostError
        It could not be asked.

    """
    raise NotImplementedError(found, timeout_s)

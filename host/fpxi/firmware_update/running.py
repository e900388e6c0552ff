"""What a running firmware says of itself: who it is, its panel, its saved parameters."""

from __future__ import annotations

from dataclasses import dataclass

from fpxi_readout.identity import DeviceIdentity
from fpxi_readout.links.base import Link
from fpxi_readout.maintenance import describe_device
from fpxi_readout.panel import Panel
from fpxi_readout.protocol.dictionary import Dictionary
from fpxi_readout.protocol.generated import PROTOCOL_VERSION


@dataclass(frozen=True, slots=True)
class RunningFirmware:
    """A device that answered."""

    identity: DeviceIdentity
    panel: str
    saved: dict[str, int]
    """values of the saved parameters; empty where the protocol is of another major version"""

    @property
    def version_text(self) -> str:
        """The version as in 1.2.3."""
        return ".".join(map(str, self.identity.firmware_version))


def ask_firmware(link: Link, *, restart: bool, timeout_s: float) -> RunningFirmware:
    """Ask a device of any protocol version; with `restart`, after a reset.

    After a restart the saved parameters have their saved values, whatever was set since.

    Raises
    ------
    CommandTimeoutError
        Nothing answers.
    NotAPanelError, DictionaryError, CommandRefusedError, LinkLostError
        What answers cannot be understood, or refuses, or was lost.

    """
    identity, dictionary = describe_device(link, timeout_s=timeout_s)
    saved = {}
    if identity.protocol_version[0] == PROTOCOL_VERSION[0]:
        panel = Panel.connect(link)
        if restart:
            panel.reset()
        saved = _saved_parameters(panel, dictionary)
    return RunningFirmware(identity, dictionary.panel.name, saved)


def _saved_parameters(panel: Panel, dictionary: Dictionary) -> dict[str, int]:
    names = [info.name for info in dictionary.parameters.values() if info.saved]
    return {name: panel.get(name) for name in names}

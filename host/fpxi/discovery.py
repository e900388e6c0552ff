"""What can be opened from this computer: serial ports, Bluetooth panels, simulated panels."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fpxi_readout.errors import FpxiError
from fpxi_readout.links import list_serial_ports
from fpxi_readout.links.base import LinkOpenError
from fpxi_readout.links.ble_names import shown_name

if TYPE_CHECKING:
    from fpxi_hwsim.presets import Preset
    from fpxi_readout.links.ble_scan import FoundPanel, PanelDetails

SCAN_S = 4.0
"""An advertisement every 100 to 200 ms is heard several times over, also by a busy adapter."""
ASK_S = 6.0
"""for connecting to one panel and reading who it is"""
MOST_ASKED = 16
"""panels, the strongest: whoever floods the air with names makes no search last for ever"""


class DeviceKind(enum.StrEnum):
    """What stands between this computer and the device."""

    SERIAL = "serial"
    BLUETOOTH = "bluetooth"
    SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class RadioFindings:
    """What is known of a panel that was heard. None where it did not tell, or was not asked."""

    name: str
    address: str
    rssi_dBm: int | None
    panel: str | None = None
    """its name in the protocol definition, such as tft64"""
    serial_number: str | None = None
    firmware: str | None = None
    battery_percent: int | None = None
    problem: str = ""
    """why it could not be asked; empty when it was, or was not to be"""


@dataclass(frozen=True, slots=True)
class Device:
    """Something that can be opened."""

    kind: DeviceKind
    url: str
    description: str
    radio: RadioFindings | None = None
    """of a Bluetooth panel"""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found."""

    devices: tuple[Device, ...]
    """serial ports, Bluetooth panels from the strongest to the weakest, simulated panels"""
    bluetooth_problem: str = ""
    """why no Bluetooth panel can be found here, and what to do; empty when nothing was wrong"""

    def of_kind(self, *kinds: DeviceKind) -> list[Device]:
        """Return the devices of these kinds."""
        return [device for device in self.devices if device.kind in kinds]


class Step(enum.Enum):
    """What a search is doing."""

    LISTENING = "listening"
    ASKING = "asking"


Progress = Callable[[Step, str, int, int], None]
"""Called as `progress(step, name of the panel that is asked, panels done, panels in all)`."""


def no_progress(_step: Step, _name: str, _done: int, _total: int) -> None:
    """Tell nobody."""


def is_meant(url: str, name: str, address: str) -> bool:
    """Whether a URL names a Bluetooth panel, by its name or its address."""
    meant = url.partition("?")[0].casefold()
    return meant in (f"ble:{name}".casefold(), f"ble:{address}".casefold())


def discover(
    *,
    bluetooth: bool = True,
    scan_s: float = SCAN_S,
    ask: bool = True,
    spare: str = "",
    progress: Progress = no_progress,
) -> Discovery:
    """List what can be opened; takes `scan_s`, and with `ask` up to 6 s for each panel heard.

    Without `ask` no panel is connected to: name, address and signal strength alone are known. So
    it is with the panel at the URL `spare`, which this program is about to connect to itself, and
    with all but the 16 strongest. A computer without Bluetooth is no error:
    `Discovery.bluetooth_problem` says what to do.
    """
    found: list[Device] = []
    problem = ""
    if bluetooth:
        try:
            found = _bluetooth_panels(scan_s, progress, ask=ask, spare=spare)
        except FpxiError as error:
            problem = _reason(error)
    return Discovery((*_serial_ports(), *found, *_simulated_panels()), problem)


def _serial_ports() -> list[Device]:
    return [
        Device(DeviceKind.SERIAL, url, description.replace("n/a", "serial port"))
        for url, description in list_serial_ports()
    ]


def _simulated_panels() -> list[Device]:
    from fpxi_hwsim.presets import PRESETS  # noqa: PLC0415 - the simulator only when wanted

    return [
        Device(DeviceKind.SIMULATED, f"sim:{name}", _describe_preset(preset))
        for name, preset in PRESETS.items()
    ]


def _describe_preset(preset: Preset) -> str:
    geometry = preset.geometry
    return (
        f"simulated panel, {geometry.rows} x {geometry.columns} pixels of {geometry.pitch_um:g} um"
    )


def _bluetooth_panels(scan_s: float, progress: Progress, *, ask: bool, spare: str) -> list[Device]:
    from fpxi_readout.links import ble_scan  # noqa: PLC0415 - Bluetooth only when wanted

    progress(Step.LISTENING, "", 0, 0)
    heard = ble_scan.scan(scan_s)
    meant = [panel for panel in heard if not is_meant(spare, panel.name, panel.address)]
    asked = meant[:MOST_ASKED] if ask else []
    devices = []
    for panel in heard:
        if panel in asked:
            progress(Step.ASKING, panel.name, asked.index(panel), len(asked))
            findings = _ask(panel, ble_scan.ask)
        else:
            findings = RadioFindings(panel.name, panel.address, panel.rssi_dBm)
        devices.append(
            Device(DeviceKind.BLUETOOTH, panel.url, _describe_findings(findings), findings)
        )
    return devices


def _ask(panel: FoundPanel, ask: Callable[[FoundPanel, float], PanelDetails]) -> RadioFindings:
    try:
        details = ask(panel, ASK_S)
    except FpxiError as error:
        problem = _reason(error)
        return RadioFindings(panel.name, panel.address, panel.rssi_dBm, problem=problem)
    return RadioFindings(
        name=panel.name,
        address=panel.address,
        rssi_dBm=panel.rssi_dBm,
        panel=_shown(details.panel),
        serial_number=_shown(details.serial_number),
        firmware=_shown(details.firmware),
        battery_percent=details.battery_percent,
    )


def _describe_findings(findings: RadioFindings) -> str:
    """Return one line: who, how near, how full."""
    facts = [
        findings.name,
        findings.panel,
        findings.serial_number,
        None if findings.rssi_dBm is None else f"{findings.rssi_dBm} dBm",
        None if findings.battery_percent is None else f"battery {findings.battery_percent} %",
    ]
    return ", ".join(fact for fact in facts if fact)


def _shown(told: str | None) -> str | None:
    return None if told is None else shown_name(told)


def _reason(error: FpxiError) -> str:
    """Return what is wrong and what to do, without control characters, whatever it quotes."""
    told = f"{error.reason}; {error.remedy}" if isinstance(error, LinkOpenError) else str(error)
    return "".join(character if character.isprintable() else " " for character in told)

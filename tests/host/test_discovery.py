"""What can be opened from this computer."""

from __future__ import annotations

import pytest
from fpxi import discovery
from fpxi.discovery import MOST_ASKED, DeviceKind, Step, discover
from fpxi_hwsim.presets import PRESETS
from fpxi_readout.links import ble_scan
from fpxi_readout.links.base import LinkLostError
from fpxi_readout.links.ble_errors import BluetoothMissingError, BluetoothUnavailableError
from fpxi_readout.links.ble_scan import FoundPanel, PanelDetails

NEAR = FoundPanel("FPXI-64", "F0:0D:00:00:00:01", -48)
FAR = FoundPanel("FPXI-32", "F0:0D:00:00:00:02", -83)
DETAILS = PanelDetails("tft64", "SN-7", "0.1.0", 87)


class FakeRadio:
    """Panels that are heard, and what each answers: details or an error."""

    def __init__(self) -> None:
        self.answers: dict[FoundPanel, PanelDetails | Exception] = {NEAR: DETAILS}
        self.deaf: Exception | None = None
        self.listened_s: list[float] = []
        self.asked: list[str] = []

    def scan(self, duration_s: float) -> list[FoundPanel]:
        self.listened_s.append(duration_s)
        if self.deaf is not None:
            raise self.deaf
        return list(self.answers)

    def ask(self, found: FoundPanel, timeout_s: float) -> PanelDetails:
        assert timeout_s > 0
        self.asked.append(found.name)
        answer = self.answers[found]
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def radio(monkeypatch: pytest.MonkeyPatch) -> FakeRadio:
    made = FakeRadio()
    monkeypatch.setattr(ble_scan, "scan", made.scan)
    monkeypatch.setattr(ble_scan, "ask", made.ask)
    ports = [("serial:COM3", "FPXI panel"), ("serial:COM1", "n/a")]
    monkeypatch.setattr(discovery, "list_serial_ports", lambda: ports)
    return made


def test_serial_ports_bluetooth_panels_and_simulators_are_found_in_this_order(
    radio: FakeRadio,
) -> None:
    found = discover(scan_s=2.5)
    assert [device.url for device in found.devices] == [
        "serial:COM3",
        "serial:COM1",
        "ble:F0:0D:00:00:00:01",
        *(f"sim:{name}" for name in PRESETS),
    ]
    assert radio.listened_s == [2.5]
    assert found.bluetooth_problem == ""


def test_a_port_without_a_description_is_called_a_serial_port(radio: FakeRadio) -> None:
    ports = discover(bluetooth=False).of_kind(DeviceKind.SERIAL)
    assert [port.description for port in ports] == ["FPXI panel", "serial port"]


def test_a_panel_that_is_asked_tells_who_it_is_and_how_full_its_battery_is(
    radio: FakeRadio,
) -> None:
    (panel,) = discover().of_kind(DeviceKind.BLUETOOTH)
    assert panel.description == "FPXI-64, tft64, SN-7, -48 dBm, battery 87 %"
    assert panel.radio is not None
    assert (panel.radio.panel, panel.radio.serial_number) == ("tft64", "SN-7")
    assert (panel.radio.firmware, panel.radio.battery_percent) == ("0.1.0", 87)
    assert (panel.radio.address, panel.radio.rssi_dBm) == ("F0:0D:00:00:00:01", -48)
    assert panel.radio.problem == ""


def test_nobody_is_asked_if_not_wanted(radio: FakeRadio) -> None:
    (panel,) = discover(ask=False).of_kind(DeviceKind.BLUETOOTH)
    assert radio.asked == []
    assert panel.description == "FPXI-64, -48 dBm"
    assert panel.radio is not None
    assert (panel.radio.panel, panel.radio.problem) == (None, "")


@pytest.mark.parametrize(
    "url", ["ble:FPXI-64", "ble:fpxi-64", "ble:F0:0D:00:00:00:01", "ble:FPXI-64?timeout=9"]
)
def test_a_panel_that_is_spared_is_listed_and_not_asked(radio: FakeRadio, url: str) -> None:
    radio.answers = {NEAR: DETAILS, FAR: DETAILS}
    assert len(discover(spare=url).of_kind(DeviceKind.BLUETOOTH)) == 2
    assert radio.asked == ["FPXI-32"]


def test_the_radio_is_left_alone_if_not_wanted(radio: FakeRadio) -> None:
    assert discover(bluetooth=False).of_kind(DeviceKind.BLUETOOTH) == []
    assert radio.listened_s == []


def test_a_panel_that_cannot_be_asked_is_listed_with_the_reason_and_the_next_is_asked(
    radio: FakeRadio,
) -> None:
    radio.answers = {FAR: LinkLostError("ble:X", "gone\x1b[2J\nquite"), NEAR: DETAILS}
    far, near = (
        device.radio for device in discover().of_kind(DeviceKind.BLUETOOTH) if device.radio
    )
    assert "gone [2J quite" in far.problem
    assert far.problem.isprintable()
    assert near.serial_number == "SN-7"


def test_what_a_panel_tells_is_made_fit_for_display(radio: FakeRadio) -> None:
    radio.answers = {NEAR: PanelDetails("tft\x1b[31m64", "S\nN" + 99 * "7", None, None)}
    (panel,) = discover().of_kind(DeviceKind.BLUETOOTH)
    assert panel.description.isprintable()
    assert panel.radio is not None
    assert panel.radio.panel == "tft[31m64"
    assert len(panel.radio.serial_number or "") == 32
    assert panel.radio.firmware is None


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BluetoothMissingError("no module"), str(BluetoothMissingError("no module"))),
        (BluetoothUnavailableError("it is off", "switch it on"), "it is off; switch it on"),
    ],
)
def test_a_computer_without_bluetooth_lists_the_rest_and_says_what_to_do(
    radio: FakeRadio, error: Exception, told: str
) -> None:
    radio.deaf = error
    found = discover()
    assert found.bluetooth_problem == told
    kinds = ["serial"] * 2 + ["simulated"] * len(PRESETS)
    assert [device.kind for device in found.devices] == kinds


def test_an_unforeseen_error_is_not_taken_for_a_computer_without_bluetooth(
    radio: FakeRadio,
) -> None:
    radio.deaf = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        discover()


def test_progress_tells_what_is_done(radio: FakeRadio) -> None:
    radio.answers = {NEAR: DETAILS, FAR: DETAILS}
    told: list[tuple[Step, str, int, int]] = []
    discover(progress=lambda *step: told.append(step))
    assert told == [
        (Step.LISTENING, "", 0, 0),
        (Step.ASKING, "FPXI-64", 0, 2),
        (Step.ASKING, "FPXI-32", 1, 2),
    ]


def test_a_flood_of_panels_is_listed_and_only_the_strongest_are_asked(radio: FakeRadio) -> None:
    heard = [FoundPanel(f"P{n}", f"F0:0D:00:00:00:{n:02X}", -40 - n) for n in range(MOST_ASKED + 5)]
    radio.answers = dict.fromkeys(heard, DETAILS)
    found = discover(spare=heard[0].url)
    assert len(found.of_kind(DeviceKind.BLUETOOTH)) == len(heard)
    assert radio.asked == [panel.name for panel in heard[1 : MOST_ASKED + 1]]

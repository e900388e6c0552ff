"""Connectors of links: whom the radio reaches, and the end of what takes long."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from fpxi.connectors import LinkConnector, connector_for
from fpxi.errors import ConnectTimeoutError
from fpxi.session import Session
from fpxi_readout.links import LinkClosedError, RadioFacts

FACTS = RadioFacts("FPXI-64", "F0:F1:F2:F3:F4:F5", -60, 87)


class SilentRadioLink:
    """A panel on the air that never answers."""

    description = "ble:FPXI-64"
    radio = FACTS

    def __init__(self) -> None:
        self.interrupted = threading.Event()
        self.waiting = threading.Event()
        self.closed = False
        self.opened: list[tuple[str, str | None]] = []
        """by which URLs and addresses"""

    def read(self, timeout_s: float) -> bytes:
        self.waiting.set()
        if self.interrupted.wait(timeout_s):
            raise LinkClosedError(self.description)
        return b""

    def write(self, data: bytes) -> None:
        if self.interrupted.is_set():
            raise LinkClosedError(self.description)

    def interrupt(self) -> None:
        self.interrupted.set()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> SilentRadioLink:
    link = SilentRadioLink()

    def open_link(
        url: str, *, stop: threading.Event | None = None, address: str | None = None
    ) -> Any:
        link.opened.append((url, address))
        return link

    monkeypatch.setattr("fpxi_readout.links.open_link", open_link)
    return link


@pytest.mark.parametrize("url", ["serial:/dev/ttyACM0", "socket://localhost:1", "ble:FPXI-64"])
def test_links_have_one_connector(url: str) -> None:
    connector = connector_for(url)
    assert isinstance(connector, LinkConnector)
    assert connector.radio is None


def test_an_interruption_ends_the_identification_of_a_silent_panel(link: SilentRadioLink) -> None:
    connector = connector_for("ble:FPXI-64")

    def interrupt() -> None:
        link.waiting.wait()
        assert connector.radio == FACTS
        connector.interrupt()

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(LinkClosedError):
        connector.connect()
    thread.join()
    connector.close()
    assert link.closed
    assert connector.radio is None


def test_an_interruption_before_the_link_was_there_holds(link: SilentRadioLink) -> None:
    connector = connector_for("ble:FPXI-64")
    connector.interrupt()
    with pytest.raises(LinkClosedError):
        connector.connect()
    connector.close()


def test_a_panel_found_by_its_name_is_found_again_by_its_address(
    link: SilentRadioLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another panel of that name is not to be paired with while this one is out of reach."""
    monkeypatch.setattr("fpxi_readout.panel.Panel.connect", lambda link: link)
    connector = connector_for("ble:FPXI-64?timeout_s=5")
    for _ in range(3):
        connector.connect()
    url = "ble:FPXI-64?timeout_s=5"
    assert link.opened == [(url, None), (url, FACTS.address), (url, FACTS.address)]


def test_a_panel_that_was_never_identified_is_still_looked_for_by_its_name(
    link: SilentRadioLink,
) -> None:
    connector = connector_for("ble:FPXI-64")
    link.interrupt()
    for _ in range(2):
        with pytest.raises(LinkClosedError):
            connector.connect()
    assert link.opened == [("ble:FPXI-64", None)] * 2


@pytest.mark.parametrize("url", ["sim:tft64", "file:run.h5"])
def test_what_waits_for_no_radio_takes_an_interruption_without_harm(url: str) -> None:
    connector = connector_for(url)
    connector.interrupt()
    assert connector.radio is None
    connector.close()


@pytest.mark.parametrize(
    ("url", "patience_s"),
    [
        ("serial:COM3", 10.0),
        ("sim:tft64", 10.0),
        ("file:run.h5", 10.0),
        ("ble:FPXI-64", 30.0),
        ("ble:FPXI-64?timeout_s=60", 70.0),
        ("ble:FPXI-64?timeout_s=soon", 10.0),
    ],
)
def test_a_first_connection_is_given_the_time_that_its_url_allows(
    url: str, patience_s: float
) -> None:
    assert connector_for(url).patience_s == patience_s


def test_a_session_waits_as_long_as_its_connector_may_take(
    link: SilentRadioLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LinkConnector, "patience_s", 0.05)
    with Session("ble:FPXI-64") as session:
        with pytest.raises(ConnectTimeoutError) as caught:
            session.wait_connected()
        assert caught.value.timeout_s == 0.05

"""Which panels are there: searched for off the GUI thread, listed for the user to choose from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from fpxi.discovery import SCAN_S, Device, DeviceKind, Discovery, Progress, Step, is_meant
from fpxi_readout.errors import FpxiError
from fpxi_readout.links.base import RadioFacts

from fpxi_gui.actions import Actions
from fpxi_gui.errors import SearchEndedError
from fpxi_gui.state import ListedPanel, PanelList

_NOBODY = "No{} Bluetooth panel was heard. Switch it on and bring it near."


class Search(Protocol):
    """Looks for panels; `fpxi.discovery.discover` does."""

    def __call__(
        self, *, bluetooth: bool, scan_s: float, spare: str, progress: Progress
    ) -> Discovery:
        """Return what was found."""
        ...


class SearchControl:
    """Searches when asked, and knows what was found last.

    Bluetooth is searched only when the user asks: it takes air time from a radio link that runs,
    and on some systems a question to the user.
    """

    def __init__(
        self, url: str, actions: Actions, clock: Callable[[], float], search: Search
    ) -> None:
        self._url = url
        """the panel that this viewer has, or tries to reach: it is not asked by the search"""
        self._actions = actions
        self._clock = clock
        self._search = search
        self._found: tuple[Device, ...] = ()
        self._notice = ""
        self._searching = False
        self._searched = False
        """whether a search was ever begun"""
        self._began_s = 0.0
        self._closed = False
        self._step: tuple[Step, str, int, int] = (Step.LISTENING, "", 0, 0)
        """replaced as a whole by the searching thread"""

    def look_around(self) -> None:
        """List what is there without any search through the air."""
        self._run(bluetooth=False)

    def begin(self) -> None:
        """Search for Bluetooth panels too; nothing happens while a search runs."""
        if not self._searching:
            self._searching = self._searched = True
            self._began_s = self._clock()
            self._notice = ""
            self._step = (Step.LISTENING, "", 0, 0)
            self._run(bluetooth=True)

    def close(self) -> None:
        """Have a search that runs end before it asks the next panel."""
        self._closed = True

    def panels(self, radio: RadioFacts | None, *, given_up: bool) -> PanelList:
        """Resolve the list; `radio` is how the panel of this viewer is reached.

        A panel whose session has `given_up` can be opened anew.
        """
        own = self._own(radio)
        listed = [_listed(device, current=device.url == own) for device in self._found]
        if not any(entry.current for entry in listed):
            listed.insert(0, _current(self._url, radio))
        if given_up:
            listed = [replace(entry, can_open=True) for entry in listed]
        progress, fraction = self._progress() if self._searching else ("", 0.0)
        return PanelList(tuple(listed), self._searching, progress, fraction, self._notice)

    def _own(self, radio: RadioFacts | None) -> str:
        """Return the URL by which the search knows the panel of this viewer."""
        if radio is not None:
            return f"ble:{radio.address}"
        named = [
            device.url
            for device in self._found
            if device.radio and is_meant(self._url, device.radio.name, device.radio.address)
        ]
        return named[0] if len(named) == 1 else self._url

    def _run(self, *, bluetooth: bool) -> None:
        self._actions.run(
            lambda: self._search(
                bluetooth=bluetooth, scan_s=SCAN_S, spare=self._url, progress=self._tell
            ),
            done=lambda found: self._done(found, bluetooth=bluetooth),
            failed=lambda error: self._failed(error, bluetooth=bluetooth),
        )

    def _tell(self, step: Step, name: str, done: int, total: int) -> None:
        """Note what is being done, or end it; called in the searching thread."""
        if self._closed:
            raise SearchEndedError
        self._step = (step, name, done, total)

    def _done(self, found: Discovery, *, bluetooth: bool) -> None:
        if self._searched and not bluetooth:
            return  # what the search finds has the same, and more
        self._found = found.devices
        if bluetooth:
            self._searching = False
            heard = found.of_kind(DeviceKind.BLUETOOTH)
            other = " other" if self._url.startswith("ble:") else ""
            self._notice = found.bluetooth_problem or ("" if heard else _NOBODY.format(other))

    def _failed(self, error: FpxiError, *, bluetooth: bool) -> None:
        self._searching = self._searching and not bluetooth
        self._notice = str(error)

    def _progress(self) -> tuple[str, float]:
        step, name, done, total = self._step
        if step is Step.ASKING:
            return f"Asking {name} who it is", done / total
        return "Listening for Bluetooth panels", min((self._clock() - self._began_s) / SCAN_S, 1.0)


def _current(url: str, radio: RadioFacts | None) -> ListedPanel:
    if radio is None:
        return ListedPanel(url, url, "", "", current=True, can_open=False)
    facts = radio_text(radio.rssi_dBm, radio.battery_percent)
    return ListedPanel(url, radio.name, facts, radio.address, current=True, can_open=False)


def _listed(device: Device, *, current: bool) -> ListedPanel:
    title, facts, detail = device.url, "", device.description
    radio = device.radio
    if radio is not None:
        title = " ".join(part for part in (radio.name, radio.panel) if part)
        facts = radio_text(radio.rssi_dBm, radio.battery_percent)
        detail = "\n".join(part for part in (detail, device.url, radio.problem) if part)
    return ListedPanel(device.url, title, facts, detail, current=current, can_open=not current)


def radio_text(rssi_dBm: int | None, battery_percent: int | None) -> str:
    """Return signal strength and battery, as far as they are known."""
    signal = "" if rssi_dBm is None else f"{rssi_dBm} dBm"
    battery = "" if battery_percent is None else f"{battery_percent} %"
    return "   ".join(part for part in (signal, battery) if part)

"""The client of one panel: settings, acquisition, frames, events."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from fpxi_readout.acquisition import Acquisition
from fpxi_readout.connection import Connection
from fpxi_readout.dictionary_cache import DictionaryCache
from fpxi_readout.explanation import DeviceEvent, explain_event
from fpxi_readout.identity import fetch_dictionary, identify, identify_started
from fpxi_readout.inbox import Inbox
from fpxi_readout.links.base import Link
from fpxi_readout.protocol.generated import (
    Ack,
    BoardTest,
    Bootloader,
    FaultRecord,
    LastFault,
    Reset,
    SelfTest,
    Stop,
    TestResult,
)
from fpxi_readout.protocol.version import require_same_major
from fpxi_readout.statistics import LinkStatistics, collect

BOOT_WAIT_S = 1.0


class Panel(Acquisition):
    """A connected panel. It has no thread of its own: one thread owns it and calls `poll`.

    Every method that talks to the device may raise LinkLostError, CommandTimeoutError,
    CommandRefusedError or, from a device that breaks the protocol, ProtocolError.
    """

    @classmethod
    def connect(
        cls,
        link: Link,
        *,
        cache: DictionaryCache | None = None,
        timeout_s: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> Self:
        """Identify the device at the other end and read its dictionary.

        Nothing on the device is changed: one that an earlier program left acquiring goes on
        until `start` or `stop`. When this fails the link stays open and the caller's.

        Raises
        ------
        CommandTimeoutError
            Nothing answered within `timeout_s`.
        NotAPanelError
            What answered is no fpxi device.
        ProtocolVersionError
            The device speaks another major version; `maintenance` can still identify and reset it.
        DictionaryError
            The device's description of itself cannot be used.

        """
        connection = Connection(link, clock)
        inbox = Inbox()
        connection.on_packet = inbox.packet
        connection.end_stale_packet()
        identity = identify(connection, timeout_s)
        require_same_major(identity.protocol_version)
        dictionary = fetch_dictionary(connection, identity, cache or DictionaryCache())
        panel = cls(connection, inbox, identity, dictionary)
        panel._learn_heartbeat()
        return panel

    # --- Restart and diagnosis ------------------------------------------------------------------

    def reset(self) -> None:
        """Restart the firmware and identify the device anew. A run that is on ends."""
        self._abandon_run(0)
        self._inbox.forget()
        self._requests.request(Reset(), Ack)
        self._await_boot(BOOT_WAIT_S)

    def enter_bootloader(self) -> None:
        """Restart into the boot loader, bias off. From then on the link speaks its protocol.

        Raises CommandRefusedError (not_supported) where the board has none.
        """
        self._requests.request(Bootloader(), Ack)
        self._abandon_run(0)

    def self_test(self, test: BoardTest) -> TestResult:
        """Have the device test a part of itself, while it is stopped; a second, at most.

        The assertion and watchdog tests restart it: use `provoke`.
        """
        return self._requests.request(SelfTest(test=test), TestResult, first_wait_s=1.5)

    def provoke(self, test: BoardTest, timeout_s: float) -> bool:
        """Have the device restart through its assertion or watchdog test; identify it anew.

        Returns whether it said that it has started; on a bad line that may get lost.

        A run that is on ends. The command is sent once: a repetition would restart it again.

        Raises
        ------
        UnsupportedByDeviceError
            The device's older firmware has no self-tests.
        CommandTimeoutError
            The device is silent for longer than `timeout_s`.

        """
        command = SelfTest(test=test)
        self._requests.require(command)
        self._abandon_run(self._requests.request(Stop(), Ack).value)
        self._inbox.forget()
        self._connection.send(command)
        self._await_boot(timeout_s)
        return self._inbox.has_booted()

    def last_fault(self) -> FaultRecord:
        """Return what was latched before the last reset, and where in the firmware."""
        return self._requests.request(LastFault(), FaultRecord)

    # --- Observation ----------------------------------------------------------------------------

    def take_events(self) -> list[DeviceEvent]:
        """Return the events that came since the last call."""
        return [explain_event(event, self.dictionary) for event in self._inbox.take_events()]

    @property
    def statistics(self) -> LinkStatistics:
        """What became of everything that the device sent since `connect`."""
        resend_requests = self._run.resend_requests if self._run is not None else 0
        return collect(
            self._counters,
            self._connection,
            self._inbox,
            resend_requests=self._earlier_resends + resend_requests,
        )

    def close(self) -> None:
        """Close the link. A device that is left acquiring goes on until the next `start`."""
        self._connection.link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # --- Within ---------------------------------------------------------------------------------

    def _await_boot(self, limit_s: float) -> None:
        self.identity = identify_started(self._connection, self._inbox.has_booted, limit_s)
        self._learn_heartbeat()

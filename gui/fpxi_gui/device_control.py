"""The user's commands to the device: asked for at once, carried out in the link thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from fpxi.connection import ConnectionState
from fpxi.source import FrameSource
from fpxi_readout.errors import FpxiError
from fpxi_readout.protocol.generated import State

from fpxi_gui.actions import Actions
from fpxi_gui.contracts import ViewerSession
from fpxi_gui.messages import Messages
from fpxi_gui.refresh import STATE, Reading, Refresh, read
from fpxi_gui.snapshot import Snapshot
from fpxi_gui.state import Parameters, ParameterValue

T = TypeVar("T")

_NOT_ACQUIRING = (State.IDLE, State.FAULT)


class DeviceControl:
    """Starts, stops and sets; knows what is on its way and what was refused."""

    def __init__(
        self,
        session: ViewerSession,
        actions: Actions,
        messages: Messages,
        clock: Callable[[], float],
    ) -> None:
        self._session = session
        self._actions = actions
        self._messages = messages
        self._clock = clock
        self._pending: dict[str, int] = {}
        self._refusals: dict[str, str] = {}
        self._commands = 0
        self._commands_done = 0
        self._refresh = Refresh(clock)
        self._was_connected = False
        self.acquiring = False
        self.ended = False
        """Whether the acquisition that was begun last has ended by itself."""
        self.acquiring_since: float | None = None
        self.reliable = False

    @property
    def connected(self) -> bool:
        """Whether a command has a chance."""
        return self._session.connection.state is ConnectionState.CONNECTED

    @property
    def busy(self) -> bool:
        """Whether a start, stop, trigger, save or reset is on its way."""
        return self._commands > self._commands_done

    def start(self, frames: int = 0) -> None:
        """Begin acquiring; 0: until stopped."""
        reliable = self.reliable
        self.ended = False
        self._command(
            lambda source: source.start(frames, reliable=reliable),
            lambda _first: self._set_acquiring(True),
        )

    def stop(self) -> None:
        """End acquiring."""
        self._command(lambda source: source.stop(), lambda _: self._set_acquiring(False))

    def trigger(self) -> None:
        """Begin a burst of exposures."""
        self._command(
            lambda source: source.software_trigger(),
            lambda number: self._messages.say(f"Triggered frame {number}."),
        )

    def save(self) -> None:
        """Keep the saved parameters in the device."""
        self._command(
            lambda source: source.save(),
            lambda _: self._messages.say("Parameters saved in the device."),
        )

    def reset(self) -> None:
        """Restart the device."""
        self._command(lambda source: source.reset(), self._after_reset)

    def set_parameter(self, name: str, value: int) -> None:
        """Set a parameter; a refusal is kept with the parameter."""
        self._pending[name] = self._pending.get(name, 0) + 1
        self._refusals.pop(name, None)

        def refused(error: FpxiError) -> None:
            self._settled(name)
            self._refusals[name] = str(error)

        self._submit(lambda source: source.set(name, value), lambda _: self._settled(name), refused)

    def parameters(self, seen: Snapshot) -> Parameters:
        """Resolve every parameter as it stood at a snapshot."""
        names = seen.dictionary.parameters if seen.dictionary else {}
        values = {
            name: ParameterValue(
                seen.parameters.get(name), name in self._pending, self._refusals.get(name, "")
            )
            for name in names
        }
        return Parameters(
            seen.dictionary, values, seen.connected, self.acquiring, settable=not seen.replay
        )

    def tick(self) -> None:
        """Read again, now and then, what the device changes; it may also stop by itself."""
        self._note_connection()
        dictionary = self._session.dictionary
        names = self._refresh.due(dictionary) if dictionary and self.connected else ()
        if not names:
            return
        self._refresh.begun()
        asked_after = self._commands
        self._submit(
            lambda source: read(source, names, self._clock),
            lambda reading: self._refreshed(reading, asked_after),
            self._refresh_failed,
        )

    def _note_connection(self) -> None:
        connected = self.connected
        if connected and not self._was_connected:
            self.acquiring_since = self._clock()
            self._refresh.connected()
        self._was_connected = connected

    def _refreshed(self, reading: Reading, asked_after: int) -> None:
        """Believe the device's state, unless a command was given since it was asked for."""
        self._refresh.succeeded(reading)
        state = reading.values.get(STATE)
        if state is not None and asked_after == self._commands and not self.busy:
            self.ended = state in _NOT_ACQUIRING and (self.acquiring or self.ended)
            self._set_acquiring(state not in _NOT_ACQUIRING)

    def _refresh_failed(self, error: FpxiError) -> None:
        self._refresh.failed()
        if self.connected:
            self._messages.fail(error)

    def _set_acquiring(self, acquiring: bool) -> None:
        if acquiring and not self.acquiring:
            self.acquiring_since = self._clock()
        self.acquiring = acquiring

    def _after_reset(self, _: None) -> None:
        self._set_acquiring(False)
        self._refusals.clear()
        self._messages.say("Device restarted.")

    def _settled(self, name: str) -> None:
        self._pending[name] -= 1
        if not self._pending[name]:
            del self._pending[name]

    def _command(self, action: Callable[[FrameSource], T], done: Callable[[T], None]) -> None:
        self._commands += 1

        def ended(result: T) -> None:
            self._commands_done += 1
            done(result)

        def failed(error: FpxiError) -> None:
            self._commands_done += 1
            self._messages.fail(error)

        self._submit(action, ended, failed)

    def _submit(
        self,
        action: Callable[[FrameSource], T],
        done: Callable[[T], None],
        failed: Callable[[FpxiError], None],
    ) -> None:
        try:
            future = self._session.submit(action)
        except FpxiError as error:
            failed(error)
        else:
            self._actions.follow(future, done=done, failed=failed)

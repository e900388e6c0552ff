"""The connection to the bus: calls come in, answers and signals go out, clients come and go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from dbus_fast import Message, MessageFlag, MessageType, RequestNameReply
from dbus_fast.aio import MessageBus

from fpxi_hwsim.bluetooth.bluez.background import Background
from fpxi_hwsim.bluetooth.bluez.errors import AnsweredError
from fpxi_hwsim.bluetooth.bluez.names import BLUEZ, DBUS, PEER
from fpxi_hwsim.bluetooth.bluez.objects import Handler, ObjectTree
from fpxi_hwsim.bluetooth.bluez.standard import StandardInterfaces
from fpxi_hwsim.errors import SimulationError

# A client's unique name losing its owner: the client has left the bus.
CLIENT_GONE_RULE = (
    "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
    "member='NameOwnerChanged',arg2=''"
)


class BusNameTakenError(SimulationError):
    """Another org.bluez serves this bus."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(f"the bus {address} has an org.bluez already; use a bus of its own")


class BusLostError(SimulationError):
    """The bus ended while it was served."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(
            f"the bus {address} has ended: its dbus-daemon was stopped; serve the panel again"
        )


class BusServer:
    """Serves the objects of a tree under the name org.bluez.

    Parameters
    ----------
    background
        Where calls are answered.
    on_lost
        Told when the bus ends before `close`.

    Attributes
    ----------
    tree
        The objects.
    on_client_gone
        Called with the unique name of each client that left the bus.

    """

    def __init__(
        self,
        background: Background,
        on_lost: Callable[[BusLostError], None] | None = None,
    ) -> None:
        self._on_lost = on_lost
        self.tree = ObjectTree(self._send)
        self.on_client_gone: list[Callable[[str], None]] = []
        self._standard = StandardInterfaces(self.tree)
        self._background = background
        self._bus: MessageBus | None = None
        self._watching: asyncio.Task[None] | None = None

    async def open(self, address: str) -> None:
        """Connect to the bus at `address` and take the name.

        Raises
        ------
        BusNameTakenError
            Somebody has it.

        """
        bus = MessageBus(bus_address=address, negotiate_unix_fd=True)
        self._bus = bus
        await bus.connect()
        self._watching = asyncio.get_running_loop().create_task(self._watch(bus, address))
        bus.add_message_handler(self._on_message)
        await bus.call(
            Message(
                destination=DBUS,
                path="/org/freedesktop/DBus",
                interface=DBUS,
                member="AddMatch",
                signature="s",
                body=[CLIENT_GONE_RULE],
            )
        )
        if await bus.request_name(BLUEZ) != RequestNameReply.PRIMARY_OWNER:
            await self.close()
            raise BusNameTakenError(address)

    async def close(self) -> None:
        """Leave the bus."""
        bus, self._bus = self._bus, None
        if bus is not None and bus.connected:
            bus.disconnect()
        if self._watching is not None:
            await self._watching

    async def _watch(self, bus: MessageBus, address: str) -> None:
        with contextlib.suppress(OSError, EOFError):  # how the bus ended
            await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
        if self._bus is bus and self._on_lost is not None:
            self._on_lost(BusLostError(address))

    def _send(self, message: Message) -> None:
        """Signals go out in the order in which they are made; none before the bus is there."""
        if self._bus is not None and self._bus.connected:
            self._bus.send(message)

    def _on_message(self, message: Message) -> bool | None:
        if message.message_type is MessageType.SIGNAL:
            if message.member == "NameOwnerChanged" and message.body[0].startswith(":"):
                for told in self.on_client_gone:
                    told(message.body[0])
            return None
        if message.message_type is not MessageType.METHOD_CALL or message.interface == PEER:
            return None
        try:
            handler = self._standard.find(message)
        except AnsweredError as error:
            self._answer(message, Message.new_error(message, error.name, error.text))
            return True
        self._background.start(self._serve(message, handler))
        return True

    async def _serve(self, message: Message, handler: Handler) -> None:
        try:
            reply = await handler(message)
        except AnsweredError as error:
            self._answer(message, Message.new_error(message, error.name, error.text))
            return
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
            self._answer(message, Message.new_error(message, f"{DBUS}.Error.Failed", failure))
            raise
        self._answer(
            message,
            Message.new_method_return(message, reply.signature, reply.body, reply.unix_fds),
        )
        if reply.sent is not None:
            reply.sent()

    def _answer(self, message: Message, answer: Message) -> None:
        if not message.flags & MessageFlag.NO_REPLY_EXPECTED:
            self._send(answer)

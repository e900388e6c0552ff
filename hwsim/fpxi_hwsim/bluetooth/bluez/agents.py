"""org.bluez.AgentManager1: agents may register; Just Works asks none of them."""

from __future__ import annotations

from dbus_fast import Message

from fpxi_hwsim.bluetooth.bluez import errors
from fpxi_hwsim.bluetooth.bluez.names import AGENT_MANAGER, BLUEZ_PATH
from fpxi_hwsim.bluetooth.bluez.objects import Interface, Method, Reply

_CAPABILITIES = (
    "",
    "DisplayOnly",
    "DisplayYesNo",
    "KeyboardOnly",
    "NoInputNoOutput",
    "KeyboardDisplay",
)


class AgentManager(Interface):
    """Keeps the agents' list, one agent for each client."""

    def __init__(self) -> None:
        super().__init__(BLUEZ_PATH, AGENT_MANAGER)
        self._agents: dict[str, str] = {}
        self.methods = {
            "RegisterAgent": Method(self._register, "os"),
            "UnregisterAgent": Method(self._unregister, "o"),
            "RequestDefaultAgent": Method(self._request_default, "o"),
        }

    def client_gone(self, client: str) -> None:
        """Drop the agent of a client that left the bus."""
        self._agents.pop(client, None)

    async def _register(self, message: Message) -> Reply:
        path, capability = message.body
        if message.sender in self._agents:
            raise errors.already_exists()
        if capability not in _CAPABILITIES:
            raise errors.invalid_arguments()
        self._agents[message.sender or ""] = path
        return Reply()

    async def _unregister(self, message: Message) -> Reply:
        self._check(message)
        del self._agents[message.sender or ""]
        return Reply()

    async def _request_default(self, message: Message) -> Reply:
        self._check(message)
        return Reply()

    def _check(self, message: Message) -> None:
        if self._agents.get(message.sender or "") != message.body[0]:
            raise errors.does_not_exist()

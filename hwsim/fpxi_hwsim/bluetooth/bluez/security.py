"""Encryption and pairing of a link: LE Secure Connections, Just Works, bonding."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bumble.core import ProtocolError
from bumble.device import Connection
from bumble.hci import HCI_Error
from bumble.pairing import PairingConfig, PairingDelegate

from fpxi_hwsim.errors import SimulationError

PAIRING_TIMEOUT_S = 30.0  # Core Specification, Vol 3, Part H, 3.4


class LinkLostError(SimulationError):
    """The link ended while something was waiting for it."""

    def __init__(self) -> None:
        super().__init__("the link to the peripheral ended; connect again")


class NotPairedError(SimulationError):
    """We and the peripheral hold no common key: it refused to pair, or lost the bond's key.

    Attributes
    ----------
    bonded
        Whether we held a key.

    """

    def __init__(self, reason: str, *, bonded: bool) -> None:
        self.bonded = bonded
        problem = "does not know the key of the bond" if bonded else "did not pair"
        super().__init__(f"the peripheral {problem} ({reason}); remove the device and pair anew")


def just_works(_connection: Connection) -> PairingConfig:
    """How a host without an agent pairs: Secure Connections, no man-in-the-middle protection."""
    delegate = PairingDelegate(PairingDelegate.IoCapability.NO_OUTPUT_NO_INPUT)
    return PairingConfig(sc=True, mitm=False, bonding=True, delegate=delegate)


class Security:
    """The security of one link.

    Parameters
    ----------
    connection
        Bumble's side of the link; its device has a key store.
    on_bonded
        Called when a pairing has left a key in the store.

    Attributes
    ----------
    refused
        The error after which nothing could encrypt this link.

    """

    def __init__(self, connection: Connection, on_bonded: Callable[[], None]) -> None:
        self.refused: NotPairedError | None = None
        self._connection = connection
        self._on_bonded = on_bonded
        self._one_at_a_time = asyncio.Lock()

    async def is_bonded(self) -> bool:
        """Whether the key store holds a key for this peer."""
        store = self._connection.device.keystore
        assert store is not None
        return await store.get(str(self._connection.peer_address)) is not None

    async def raise_level(self) -> None:
        """Encrypt the link unless it is, with the bond's key or by pairing.

        Raises
        ------
        NotPairedError
            It stays as it is; `refused` says so too.

        """
        async with self._one_at_a_time:
            if self._connection.is_encrypted:
                return
            if await self.is_bonded():
                await self._encrypt()
            else:
                await self._pair()

    async def pair(self) -> None:
        """Pair, unless that has been done meanwhile.

        Raises
        ------
        NotPairedError
            The peripheral refused.

        """
        async with self._one_at_a_time:
            if not await self.is_bonded():
                await self._pair()

    async def _encrypt(self) -> None:
        try:
            await self._connection.encrypt()
        except HCI_Error as error:
            self.refused = NotPairedError(error.error_name, bonded=True)
            raise self.refused from error

    async def _pair(self) -> None:
        try:
            async with asyncio.timeout(PAIRING_TIMEOUT_S):
                await self._connection.pair()
        except TimeoutError:
            self.refused = NotPairedError("it did not answer", bonded=False)
            raise self.refused from None
        except ProtocolError as error:
            self.refused = NotPairedError(error.error_name, bonded=False)
            raise self.refused from error
        self._on_bonded()

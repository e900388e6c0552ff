"""Who may use the UART: the one host that has paired with LE Secure Connections.

The first host that pairs is the panel's host. From then on pairing is refused to everybody, the
host's own address included, until the bond is forgotten at the panel. A connection is secured
when it is encrypted with the key of the bond; encryption with any other key, such as that of a
pairing that was not completed, opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bumble import smp
from bumble.device import Connection, Device
from bumble.keys import KeyStore, PairingKeys
from bumble.pairing import PairingConfig, PairingDelegate

from fpxi_hwsim.bluetooth.bond import KEY_BYTES, Bond, BondStore
from fpxi_hwsim.bluetooth.errors import KeysFileError

NO_RANDOM: Final = bytes(8)
"""random number and diversifier of a key of Secure Connections are zero (Core, Vol 3 H, 2.4.4)"""


class Access:
    """Pairing, the bond, and which connections are secured. Used on the radio's loop alone.

    Parameters
    ----------
    device
        The panel's Bluetooth device, whose pairing this takes over.
    store
        Keeps the bond.
    on_failure
        Told when a new bond cannot be kept: the panel then stays unbound.

    """

    def __init__(
        self, device: Device, store: BondStore, on_failure: Callable[[KeysFileError], None]
    ) -> None:
        self._store = store
        self._device = device
        self._keys: dict[int, bytes] = {}
        """of each connection, the key that its encryption was last given"""
        self.pairings = 0
        self.pairings_refused = 0
        self._on_failure = on_failure
        device.keystore = _Keys(self)
        device.host.long_term_key_provider = self._long_term_key
        device.smp_manager.pairing_config_factory = lambda _: PairingConfig(
            sc=True, mitm=False, bonding=True, delegate=_Delegate(self)
        )
        device.smp_manager.session_proxy = _Session

    @property
    def bond(self) -> Bond | None:
        """The panel's host; None before the first pairing."""
        return self._store.bond

    def bind(self, bond: Bond) -> None:
        """Make a host the panel's, if it has none."""
        if self._store.bond is not None:
            return
        try:
            self._store.bind(bond)
        except KeysFileError as error:
            self._on_failure(error)
        else:
            self.pairings += 1

    def forget(self) -> None:
        """Remove the bond, as the module's button does; KeysFileError when it stays in the file."""
        self._store.forget()

    def closed(self, connection: Connection) -> None:
        """Forget a connection: a later one may have its handle."""
        self._keys.pop(connection.handle, None)

    def secured(self, connection: Connection) -> bool:
        """Whether a connection is encrypted with the key of the bond."""
        bond = self._store.bond
        key = self._keys.get(connection.handle)
        return bond is not None and connection.is_encrypted and key == bond.key

    async def _long_term_key(self, handle: int, random: bytes, diversifier: int) -> bytes | None:
        """Return the key that encrypts a connection: the bond's, or that of a pairing under way."""
        if random != NO_RANDOM or diversifier:
            return None  # of a legacy pairing
        key = self._store.bond.key if self._store.bond is not None else self._session_key(handle)
        if key is not None:
            self._keys[handle] = key
        return key

    def _session_key(self, handle: int) -> bytes | None:
        session = self._device.smp_manager.sessions.get(handle)
        return session.key if isinstance(session, _Session) else None


class _Keys(KeyStore):
    """Takes the key of a completed pairing."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def update(self, name: str, keys: PairingKeys) -> None:
        if keys.ltk is not None:
            self._access.bind(Bond(name, keys.ltk.value))


class _Delegate(PairingDelegate):
    """A module without display and keys, which accepts one host."""

    def __init__(self, access: Access) -> None:
        super().__init__(
            PairingDelegate.NO_OUTPUT_NO_INPUT,
            # The panel's address is fixed: it has no identity to give away.
            local_responder_key_distribution=self.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY,
        )
        self.access = access

    async def accept(self) -> bool:
        return self.access.bond is None


class _Session(smp.Session):
    """One pairing, which has to be one of LE Secure Connections with a full key and a bond.

    A failed session ends at once, so that a host may begin anew, and so that nothing that was
    agreed in it outlives it.
    """

    def __init__(
        self,
        manager: smp.Manager,
        connection: Connection,
        pairing_config: PairingConfig,
        is_initiator: bool,
    ) -> None:
        super().__init__(manager, connection, pairing_config, is_initiator)
        self._began = False
        self._agreed: bytes | None = None

    @property
    def key(self) -> bytes | None:
        """The long-term key, once the two sides have proved to each other that they share it."""
        return self._agreed

    def on_smp_command(self, command: smp.SMP_Command) -> None:
        if isinstance(command, smp.SMP_Pairing_Request_Command):
            refusal = smp.ErrorCode.UNSPECIFIED_REASON if self._began else _refusal(command)
            self._began = True
        elif self._began or isinstance(command, smp.SMP_Pairing_Failed_Command):
            refusal = None
        else:
            refusal = smp.ErrorCode.UNSPECIFIED_REASON
        if refusal is not None:
            self.send_pairing_failed(refusal)
            return
        super().on_smp_command(command)

    def send_pairing_dhkey_check_command(self) -> None:
        self._agreed = self.ltk
        super().send_pairing_dhkey_check_command()

    def on_pairing_failure(self, reason: smp.ErrorCode) -> None:
        delegate = self.pairing_config.delegate
        if isinstance(delegate, _Delegate) and not self.completed:
            delegate.access.pairings_refused += 1
        super().on_pairing_failure(reason)
        self._agreed = None
        if self.manager.sessions.get(self.connection.handle) is self:
            self.on_disconnection(0)


def _refusal(request: smp.SMP_Pairing_Request_Command) -> smp.ErrorCode | None:
    """Why a pairing request is refused whoever sent it; None: it is not."""
    wanted = smp.AuthReq.SC | smp.AuthReq.BONDING
    if request.auth_req & wanted != wanted:
        return smp.ErrorCode.AUTHENTICATION_REQUIREMENTS
    if request.maximum_encryption_key_size < KEY_BYTES:
        return smp.ErrorCode.ENCRYPTION_KEY_SIZE
    return None

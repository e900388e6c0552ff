"""One look at the session: whatever the link thread does meanwhile, a tick sees one device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fpxi.connection import ConnectionState, ConnectionStatus
from fpxi.statistics import SessionStatistics

from fpxi_gui.contracts import ViewerSession

if TYPE_CHECKING:
    from fpxi_readout.explanation import DeviceEvent
    from fpxi_readout.identity import DeviceIdentity
    from fpxi_readout.protocol.dictionary import Dictionary
    from fpxi_readout.protocol.geometry import PanelGeometry

_REPLAY = "file:"


@dataclass(frozen=True)
class Snapshot:
    """What the session knew when it was looked at."""

    url: str
    connection: ConnectionStatus
    identity: DeviceIdentity | None
    dictionary: Dictionary | None
    geometry: PanelGeometry | None
    parameters: Mapping[str, int]
    statistics: SessionStatistics
    events: Sequence[DeviceEvent]

    @property
    def connected(self) -> bool:
        """Whether the device answers."""
        return self.connection.state is ConnectionState.CONNECTED

    @property
    def given_up(self) -> bool:
        """Whether the session does not try to connect any more."""
        return self.connection.state in (ConnectionState.FAILED, ConnectionState.CLOSED)

    @property
    def replay(self) -> bool:
        """Whether a recording is played back, of which nothing can be set."""
        return self.url.startswith(_REPLAY)


def take_snapshot(session: ViewerSession) -> Snapshot:
    """Look at the session once; never waits."""
    connection = session.connection  # first: whoever is connected then is known already
    return Snapshot(
        url=session.url,
        connection=connection,
        identity=session.identity,
        dictionary=session.dictionary,
        geometry=session.geometry,
        parameters=session.parameters,
        statistics=session.statistics(),
        events=session.events(),
    )

"""The figures of the status bar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fpxi.connection import ConnectionState
from fpxi.preview import PreviewImage
from fpxi_readout.protocol.generated import Severity

from fpxi_gui.snapshot import Snapshot
from fpxi_gui.state import Level, Status

if TYPE_CHECKING:
    from fpxi_readout.explanation import DeviceEvent

_LINK_LEVELS = {
    ConnectionState.CONNECTING: Level.BUSY,
    ConnectionState.CONNECTED: Level.GOOD,
    ConnectionState.RECONNECTING: Level.ERROR,
    ConnectionState.CLOSED: Level.ERROR,
    ConnectionState.FAILED: Level.ERROR,
}
_EVENT_LEVELS: dict[int, Level] = {
    Severity.INFO: Level.GOOD,
    Severity.WARNING: Level.WARNING,
    Severity.ERROR: Level.ERROR,
    Severity.FAULT: Level.ERROR,
}


def make_status(
    seen: Snapshot,
    preview: PreviewImage | None,
) -> Status:
    """Resolve the figures as they stood at a snapshot."""
    statistics, link = seen.statistics, seen.statistics.link
    state = seen.connection.state
    radio = statistics.radio
    event, level = _last_event(seen.events)
    return Status(
        link=state.value,
        link_level=_LINK_LEVELS[state],
        frame_rate_hz=statistics.frame_rate_hz,
        frames_received=link.frames_received,
        frames_lost=link.frames_lost,
        rows_lost=link.rows_lost,
        damaged_packets=link.crc_errors + link.resyncs + link.malformed,
        frames_skipped=link.frames_skipped,
        preview_skipped=statistics.preview_skipped,
        preview_missed=statistics.preview_missed,
        preview_reached=statistics.preview_reached,
        averaged_frames=preview.averaged_frames if preview else 0,
        frames_to_average=preview.frames_to_average if preview else 1,
        temperature_mC=preview.frame.temperature_mC if preview else None,
        link_rate_Bps=None if seen.replay else statistics.link_rate_Bps,
        limit=None if seen.replay else statistics.limit,
        rssi_dBm=radio.rssi_dBm if radio else None,
        battery_percent=radio.battery_percent if radio else None,
        last_event=event,
        event_level=level,
    )


def _last_event(events: Sequence[DeviceEvent]) -> tuple[str, Level]:
    if not events:
        return "", Level.GOOD
    newest = events[-1]
    level = _EVENT_LEVELS.get(newest.severity, Level.WARNING)
    return newest.text, level

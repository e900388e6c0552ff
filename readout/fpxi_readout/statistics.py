"""What became of everything that the device sent."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from fpxi_readout.connection import Connection
from fpxi_readout.inbox import Inbox
from fpxi_readout.protocol.counters import FrameCounters


@dataclass(frozen=True, slots=True)
class LinkStatistics:
    """Counts since the panel was connected."""

    frames_received: int
    """frames delivered, whole or not"""
    frames_lost: int
    """frames of which nothing usable arrived, though the device sent them"""
    frames_skipped: int
    """frames that the device gave up unsent, because the link was too slow (live delivery)"""
    frames_abandoned: int
    """frames not yet delivered when the next run was started"""
    frames_incomplete: int
    """frames delivered with rows missing"""
    rows_lost: int
    """rows missing in delivered frames, and all rows of lost frames"""
    crc_errors: int
    """packets with a wrong CRC, dropped"""
    resyncs: int
    """stretches of bytes that were no packet, dropped"""
    malformed: int
    """packets whose content contradicts the protocol, dropped"""
    packets_lost: int
    """gaps in the device's packet counter; damaged packets are among them"""
    duplicates: int
    """frame packets that had arrived before"""
    bytes_received: int
    bytes_sent: int
    retries: int
    """commands sent again because no answer came"""
    resend_requests: int
    """frame packets asked for again"""
    chunks_recovered: int
    """frame packets that came after they were asked for again"""
    events_dropped: int
    """events that nobody took before the list was full"""


def collect(
    frames: FrameCounters, connection: Connection, inbox: Inbox, *, resend_requests: int
) -> LinkStatistics:
    """Bring together what the parts of a panel's client have counted."""
    counts = asdict(frames) | asdict(connection.decoder.counters)
    counts["malformed"] += inbox.malformed
    return LinkStatistics(
        **counts,
        packets_lost=inbox.sequence.lost,
        events_dropped=inbox.events_dropped,
        bytes_sent=connection.bytes_sent,
        retries=connection.retries,
        resend_requests=resend_requests,
    )

"""What became of everything that the device sent."""

from __future__ import annotations

from dataclasses import dataclass


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

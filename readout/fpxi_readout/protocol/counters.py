"""What the codec counts, so that nothing is lost without a number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class FramingCounters:
    """Counts of the packet decoder."""

    bytes_received: int = 0
    crc_errors: int = 0
    """packets with a wrong CRC, dropped"""
    resyncs: int = 0
    """stretches of bytes between two terminators that were no packet, dropped"""


@dataclass(slots=True)
class FrameCounters:
    """Counts of the frame assembler. Every frame number ends in one of the first five."""

    frames_received: int = 0
    """frames delivered, whole or not"""
    frames_lost: int = 0
    """frames the device sent of which not even the header could be had, and frames of which
    nothing arrived though the device did not skip them"""
    frames_skipped: int = 0
    """frames that the device gave up unsent (live delivery)"""
    frames_abandoned: int = 0
    """frames not yet delivered when the next run was started"""
    frames_incomplete: int = 0
    """frames delivered with rows missing; also counted as received"""
    rows_lost: int = 0
    """rows missing in delivered frames, and all rows of lost frames"""
    malformed: int = 0
    """whole packets whose content contradicts the protocol or the frame's header, dropped"""
    duplicates: int = 0
    """headers and chunks that had arrived before"""
    chunks_recovered: int = 0
    """headers and chunks that came after they were asked for again"""

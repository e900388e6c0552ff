"""What happened on a virtual radio."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RadioStatistics:
    """Counts since the radio began, over all of its connections."""

    connections: int = 0
    events: int = 0
    """connection events in which the central sent"""
    pdus: int = 0
    """data channel PDUs on the air, with empty and repeated ones"""
    empty_pdus: int = 0
    retransmissions: int = 0
    """PDUs with data or control that were sent again"""
    errors: int = 0
    """PDUs that arrived with a wrong CRC"""
    missed: int = 0
    """PDUs that did not arrive"""
    bytes_to_central: int = 0
    """L2CAP bytes that arrived, each counted once"""
    bytes_to_peripheral: int = 0
    supervision_timeouts: int = 0
    """ends of a connection that heard nothing for too long"""

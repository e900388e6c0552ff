"""How long PDUs of Bluetooth LE are on the air, and how many bytes an interval holds.

All times are whole microseconds. Formulas follow the Core Specification, Vol 6, Part B:
2.1 (preamble, access address, header, CRC of uncoded PHYs), 2.4 (the MIC of encrypted, not
empty PDUs), 4.1.1 (inter frame space) and 4.5.1 (connection events).
"""

from __future__ import annotations

from fpxi_hwsim.bluetooth.conditions import PhyName, RadioConditions

T_IFS_US = 150
"""from the end of a PDU to the beginning of the next; also kept before the next anchor point"""
OCTET_US: dict[PhyName, int] = {"1M": 8, "2M": 4}
_FRAME_OCTETS: dict[PhyName, int] = {"1M": 1 + 4 + 2 + 3, "2M": 2 + 4 + 2 + 3}
"""preamble, access address, header and CRC"""
_MIC_OCTETS = 4

HOST_BUFFER_OCTETS = 251
"""octets of an ACL data packet that a host hands to its controller at most"""
L2CAP_HEADER_OCTETS = 4
NOTIFICATION_HEADER_OCTETS = 3
"""opcode and attribute handle, Vol 3, Part F, 3.4.7.1"""


def pdu_us(octets: int, phy: PhyName, *, encrypted: bool) -> int:
    """Return the air time of a PDU with `octets` of payload; an empty one has no MIC."""
    mic = _MIC_OCTETS if encrypted and octets else 0
    return (_FRAME_OCTETS[phy] + octets + mic) * OCTET_US[phy]


def exchange_us(to_peripheral: int, to_central: int, phy: PhyName, *, encrypted: bool) -> int:
    """Return the time of a PDU of each side, each with the space that follows it."""
    return (
        pdu_us(to_peripheral, phy, encrypted=encrypted)
        + pdu_us(to_central, phy, encrypted=encrypted)
        + 2 * T_IFS_US
    )


def limit_bytes_per_s(
    conditions: RadioConditions, payload_bytes: int = 244, *, encrypted: bool = True
) -> float:
    """Return how many bytes a second notifications can carry through perfect air.

    The peripheral's PDUs are answered by empty ones of the central, which begins an exchange
    only if the longest answer would end before the next anchor point; that is this radio's rule,
    see `fpxi_hwsim.bluetooth.link_layer`.

    Parameters
    ----------
    conditions
        The interval, PHY and data length in force.
    payload_bytes
        Length of each notification's value; the ATT MTU is at least three more.
    encrypted
        Whether PDUs carry a MIC.

    """
    fragments = notification_pdus(payload_bytes, conditions.data_length)
    interval_us = round(conditions.interval_ms * 1000)
    first_seen: dict[int, tuple[int, int]] = {}
    phase, events, notifications = 0, 0, 0
    # Events begin with any fragment, so the pattern repeats after as many events at most.
    while phase not in first_seen:
        first_seen[phase] = (events, notifications)
        sent = _fragments_in_event(fragments, phase, interval_us, conditions, encrypted)
        events += 1
        notifications += (phase + sent) // len(fragments)
        phase = (phase + sent) % len(fragments)
    events_before, notifications_before = first_seen[phase]
    period_s = (events - events_before) * interval_us * 1e-6
    return (notifications - notifications_before) * payload_bytes / period_s


def notification_pdus(payload_bytes: int, data_length: int) -> list[int]:
    """Return the payload octets of the data PDUs that carry one notification."""
    octets = payload_bytes + NOTIFICATION_HEADER_OCTETS + L2CAP_HEADER_OCTETS
    return [pdu for packet in _cut(octets, HOST_BUFFER_OCTETS) for pdu in _cut(packet, data_length)]


def _cut(octets: int, most: int) -> list[int]:
    return [min(most, octets - start) for start in range(0, octets, most)]


def _fragments_in_event(
    fragments: list[int], phase: int, interval_us: int, conditions: RadioConditions, encrypted: bool
) -> int:
    longest_us = exchange_us(0, conditions.data_length, conditions.phy, encrypted=encrypted)
    used_us, sent = 0, 0
    while used_us + longest_us <= interval_us:
        fragment = fragments[(phase + sent) % len(fragments)]
        used_us += exchange_us(0, fragment, conditions.phy, encrypted=encrypted)
        sent += 1
    return sent

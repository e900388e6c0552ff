"""Control PDUs of the link layer that Bumble does not model, and the lengths of all in use.

Fields and lengths: Core Specification, Vol 6, Part B, 2.4.2.
"""

from __future__ import annotations

from dataclasses import dataclass

from bumble import ll


@dataclass(frozen=True)
class ConnectionParamReq(ll.ControlPdu):
    """The peripheral asks for other connection parameters; units of 1.25 ms and 10 ms."""

    opcode = ll.ControlPdu.Opcode.LL_CONNECTION_PARAM_REQ
    interval_min: int
    interval_max: int
    latency: int
    timeout: int


@dataclass(frozen=True)
class LengthReq(ll.ControlPdu):
    """The octets that the sender sends and takes at most."""

    opcode = ll.ControlPdu.Opcode.LL_LENGTH_REQ
    tx_octets: int
    rx_octets: int


@dataclass(frozen=True)
class LengthRsp(ll.ControlPdu):
    """Answer to `LengthReq`, with the answerer's own limits."""

    opcode = ll.ControlPdu.Opcode.LL_LENGTH_RSP
    tx_octets: int
    rx_octets: int


@dataclass(frozen=True)
class PhyReq(ll.ControlPdu):
    """The PHYs that the sender would use, as the bits of the HCI."""

    opcode = ll.ControlPdu.Opcode.LL_PHY_REQ
    phys: int


@dataclass(frozen=True)
class PhyRsp(ll.ControlPdu):
    """The peripheral's answer to the central's `PhyReq`."""

    opcode = ll.ControlPdu.Opcode.LL_PHY_RSP
    phys: int


@dataclass(frozen=True)
class PhyUpdateInd(ll.ControlPdu):
    """The PHY that the central chose for both directions, as one bit; 0: no change."""

    opcode = ll.ControlPdu.Opcode.LL_PHY_UPDATE_IND
    phy: int


_OPCODE = ll.ControlPdu.Opcode
_OCTETS = {
    _OPCODE.LL_CONNECTION_UPDATE_IND: 12,
    _OPCODE.LL_TERMINATE_IND: 2,
    _OPCODE.LL_ENC_REQ: 23,
    _OPCODE.LL_START_ENC_RSP: 1,
    _OPCODE.LL_FEATURE_REQ: 9,
    _OPCODE.LL_FEATURE_RSP: 9,
    _OPCODE.LL_PERIPHERAL_FEATURE_REQ: 9,
    _OPCODE.LL_CONNECTION_PARAM_REQ: 24,
    _OPCODE.LL_REJECT_EXT_IND: 3,
    _OPCODE.LL_LENGTH_REQ: 9,
    _OPCODE.LL_LENGTH_RSP: 9,
    _OPCODE.LL_PHY_REQ: 3,
    _OPCODE.LL_PHY_RSP: 3,
    _OPCODE.LL_PHY_UPDATE_IND: 5,
}


def control_octets(pdu: ll.ControlPdu) -> int:
    """Return the payload length of a control PDU, opcode included; KeyError: not in use here."""
    return _OCTETS[pdu.opcode]

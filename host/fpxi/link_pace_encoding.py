"""Which encoding to ask of a device, given what its link carries."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from fpxi_readout.protocol.generated import Encoding

BY_WORK = (
    Encoding.RAW16,
    Encoding.PACKED12,
    Encoding.PACKED14,
    Encoding.AEC,
    Encoding.AEC_REFERENCE,
)
"""The device's work in sending a frame, the least first (docs/firmware-cost.md)."""
UNMEASURED = Encoding.AEC
"""While the capacity is unknown: shortens every frame and needs no other."""
STAYS_UP_TO = 0.95
"""An encoding in force is left when frames take more than this share of the capacity."""
COMES_BELOW = 0.75
"""Another that is less work must take less than this share, or it would soon be left again."""
WORTH_A_CHANGE = 0.95
"""The smallest one must be so much smaller than the one in force."""


def choose_encoding(
    sizes: Mapping[Encoding, float],
    available: Collection[int],
    current: int,
    wanted_hz: float,
    capacity_Bps: float | None,
) -> int:
    """Return the encoding of least work that carries the wanted frames per second.

    When none does, the one of fewest bytes. `sizes`: bytes of a frame in each; `available`: what
    the device has; `current`: in force now.
    """
    offered = [encoding for encoding in BY_WORK if encoding in available and encoding in sizes]
    if not offered:
        return current
    if capacity_Bps is None:
        return UNMEASURED if UNMEASURED in offered else current
    for encoding in offered:
        share = STAYS_UP_TO if encoding == current else COMES_BELOW
        if wanted_hz * sizes[encoding] <= share * capacity_Bps:
            return encoding
    smallest = min(offered, key=lambda encoding: sizes[encoding])
    now = next((sizes[encoding] for encoding in offered if encoding == current), None)
    if now is not None and sizes[smallest] > WORTH_A_CHANGE * now:
        return current
    return smallest

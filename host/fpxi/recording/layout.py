"""Where a recording keeps what. Readers and writers agree here.

NeXus (https://manual.nexusformat.org): `/entry` is an NXentry, `/entry/instrument/detector` an
NXdetector whose `data` (frames, rows, columns) holds raw counts, `/entry/data` the default NXdata.
What NeXus has no name for is in `/entry/device` (NXcollection).
"""

from __future__ import annotations

import enum

LAYOUT = 2
"""Version of this layout, an attribute of the file; readers refuse a later one.

2 added the columns of the region and of the sampling; files of 1 show whole panels."""
LAYOUT_ATTRIBUTE = "fpxi_layout"

ENTRY = "entry"
DETECTOR = "entry/instrument/detector"
DEVICE = "entry/device"
EVENTS = "entry/device/events"
DATA = f"{DETECTOR}/data"
ROW_RECEIVED = f"{DETECTOR}/row_received"
IMAGE_KEY = f"{DETECTOR}/image_key"


class MaskBit(enum.IntFlag):
    """What a recording says in NXdetector's `pixel_mask`; calibrations know more of its bits."""

    GAP = 1
    """Bit 0: a pixel with no sensor, here the process ring."""

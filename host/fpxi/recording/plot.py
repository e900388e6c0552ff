"""The default plot of a file: its frames over millimetres, as NeXus readers find it."""

from __future__ import annotations

import h5py
import numpy as np
from fpxi_readout.protocol.geometry import FrameArea, PanelGeometry

from fpxi.recording import layout
from fpxi.recording.nexus import nexus_group

OFFSETS = {"y_pixel_offset": "downwards, from row 0 on top", "x_pixel_offset": "to the right"}


def write_offsets(detector: h5py.Group, panel: PanelGeometry, area: FrameArea) -> None:
    """Write NXdetector's offsets of the samples' centres from the centre of the whole array."""
    axes = (
        (area.first_row, area.rows, panel.rows),
        (area.first_column, area.columns, panel.columns),
    )
    for (name, meaning), (first, count, pixels) in zip(OFFSETS.items(), axes, strict=True):
        centres = first + (np.arange(count) + 0.5) * area.binning
        detector[name] = (centres - pixels / 2) * panel.pitch_um / 1e3
        detector[name].attrs["units"] = "mm"
        detector[name].attrs["long_name"] = f"pixel centre, {meaning}"


def write_plot(file: h5py.File) -> None:
    """Write the NXdata that `/entry` names as its default."""
    plot = nexus_group(file, "entry/data", "NXdata")
    plot.attrs["signal"] = "data"
    plot.attrs["axes"] = [".", *OFFSETS]
    for dimension, name in enumerate(OFFSETS, 1):
        plot.attrs[f"{name}_indices"] = dimension
    for name in ("data", *OFFSETS):
        plot[name] = h5py.SoftLink(f"/{layout.DETECTOR}/{name}")

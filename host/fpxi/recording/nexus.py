"""NeXus groups: HDF5 groups that say of what class they are."""

from __future__ import annotations

import h5py


def nexus_group(parent: h5py.Group, path: str, nexus_class: str) -> h5py.Group:
    """Make a group of a NeXus class."""
    group = parent.create_group(path)
    group.attrs["NX_class"] = nexus_class
    return group

"""Recordings: HDF5/NeXus files that survive a crash, written and read."""

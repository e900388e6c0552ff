"""Corrections of raw detector frames: pure functions on arrays, compiled by numba."""

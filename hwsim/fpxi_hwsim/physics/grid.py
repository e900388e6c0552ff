"""The fine grid on which photons land and charge spreads."""

from __future__ import annotations

SUBPIXELS = 2
"""fine pixels in a pixel's row and in its column"""

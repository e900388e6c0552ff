"""The errors of reading out a panel, and the base of every named error in fpxi."""

from __future__ import annotations


class FpxiError(Exception):
    """Base of every error that fpxi raises on purpose; its message says what to do next."""

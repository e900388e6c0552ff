"""The summary picture of a calibration. Needs the extra `figures` (matplotlib)."""

from fpxi.calibration.picture.page import draw_summary

__all__ = ["draw_summary"]

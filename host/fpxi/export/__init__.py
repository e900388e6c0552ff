"""Recordings, raw or corrected, as the files that other programs read."""

from fpxi.export.run import ExportResult, export

__all__ = ["ExportResult", "export"]

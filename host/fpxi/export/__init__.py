"""Recordings, raw or corrected, as the files that other programs read."""

from fpxi.export.run import ExportResult, export
from fpxi.export.scan import Scan

__all__ = ["ExportResult", "Scan", "export"]

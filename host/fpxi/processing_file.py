"""Descriptions of processing in files of their own (JSON), to be used again elsewhere."""

from __future__ import annotations

from pathlib import Path

from fpxi_imaging import ImagingError, Processing

from fpxi.errors import HostError


class NotAProcessingError(HostError):
    """A file does not hold a description of processing."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(
            f"{path} is no description of processing: {reason}; `fpxi processing` writes one"
        )


def load_processing(path: str | Path) -> Processing:
    """Read a description. Raises `NotAProcessingError`."""
    path = Path(path)
    try:
        return Processing.from_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise NotAProcessingError(path, "it is not text") from error
    except (OSError, ImagingError) as error:
        raise NotAProcessingError(path, str(error)) from error

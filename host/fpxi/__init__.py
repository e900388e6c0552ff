"""Sessions, recording, replay, calibration runs and the command line.

import fpxi

with fpxi.open("sim:tft64") as session:
    result = session.capture(100, "run.h5")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fpxi_readout.errors import FpxiError

from fpxi.connection import ConnectionState, ConnectionStatus
from fpxi.errors import HostError, RecordingError, SessionError
from fpxi.image_key import ImageKey
from fpxi.opening import open  # noqa: A004 - fpxi.open is the name that reads best
from fpxi.preview import PipelineSettings, PreviewImage
from fpxi.session import Session
from fpxi.statistics import SessionStatistics
from fpxi.subscription import FrameSubscription

if TYPE_CHECKING:
    from fpxi.capture import CaptureResult
    from fpxi.recording.reader import RecordingReader, read_recording
    from fpxi.recording.recorder import Recording

__all__ = [
    "CaptureResult",
    "ConnectionState",
    "ConnectionStatus",
    "FpxiError",
    "FrameSubscription",
    "HostError",
    "ImageKey",
    "PipelineSettings",
    "PreviewImage",
    "Recording",
    "RecordingError",
    "RecordingReader",
    "Session",
    "SessionError",
    "SessionStatistics",
    "open",
    "read_recording",
]

# These bring in h5py, which takes a fifth of a second; they are imported when first asked for.
_LATER = {
    "CaptureResult": "fpxi.capture",
    "Recording": "fpxi.recording.recorder",
    "RecordingReader": "fpxi.recording.reader",
    "read_recording": "fpxi.recording.reader",
}


def __getattr__(name: str) -> object:
    """Import what was not needed until now."""
    if name not in _LATER:
        raise AttributeError(f"module 'fpxi' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(_LATER[name]), name)

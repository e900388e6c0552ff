"""The panel as the commands use it: opened without a session's threads, and prepared."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from fpxi_readout.parameter_values import check, find

from fpxi.connectors import connector_for
from fpxi.source import FrameSource


@contextlib.contextmanager
def connected_panel(url: str) -> Iterator[FrameSource]:
    """Connect for a few questions: at once, without the threads and kernels that frames need."""
    connector = connector_for(url)
    try:
        yield connector.connect()
    finally:
        connector.close()


def apply_settings(panel: FrameSource, settings: Sequence[tuple[str, str]]) -> None:
    """Set parameters in the order given; none is touched if one cannot be right."""
    for name, value in settings:
        check(panel.dictionary, find(panel.dictionary, name), value)
    for name, value in settings:
        panel.set(name, value)

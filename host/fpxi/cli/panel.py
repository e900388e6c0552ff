"""The panel as the commands use it: opened without a session's threads, and prepared."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from fpxi_readout.parameter_values import check, find

from fpxi.connectors import connector_for
from fpxi.source import FrameSource

if TYPE_CHECKING:
    from fpxi_readout.links.base import RadioFacts


@contextlib.contextmanager
def connected_panel(url: str) -> Iterator[FrameSource]:
    """Connect for a few questions: at once, without the threads and kernels that frames need."""
    with connected_panel_and_radio(url) as (panel, _):
        yield panel


@contextlib.contextmanager
def connected_panel_and_radio(url: str) -> Iterator[tuple[FrameSource, RadioFacts | None]]:
    """Connect as `connected_panel`; the second is None unless the link goes through a radio."""
    connector = connector_for(url)
    try:
        panel = connector.connect()
        yield panel, connector.radio
    finally:
        connector.close()


def apply_settings(panel: FrameSource, settings: Sequence[tuple[str, str]]) -> None:
    """Set parameters in the order given; none is touched if one cannot be right."""
    for name, value in settings:
        check(panel.dictionary, find(panel.dictionary, name), value)
    for name, value in settings:
        panel.set(name, value)

"""What a calibration run changes on a panel, and puts back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fpxi_readout.protocol.generated import Delivery, State

from fpxi.session import Session


@contextmanager
def acquisition_held(session: Session) -> Iterator[None]:
    """Stop an acquisition that is on, and start it again after a run that did its job."""
    was_on = session.get("state") not in (State.IDLE, State.FAULT)
    reliable = session.get("delivery") == Delivery.RELIABLE
    if was_on:
        session.stop()
    yield
    if was_on:
        session.start(0, reliable=reliable)


@contextmanager
def exposure_kept(session: Session) -> Iterator[None]:
    """Set the exposure again as it was."""
    exposure_us = session.get("exposure_us")
    try:
        yield
    finally:
        if session.parameters.get("exposure_us") != exposure_us:
            session.set("exposure_us", exposure_us)

"""Asking a device for something until it is there to do it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from fpxi_readout.errors import FpxiError

from fpxi.errors import ConnectTimeoutError, LinkGivenUpError, NotConnectedError
from fpxi.failures import may_pass

if TYPE_CHECKING:
    from fpxi.session import Session

T = TypeVar("T")


def insist(session: Session, give_up_s: float, ask: Callable[[], T]) -> T:
    """Return what `ask` returns; when the device is lost, wait for it and ask again.

    `ask` must bear to be called again when it is not known whether the device has heard it. Raises
    `LinkGivenUpError` when the device has been lost for `give_up_s`; 0: the error of its loss.
    """
    deadline: float | None = None
    while True:
        try:
            return ask()
        except FpxiError as error:
            if deadline is None:
                deadline = time.monotonic() + give_up_s
            left_s = deadline - time.monotonic()
            passes = may_pass(error) or isinstance(error, NotConnectedError)
            if not passes or give_up_s == 0:
                raise
            if left_s <= 0:
                raise LinkGivenUpError(session.url, give_up_s) from error
            try:
                session.wait_connected(left_s, patient=True)
            except ConnectTimeoutError:
                raise LinkGivenUpError(session.url, give_up_s) from error

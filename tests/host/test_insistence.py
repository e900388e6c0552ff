"""Asking a device that is away, again and again until it is given up."""

from __future__ import annotations

from typing import cast

import pytest
from fpxi.errors import ConnectTimeoutError, LinkGivenUpError
from fpxi.insistence import insist
from fpxi.session import Session
from fpxi_readout.links import LinkLostError, LinkUrlError

URL = "ble:FPXI-64"
LOST = LinkLostError(URL, "out of reach")


class SessionWithoutDevice:
    """A session that looks for its device in vain, or finds it again and again."""

    url = URL

    def __init__(self, *, found: bool = False) -> None:
        self.found = found

    def wait_connected(self, timeout_s: float, *, patient: bool) -> None:
        assert patient
        if not self.found:
            raise ConnectTimeoutError(self.url, timeout_s)


def ask_in_vain(give_up_s: float, error: LinkLostError | LinkUrlError, *, found: bool) -> None:
    def ask() -> None:
        raise error

    insist(cast("Session", SessionWithoutDevice(found=found)), give_up_s, ask)


@pytest.mark.parametrize("found", [False, True], ids=["never found", "lost again each time"])
def test_a_device_that_stays_away_is_given_up(found: bool) -> None:
    with pytest.raises(LinkGivenUpError, match=r"FPXI-64: gave up after 0\.02 s") as caught:
        ask_in_vain(0.02, LOST, found=found)
    assert caught.value.__cause__ is LOST


def test_who_does_not_wait_is_told_of_the_loss_itself() -> None:
    with pytest.raises(LinkLostError) as caught:
        ask_in_vain(0, LOST, found=True)
    assert caught.value is LOST


def test_what_no_waiting_cures_is_told_at_once() -> None:
    with pytest.raises(LinkUrlError, match="no option"):
        ask_in_vain(60.0, LinkUrlError(URL, "there is no option 'baud'"), found=True)

"""The outcome of the last action."""

from __future__ import annotations

from fpxi_gui.messages import Messages
from fpxi_gui.state import Level
from fpxi_readout.errors import FpxiError


def test_an_error_is_told_with_what_was_noted_about_it() -> None:
    messages = Messages(lambda: 0.0)
    error = FpxiError("the flat is too dark.")
    error.add_note("cal.dark.h5 kept.")
    messages.fail(error)
    assert (messages.text, messages.level) == (
        "the flat is too dark. cal.dark.h5 kept.",
        Level.ERROR,
    )


def test_bad_news_stays_longer_than_good() -> None:
    now_s = 0.0
    messages = Messages(lambda: now_s)
    messages.say("done")
    now_s = 6.0
    assert messages.text == ""
    messages.fail(FpxiError("failed"))
    now_s = 12.0
    assert messages.text == "failed"

"""Runs the events of a connection at their anchor points, on an asyncio loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fpxi_hwsim.bluetooth.link_layer import AirConnection

LONGEST_LAG_S = 0.25
"""lag behind the schedule that is caught up; after a longer one the air has stood still"""


class PacedConnection:
    """A connection that has begun now and goes on by itself.

    One timer an event. One exchange a turn of the loop, so that hosts hand over more data while
    the event goes on, as they do in a real one. Anchor points are absolute, so a loop that was
    late runs the events it owes one after the other; data of an event arrive at its beginning,
    hence early by less than an interval and never at a higher rate. Supervision time-outs are
    looked at once an event, in the time of the schedule: a loop that stood still for longer
    than `LONGEST_LAG_S` has not lost its connections.

    Parameters
    ----------
    connection
        What is to be run.
    on_over
        Called with this object when both ends have left.

    """

    def __init__(
        self, connection: AirConnection, on_over: Callable[[PacedConnection], None]
    ) -> None:
        self.connection = connection
        self._on_over = on_over
        self._loop = asyncio.get_running_loop()
        self._began_s = self._loop.time()
        self._handle: asyncio.Handle = self._schedule()

    def cancel(self) -> None:
        """Run no more events."""
        self._handle.cancel()

    @property
    def _anchor_s(self) -> float:
        return self._began_s + self.connection.anchor_us * 1e-6

    def _schedule(self) -> asyncio.TimerHandle:
        return self._loop.call_at(self._anchor_s, self._begin_event)

    def _begin_event(self) -> None:
        lag_s = self._loop.time() - self._anchor_s
        if lag_s > LONGEST_LAG_S:
            self._began_s += lag_s
        self.connection.begin_event()
        self._exchange()

    def _exchange(self) -> None:
        if self.connection.exchange():
            self._handle = self._loop.call_soon(self._exchange)
        elif self.connection.is_over:
            self._on_over(self)
        else:
            self.connection.end_event()
            self._handle = self._schedule()

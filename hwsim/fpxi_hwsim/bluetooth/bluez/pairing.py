"""The one pairing of a device that may be under way, and the client that asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from fpxi_hwsim.bluetooth.bluez import errors


class PairingRequest:
    """Runs what Device1.Pair has to do, so that others can end it."""

    def __init__(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._client: str | None = None

    @property
    def under_way(self) -> bool:
        """Whether somebody waits for a pairing."""
        return self._task is not None

    def is_of(self, client: str) -> bool:
        """Tell whether this client waits for it."""
        return self.under_way and self._client == client

    async def run(self, client: str | None, work: Coroutine[object, object, None]) -> None:
        """Do the work for a client.

        Raises
        ------
        BluezError
            What the work raises, or AuthenticationCanceled when it was cancelled.

        """
        self._client = client
        self._task = asyncio.get_running_loop().create_task(work)
        try:
            await asyncio.shield(self._task)
        except asyncio.CancelledError:
            raise errors.authentication("Canceled") from None
        finally:
            self._task = None

    def cancel(self) -> None:
        """End it; nothing when there is none."""
        if self._task is not None:
            self._task.cancel()

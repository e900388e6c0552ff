"""Work that goes on beside the methods; none is forgotten, none fails unheard."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


class Background:
    """The tasks of one bridge: kept until they end, cancelled when it closes."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run `work`; should it fail, the loop's exception handler is told."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        if error := task.exception():
            task.get_loop().call_exception_handler(
                {"message": "the org.bluez bridge failed", "exception": error, "task": task}
            )

    async def close(self) -> None:
        """Cancel what is left and see it end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

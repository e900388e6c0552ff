"""Sharing one frame's rows among threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise

from fpxi_imaging.errors import SettingError

MOST_THREADS = 256
LEAST_PIXELS = 1 << 18
"""Of a thread's share: waking a thread takes as long as correcting a fifth of that."""


def row_blocks(shape: tuple[int, int], threads: int) -> list[tuple[int, int]]:
    """Return the first and last row of each thread's share, as even as rows allow.

    Small frames make fewer shares than threads. Raises `SettingError` for threads out of range.
    """
    if not 1 <= threads <= MOST_THREADS:
        raise SettingError("threads", threads, f"1 to {MOST_THREADS}")
    rows, columns = shape
    count = max(1, min(threads, rows, rows * columns // LEAST_PIXELS))
    edges = [rows * share // count for share in range(count + 1)]
    return list(pairwise(edges))


class Sharing:
    """Does a job for every block, the first in the calling thread."""

    def __init__(self, blocks: int) -> None:
        self._others = range(1, blocks)
        self._pool = ThreadPoolExecutor(blocks - 1, "fpxi-correct") if blocks > 1 else None

    def run(self, job: Callable[[int], bool]) -> bool:
        """Return whether all jobs did what they should; all have ended by then."""
        if self._pool is None:
            return job(0)
        others = [self._pool.submit(job, block) for block in self._others]
        try:
            done = job(0)
        finally:
            wait(others)
        return all([done, *(other.result() for other in others)])

"""How every kernel of this room is compiled: the one place that knows numba."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import types

# `_nrt=False` leaves numba's memory manager out. Such a kernel cannot allocate (it would not
# compile), and is called from Python in 0.28 us rather than 0.43, since no array is counted.
_OPTIONS = {"nogil": True, "error_model": "numpy", "_nrt": False}
_waiting: dict[Any, tuple[Any, ...]] = {}
"""The argument types of each kernel that is not compiled yet."""
_rare: set[Any] = set()
_turn = threading.Condition()
"""Held while a kernel is compiled."""
_hurried: set[int] = set()
"""The threads that wait for certain kernels; the others let them go first."""

index = types.int64
scalar = types.float64


def read(item: Any, dimensions: int) -> Any:
    """Type of a C-contiguous array that a kernel only reads; takes read-only arrays too."""
    return types.Array(item, dimensions, "C", readonly=True)


def write(item: Any, dimensions: int) -> Any:
    """Type of a writable C-contiguous array."""
    return types.Array(item, dimensions, "C")


helper = numba.njit(**_OPTIONS, no_cfunc_wrapper=True)
"""Decorate a function that only kernels call; it cannot return an array of its own making."""
inlined = numba.njit(**_OPTIONS, no_cfunc_wrapper=True, forceinline=True)
"""Decorate a helper that costs less than calling it: every array argument is seven words."""


def kernel(
    *arguments: Any, allocates: bool = False, rare: bool = False
) -> Callable[[Callable[..., Any]], Any]:
    """Decorate a function called from Python, for arguments of exactly these types.

    Only with `allocates` may it make arrays. A `rare` one is compiled after all others.

    One signature means that no unexpected array can start a compilation of seconds in the
    acquisition path: it raises `TypeError` instead. Nothing compiles until `warm_up`.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = numba.njit(**{**_OPTIONS, "_nrt": allocates}, cache=True)(function)
        _waiting[dispatcher] = arguments
        if rare:
            _rare.add(dispatcher)
        return dispatcher

    return decorate


def package_stamp(folder: Path = Path(__file__).parent) -> str:
    """Return what changes with the content of any of the package's modules."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _stamp_cache(dispatcher: Any, stamp: str) -> None:
    """Make numba's cache hold for one state of the package.

    Numba itself looks at the time stamp of the kernel's own file, and so would go on with a kernel
    whose helpers, in other files, have changed. It has no setting for this.
    """
    dispatcher._cache._cache_file._source_stamp = stamp


def warm_up(*kernels: Any, rare: bool = True) -> None:
    """Compile kernels, or load them from numba's cache: these, or all, or all but the rare ones.

    Later calls return at once. The first run after an installation takes seconds. Safe to call from
    any thread; who asks for certain kernels waits for one other at most.
    """
    wanted = kernels or sorted(_waiting, key=_rare.__contains__)
    wanted = [kernel for kernel in wanted if kernel in _waiting and (rare or kernel not in _rare)]
    if not wanted:
        return
    stamp, thread = package_stamp(), threading.get_ident()
    if kernels:
        _hurried.add(thread)
    try:
        for kernel in wanted:
            with _turn:
                _turn.wait_for(lambda: not _hurried or thread in _hurried)
                _compile(kernel, stamp)
    finally:
        with _turn:
            _hurried.discard(thread)
            _turn.notify_all()


def _compile(dispatcher: Any, stamp: str) -> None:
    if dispatcher not in _waiting:  # another thread was first
        return
    _stamp_cache(dispatcher, stamp)
    dispatcher.compile(_waiting[dispatcher])
    dispatcher.disable_compile()
    del _waiting[dispatcher]

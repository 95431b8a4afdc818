"""How a process keeps its memory: one that ends soon, and one that serves for months."""

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_M_ARENA_MAX = -8  # of glibc's malloc.h


def for_a_command() -> None:
    """Look for cycles after 100,000 new objects instead of 700: rows are many and form none."""
    gc.set_threshold(100_000)


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no cycles in a short piece of work that makes many objects and keeps few: each look
    at all that the process holds takes as long as a tenth of the work."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()


def for_a_server() -> None:
    """Let all threads share two heaps, where the C library has one of its own for each.

    What a poll's thread gives back then serves the next; without it each keeps its largest.
    """
    library = _glibc()
    if library:
        library.mallopt(_M_ARENA_MAX, 2)


def give_back() -> None:
    """Let the system have what a large piece of work has left free."""
    library = _glibc()
    if library:
        library.malloc_trim(0)


@cache
def _glibc() -> Any:
    """The C library where it is glibc, else None."""
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None

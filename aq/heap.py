"""How a process keeps its memory: one that ends soon, and one that serves for months."""

import ctypes
import gc
import sys

_M_ARENA_MAX = -8  # of glibc's malloc.h


def for_a_command() -> None:
    """Look for cycles after 100,000 new objects instead of 700: rows are many and form none."""
    gc.set_threshold(100_000)


def for_a_server() -> None:
    """Let all threads share two heaps, where the C library has one of its own for each.

    What a poll's thread gives back then serves the next; without it each keeps its largest.
    """
    if sys.platform == "linux" and hasattr(library := ctypes.CDLL(None), "mallopt"):
        library.mallopt(_M_ARENA_MAX, 2)

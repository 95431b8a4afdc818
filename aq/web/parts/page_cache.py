"""What is worked out once in a run of a page, so that all its parts are of the same view and store.

Outside a run of the whole page (a fragment by itself, a callback) it is worked out each time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import BoundedSemaphore
from typing import Any, TypeVar

RUNS_AT_ONCE = 4
R = TypeVar("R")
_RUNS = BoundedSemaphore(RUNS_AT_ONCE)
_known: ContextVar[dict[Callable[[], Any], Any] | None] = ContextVar("known", default=None)


@contextmanager
def one_run() -> Iterator[None]:
    """A run of a page, within which what is marked `once` stays as first found.

    A few runs go on at once and the others wait: they share one interpreter, so more at once would
    end no sooner, and the routes would wait for all of them at each step.
    """
    with _RUNS:
        token = _known.set({})
        try:
            yield
        finally:
            _known.reset(token)


def once(function: Callable[[], R]) -> Callable[[], R]:
    """Mark a function without arguments whose answer holds for the whole run."""

    @wraps(function)
    def found() -> R:
        known = _known.get()
        if known is None:
            return function()
        if function not in known:
            known[function] = function()
        answer: R = known[function]
        return answer

    return found

"""Answers that many ask for alike, kept ready while nothing they are made of has changed.

An answer is of a store version and a minute of the clock. That this process has written since is
known at once; that another one has, `LOOK_SECONDS` later: then one asker looks at the store, and
the others go on with what is ready until it has, or until `OLDEST_SECONDS` are over.
"""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from starlette.responses import Response

from aq.context import Context
from aq.domain.errors import StoreError

LOOK_SECONDS = 0.2
OLDEST_SECONDS = 1.0
MOST = 64
LONGEST_QUESTION = 300  # bytes; a longer one is nobody's but the asker's
NEVER = (float("-inf"), -1)
Stamp = tuple[int, datetime, int]  # store version, minute, this process's own writes


@dataclass
class Shelf:
    """Ready answers of one route by their question (the query as it came).

    `keep_seconds` ends an answer that shows more than the store's version tells of: how feeds and
    runs do, which another process may have noted. At most `most` answers are kept.
    """

    keep_seconds: float = math.inf
    most: int = MOST
    monotonic: Callable[[], float] = time.monotonic
    _kept: "OrderedDict[bytes, tuple[Stamp, float, Response]]" = field(default_factory=OrderedDict)
    _making: dict[bytes, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _looking: bool = False
    _seen: tuple[float, int] = NEVER  # when the store's version was read, and it

    def at_once(self, get_context: Callable[[], Context], question: bytes) -> Response | None:
        """The answer where one is ready for certain; asks nothing of the store."""
        kept = self._kept.get(question)
        looked, version = self._seen
        age = self.monotonic() - looked
        if kept is None or age > OLDEST_SECONDS:
            return None
        if age > LOOK_SECONDS and not self._looking:
            self._looking = True  # this one goes and looks
            return None
        stamp, until, response = kept
        if self.monotonic() > until or stamp != _stamp(get_context(), version):
            return None
        return _copy(response)

    def answer(self, context: Context, question: bytes, make: Callable[[], Response]) -> Response:
        """The ready answer, or a new one; those who ask the same meanwhile wait for it.

        Raises `StoreError` when the store does not answer, and what `make` raises.
        """
        if len(question) > LONGEST_QUESTION:
            return make()
        with self._lock:
            making = self._making.setdefault(question, threading.Lock())
        with making:
            try:
                return self._answer(context, question, make)
            finally:
                self._making.pop(question, None)

    def _answer(self, context: Context, question: bytes, make: Callable[[], Response]) -> Response:
        looked, writes = self.monotonic(), context.store.writes
        try:
            version = context.store.version()
        except StoreError:
            self._seen, self._looking = NEVER, False  # nothing is ready of a store that is gone
            raise
        self._seen, self._looking = (looked, version), False
        stamp = (*_stamp(context, version)[:2], writes)
        kept = self._kept.get(question)
        if kept is not None and kept[0] == stamp and looked <= kept[1]:
            return _copy(kept[2])
        response = make()
        if response.status_code == 200:
            with self._lock:
                self._kept[question] = stamp, looked + self.keep_seconds, _copy(response)
                self._kept.move_to_end(question)
                while len(self._kept) > self.most:
                    self._kept.popitem(last=False)
        return response


def is_known(asked: str | None, etag: str | None) -> bool:
    """Whether `If-None-Match` names this entity tag, weakly or not, alone or among others."""
    if not asked or not etag:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in asked.split(",")]
    return "*" in tags or etag.removeprefix("W/") in tags


def _stamp(context: Context, version: int) -> Stamp:
    return version, context.clock.minute(), context.store.writes


def _copy(response: Response) -> Response:
    """The same answer with headers of its own: middleware writes into them."""
    made = Response(status_code=response.status_code)
    made.body, made.raw_headers = response.body, list(response.raw_headers)
    return made

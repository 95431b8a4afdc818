"""What AirKorea's services of notices share: paging, refusals under their own name, long texts."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import chain

from aq.domain.errors import FeedError
from aq.domain.model import Answer, FeedInfo, Payload
from aq.feeds.airkorea.contracts import check
from aq.feeds.airkorea.errors import read_body, refusal
from aq.feeds.base import Get

# Every pollutant there are notices of, by upstream's word for it.
CODES = {"PM10": "pm10", "PM25": "pm25", "PM2.5": "pm25", "O3": "o3"}
_LONGEST_TEXT = 4000  # an outlook is under 500 characters
Part = tuple[str, Iterator[Payload]]


class NoticeService:
    """A feed of notices: operations that are asked, and fail, each by itself."""

    info: FeedInfo

    def parts(self, get: Get, since: datetime, until: datetime) -> list[Part]:
        """(operation, its payloads) for the notices issued between the two instants."""
        raise NotImplementedError

    def pull(self, get: Get, since: datetime, until: datetime) -> Iterator[Payload]:
        """All payloads of all operations."""
        yield from chain.from_iterable(payloads for _, payloads in self.parts(get, since, until))

    def read(self, payload: Payload, items: list[object]) -> Answer:
        """Read the items of one operation."""
        raise NotImplementedError

    def parse(self, payload: Payload, now: datetime) -> Answer:
        """Read a payload. Pure. Raises `FeedError` when it is no answer at all."""
        error = self.refusal(payload.operation, 200, {}, payload.text, now)
        if error is not None:
            raise error
        items = list(read_body(payload.text).items)
        return replace(self.read(payload, items), keys=check(payload.operation, items))

    def refusal(
        self, operation: str, status: int, headers: Mapping[str, str], text: str, now: datetime
    ) -> FeedError | None:
        """The error an answer is, in any of the forms AirKorea's gateway gives one."""
        del headers
        found = refusal(operation, status, text, now)
        if found is None:
            return None
        return FeedError(
            self.info.name, operation, found.reason, found.detail, retry_at=found.retry_at
        )


def long_text(cell: object) -> str:
    """Several lines of text as a page may show them: composed, without control characters."""
    if not isinstance(cell, str):
        return ""
    text = unicodedata.normalize("NFC", cell).strip()[:_LONGEST_TEXT]
    lines = (
        "".join(char for char in line if char.isprintable()).strip() for line in text.splitlines()
    )
    return "\n".join(line for line in lines if line)


def first_of(row: Mapping[str, object], *names: str, read: Callable[[object], str]) -> str:
    """The first of several spellings of a field that holds text."""
    return next((text for name in names if (text := read(row.get(name)))), "")

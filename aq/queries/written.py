"""Which hours the store holds, which were written after a version, and when it was written last."""

from datetime import datetime

from aq.context import Context
from aq.domain.clock import from_hour_number, hour_number
from aq.domain.provinces import PROVINCES
from aq.store import reads


def held_hours(context: Context) -> dict[str, tuple[datetime, datetime]]:
    """The first and the last hour of each province that has any, by its code."""
    span_of = {}
    with context.store.read() as connection:
        for province in PROVINCES:
            spans = reads.span(connection, [province.id]).values()
            if spans:
                first = min(begin for begin, _ in spans)
                span_of[province.code] = first, max(end for _, end in spans)
    return {
        code: (from_hour_number(first), from_hour_number(last))
        for code, (first, last) in span_of.items()
    }


def changed_since(
    context: Context, version: int, until: datetime
) -> tuple[datetime, datetime] | None:
    """The span of the hours up to `until` that were written after a store version."""
    with context.store.read() as connection:
        span = reads.changed_hours(connection, version, hour_number(until))
    return None if span is None else (from_hour_number(span[0]), from_hour_number(span[1]))


def last_write(context: Context) -> datetime | None:
    """When the newest version of the store was committed; None of an empty store."""
    with context.store.read() as connection:
        return reads.committed_at(connection, context.store.version())

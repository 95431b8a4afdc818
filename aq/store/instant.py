"""Aware instants as integers: a column type that refuses a time without an offset."""

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Dialect,
)
from sqlalchemy.types import TypeDecorator

from aq.domain.clock import require_aware


class Instant(TypeDecorator[datetime]):
    """An aware instant as integer microseconds since 1970 UTC, alike on both engines.

    A time without an offset is refused: SQLite would drop the offset in silence.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Aware datetime to microseconds."""
        if value is None:
            return None
        moment = require_aware(value).astimezone(UTC)
        return int(moment.timestamp()) * 1_000_000 + moment.microsecond

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        """Microseconds to aware datetime in UTC."""
        if value is None:
            return None
        seconds, micro = divmod(value, 1_000_000)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micro)

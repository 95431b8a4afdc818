"""The authority's notices in the store: every content that was seen, and which one counts when."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from aq.domain.clock import day_number, from_day_number
from aq.domain.model import Advisory, ForecastNotice
from aq.feeds.registry import FEED_NAMES
from aq.store.engine import Txn
from aq.store.schema import advisory, forecast
from aq.store.upsert import Row, Written

# Far longer than any advisory was ever in force: what began before is not looked for.
LONGEST = timedelta(days=90)
_FORECAST_KEY = ("kind", "pollutant", "day", "issued")
_ADVISORY_KEY = ("pollutant", "district", "zone", "word", "issued")
_OWN = ("version", "seen")  # when we learned of it: no part of what a notice says


def put_forecasts(txn: Txn, notices: Iterable[ForecastNotice], *, keep: bool = False) -> Written:
    """Keep notices whose content is not what is held of the same issue, pollutant and day.

    With `keep`, what is held stays where the new content says nothing.
    """
    rows = [
        {
            "kind": notice.kind,
            "pollutant": notice.pollutant,
            "day": day_number(notice.day),
            "issued": notice.issued_at,
            "words": json.dumps(notice.words, ensure_ascii=False),
            "overall": notice.overall,
            "cause": notice.cause,
            "confidence": notice.confidence,
        }
        for notice in notices
    ]
    return _put(txn, forecast, _FORECAST_KEY, rows, keep)


def put_advisories(txn: Txn, advisories: Iterable[Advisory], *, keep: bool = False) -> Written:
    """Keep advisories whose content is not what is held of the same zone, kind and issue; `keep`
    as in `put_forecasts`."""
    rows = [
        {
            "pollutant": act.pollutant,
            "district": act.district,
            "zone": act.zone,
            "word": act.word,
            "issued": act.issued_at,
            "issue_value": act.issue_value,
            "cleared": act.cleared_at,
            "clear_value": act.clear_value,
            "max_value": act.max_value,
            "number": act.number,
        }
        for act in advisories
    ]
    return _put(txn, advisory, _ADVISORY_KEY, rows, keep)


def _put(txn: Txn, table: Table, key: Sequence[str], rows: list[Row], keep: bool) -> Written:
    if not rows:
        return Written()
    # Of two rows of one answer with the same key one counts, whatever order they came in.
    rows = list({_key(row, key): row for row in sorted(rows, key=repr)}.values())
    first, last = min(row["issued"] for row in rows), max(row["issued"] for row in rows)
    query = select(table).where(table.c.issued >= first, table.c.issued <= last)
    stored = {
        _key(row, key): {name: value for name, value in row.items() if name not in _OWN}
        for row in _latest(txn.connection, query.order_by(table.c.version), key)
    }
    if keep:
        rows = [_kept(row, stored.get(_key(row, key), {})) for row in rows]
    fresh = [row for row in rows if stored.get(_key(row, key)) != row]
    changed = sum(1 for row in fresh if _key(row, key) in stored)
    if fresh:
        own = {"version": txn.version, "seen": txn.now}
        txn.connection.execute(insert(table), [{**row, **own} for row in fresh])
    return Written(len(fresh) - changed, changed, len(rows) - len(fresh))


def _kept(row: Row, stored: Row) -> Row:
    return {
        name: stored.get(name, cell) if cell in (None, "") else cell for name, cell in row.items()
    }


def _key(row: Any, key: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in key)


def _latest(connection: Connection, query: Any, key: Sequence[str]) -> list[Row]:
    """Of each key the row that was written last; `query` is ordered by version."""
    rows = connection.execute(query).mappings()
    return list({_key(row, key): dict(row) for row in rows}.values())


def forecasts(
    connection: Connection,
    days: tuple[date, date],
    *,
    kind: str | None = None,
    issued_until: datetime | None = None,
    version: int | None = None,
) -> list[ForecastNotice]:
    """Notices of the days (first, last), oldest issue first.

    `issued_until` leaves out what was issued later; `version` what the store learned later.
    """
    first, last = (day_number(day) for day in days)
    query = select(forecast).where(forecast.c.day >= first, forecast.c.day <= last)
    if kind is not None:
        query = query.where(forecast.c.kind == kind)
    if issued_until is not None:
        query = query.where(forecast.c.issued <= issued_until)
    if version is not None:
        query = query.where(forecast.c.version <= version)
    rows = _latest(connection, query.order_by(forecast.c.version), _FORECAST_KEY)
    return [_notice(row) for row in sorted(rows, key=itemgetter("issued", "day"))]


def _notice(row: Row) -> ForecastNotice:
    return ForecastNotice(
        kind=row["kind"],
        pollutant=row["pollutant"],
        issued_at=row["issued"],
        day=from_day_number(row["day"]),
        words=tuple((region, word) for region, word in json.loads(row["words"])),
        overall=row["overall"],
        cause=row["cause"],
        confidence=row["confidence"],
    )


def advisories(
    connection: Connection,
    after: datetime,
    until: datetime,
    *,
    issued_after: datetime | None = None,
    version: int | None = None,
) -> list[Advisory]:
    """Advisories in force at any time of ``after < t <= until``, oldest issue first."""
    begun = issued_after or after - LONGEST
    query = select(advisory).where(advisory.c.issued <= until, advisory.c.issued > begun)
    if version is not None:
        query = query.where(advisory.c.version <= version)
    rows = _latest(connection, query.order_by(advisory.c.version), _ADVISORY_KEY)
    there = [row for row in rows if row["cleared"] is None or row["cleared"] > after]
    order = itemgetter("issued", "district", "zone", "word")
    return [_act(row) for row in sorted(there, key=order)]


def _act(row: Row) -> Advisory:
    return Advisory(
        pollutant=row["pollutant"],
        district=row["district"],
        zone=row["zone"],
        word=row["word"],
        issued_at=row["issued"],
        issue_value=row["issue_value"],
        cleared_at=row["cleared"],
        clear_value=row["clear_value"],
        max_value=row["max_value"],
        number=row["number"],
    )


def newest_forecast(connection: Connection, kind: str) -> datetime | None:
    """When the newest notice of a kind was issued."""
    moment: datetime | None = connection.scalar(
        select(func.max(forecast.c.issued)).where(forecast.c.kind == kind)
    )
    return moment


def newest_advisory(connection: Connection, pollutants: Sequence[str] = ()) -> datetime | None:
    """When the newest advisory of some pollutants (none: of any) was issued."""
    query = select(func.max(advisory.c.issued))
    if pollutants:
        query = query.where(advisory.c.pollutant.in_(pollutants))
    moment: datetime | None = connection.scalar(query)
    return moment


def first_unended(connection: Connection, pollutant: str) -> datetime | None:
    """When the first act of a pollutant was issued that is held as in force, however old.

    None when an end of any act is held: then ends are being read, and none is missing.
    """
    own = select(func.min(advisory.c.issued)).where(advisory.c.pollutant == pollutant)
    if connection.scalar(own.where(advisory.c.cleared.is_not(None))) is not None:
        return None
    first: datetime | None = connection.scalar(own)
    return first


def advisory_span(connection: Connection) -> tuple[datetime, datetime] | None:
    """When the first and the last advisory held were issued."""
    edges = connection.execute(
        select(func.min(advisory.c.issued), func.max(advisory.c.issued))
    ).one()
    return None if edges[0] is None else (edges[0], edges[1])


def forecast_days(connection: Connection) -> tuple[date, date] | None:
    """The first and the last day there is a notice of."""
    edges = connection.execute(select(func.min(forecast.c.day), func.max(forecast.c.day))).one()
    if edges[0] is None:
        return None
    return from_day_number(edges[0]), from_day_number(edges[1])


def forecast_count(connection: Connection, days: tuple[date, date]) -> int:
    """How many contents of notices there are of the days (first, last)."""
    first, last = (day_number(day) for day in days)
    query = select(func.count()).select_from(forecast)
    number = connection.scalar(query.where(forecast.c.day >= first, forecast.c.day <= last))
    return int(number or 0)


def advisory_count(connection: Connection, after: datetime, until: datetime) -> int:
    """How many contents of advisories were issued in ``after < t <= until``."""
    query = select(func.count()).select_from(advisory)
    number = connection.scalar(query.where(advisory.c.issued > after, advisory.c.issued <= until))
    return int(number or 0)


def feed_name(number: int) -> str:
    """The name of a feed by the store's number."""
    return FEED_NAMES[number]

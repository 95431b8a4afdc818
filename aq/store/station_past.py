"""What stations were from which hour on, in memory for one transaction, and back into the store."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from aq.domain.clock import year_hours
from aq.domain.model import URBAN
from aq.domain.networks import listed_networks
from aq.domain.station_history import (
    ALWAYS,
    FOREVER,
    KNOWN,
    Change,
    Period,
    Place,
    Source,
    Span,
    Statement,
    changes,
    merged_spans,
    period_at,
    restated,
    timeline,
)
from aq.feeds.registry import FEED_IDS, FEED_NAMES, INFO
from aq.store.engine import Txn
from aq.store.schema import station, station_feed, station_hour
from aq.store.schema_stations import (
    network_list,
    station_period,
    station_silence,
    station_statement,
)
from aq.store.upsert import as_rows, upsert

# A station that has been silent for this long is not expected any more.
EXPECTED_FOR_HOURS = 7 * 24
Key = tuple[int, int]  # (station, feed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Hours of a station's rows of a feed that count otherwise now; feed 0: it is expected."""

    station: int
    feed: int
    before: Period
    after: Period


class Past:
    """The statements, periods and spans of all stations, for one transaction."""

    def __init__(self, txn: Txn, place: Place) -> None:
        self._txn, self._place = txn, place
        connection = txn.connection
        self._statements = _statements(connection)
        self.spans = spans_of(connection)
        self._listed = _network_lists(connection)
        self._restated: set[Key] = set()
        self._stirred: set[int] = set()  # stations whose periods are made anew
        self.widened: dict[int, list[Span]] = {}  # station -> hours it is newly expected in

    @cached_property
    def periods(self) -> dict[int, dict[int, tuple[Period, ...]]]:
        """The periods of all stations by station and feed; read when they are first asked for."""
        return present_periods(self._txn.connection)

    def names(self) -> Iterable[tuple[str, int]]:
        """(name, station) of every name a station was ever called by."""
        for (number, _), statements in self._statements.items():
            for statement in statements:
                yield statement.name, number

    def period(self, number: int, feed: int, hour: int) -> Period | None:
        """Where a station's reading of a feed counts at an hour."""
        by_feed = self.periods.get(number, {})
        return period_at(by_feed.get(feed) or by_feed.get(KNOWN, ()), hour)

    def sources(self, number: int, listed_at: int | None) -> dict[int, Source]:
        """The station's sources; `listed_at` is the hour a list named it last."""
        found = {}
        for feed in (KNOWN, *(n for n, name in FEED_NAMES.items() if INFO[name].pooled)):
            statements = self._statements.get((number, feed))
            if not statements:
                continue
            spans: Sequence[Span] = self.spans.get((number, feed), ())
            if feed == KNOWN:
                spans = [(statements[0].first, max(listed_at or ALWAYS, statements[-1].first))]
            found[feed] = Source(statements=statements, spans=spans)
        return found

    def say(self, number: int, feed: int, said: Statement, hours: Sequence[int]) -> None:
        """Take up what a source says of a station in its rows of `hours` (in order)."""
        key = number, feed
        held = self._statements.get(key, [])
        statements = restated(held, said, hours, lambda first, last: self._spoken(key, first, last))
        if statements is not held:
            self._statements[key] = list(statements)
            self._restated.add(key)
            self._stirred.add(number)

    def extend(self, feed: int, hours: Mapping[int, Sequence[int]]) -> None:
        """Widen the spans of hours (in order) that stations have rows of a feed in."""
        hulls, silences, awake = [], [], []
        for number, given in hours.items():
            before = self.spans.get((number, feed), [])
            if any(first <= given[0] and given[-1] <= last for first, last in before):
                continue
            after = merged_spans([*before, *_spans(given)], EXPECTED_FOR_HOURS)
            if after == before:
                continue
            self.widened.setdefault(number, []).extend(self._news(number, before, after))
            if len(after) != len(before) or self._contradictory(number):
                self._stirred.add(number)
            if len(after) > 1 or len(before) > 1:
                awake.append(number)
                silences += [
                    {"station": number, "feed": feed, "first_hour": a + 1, "last_hour": b - 1}
                    for (_, a), (b, _) in pairwise(after)
                ]
            self.spans[number, feed] = after
            edges = {"first_hour": after[0][0], "last_hour": after[-1][1]}
            if not before or edges != {"first_hour": before[0][0], "last_hour": before[-1][1]}:
                hulls.append({"station": number, "feed": feed, **edges})
        connection = self._txn.connection
        upsert(connection, station_feed, hulls)
        if awake:
            table = station_silence
            connection.execute(
                delete(table).where(table.c.feed == feed, table.c.station.in_(awake))
            )
        upsert(connection, station_silence, silences)

    def _contradictory(self, number: int) -> bool:
        """Whether it matters which source of a station spoke last."""
        words = [
            statement
            for feed in (KNOWN, *FEED_NAMES)
            for statement in self._statements.get((number, feed), ())
        ]
        return any(
            len({value for word in words if (value := getattr(word, field))}) > 1
            for field in ("network", "sido", "name")
        )

    def _news(self, number: int, before: Sequence[Span], after: Sequence[Span]) -> list[Span]:
        """The hours a station is newly expected in, by any feed."""
        others = [
            span
            for feed in FEED_NAMES
            if self.spans.get((number, feed)) is not before
            for span in self.spans.get((number, feed), ())
        ]
        known = merged_spans(_lasting([*before, *others]), 1)
        found = []
        for first, last in _lasting(after):
            start = first
            for begin, end in known:
                if end < start or begin > last:
                    continue
                if begin > start:
                    found.append((start, begin - 1))
                start = end + 1
            if start <= last:
                found.append((start, last))
        return found

    def stirred(self, codes: Mapping[int, str | None]) -> list[int]:
        """Stations of which more is known than their periods say, and those with hours of no
        known network of which a list may tell; `codes` are the stations' own."""
        table = station_period
        unknown = select(table.c.station).where(table.c.network.is_(None), *_held(None))
        numbers = self._txn.connection.scalars(unknown)
        told = {number for number in numbers if self._listed_hours(codes.get(number))}
        return sorted(self._stirred | told)

    def settle(
        self,
        numbers: Iterable[int],
        listed_at: Mapping[int, int | None],
        codes: Mapping[int, str | None],
    ) -> list[Moved]:
        """Make the periods of stations anew and write what changed; returns the hours of rows that
        count otherwise than before."""
        moved: list[Moved] = []
        for number in numbers:
            sources = self.sources(number, listed_at[number])
            if not sources:
                continue
            before = self.periods.get(number, {})
            after = timeline(sources, self._place, self._listed_hours(codes[number]))
            if before == after:
                continue
            self._write_periods(number, before, after)
            self.periods[number] = after
            moved += [
                Moved(station=number, feed=feed, before=old, after=new)
                for feed, periods in after.items()
                for old, new in changes(before.get(feed, before.get(KNOWN, ())), periods)
            ]
        self._write_statements()
        self._stirred.clear()
        return moved

    def hand_over(self, number: int, to: int) -> None:
        """Give the list's words of a station that turned out to be another one to that one."""
        words = self._statements.pop((number, KNOWN), [])
        for table in (station_statement, station_period):
            self._txn.connection.execute(delete(table).where(table.c.station == number))
        self.periods.pop(number, None)
        self._restated.discard((number, KNOWN))
        self._stirred.discard(number)
        for statement in words:
            self.say(to, KNOWN, statement, [statement.first])

    def learn_lists(self) -> None:
        """Take up the imported lists of networks as they stand now."""
        self._listed = _network_lists(self._txn.connection)

    def stir(self, numbers: Iterable[int]) -> None:
        """Have the periods of stations made anew."""
        self._stirred.update(numbers)

    def _listed_hours(self, code: str | None) -> list[tuple[int, int, str]]:
        """(first hour, last hour, network) of the lists by year; imported ones come first."""
        rows = (*self._listed.get(code or "", ()), *listed_networks().get(code or "", ()))
        return [(year_hours(a)[0], year_hours(b)[1], network) for a, b, network in rows]

    def _spoken(self, key: Key, first: int, last: int) -> list[int]:
        number, feed = key
        table = station_hour
        own = (table.c.station == number, table.c.feed == feed)
        query = select(table.c.hour).where(*own, table.c.hour.between(first, last))
        connection = self._txn.connection
        hours = list(connection.scalars(query.order_by(table.c.hour)))
        following = connection.scalar(
            select(func.min(table.c.hour)).where(*own, table.c.hour > last)
        )
        return hours if following is None else [*hours, following]

    def _write_statements(self) -> None:
        table, connection = station_statement, self._txn.connection
        for number, feed in sorted(self._restated):
            own = (table.c.station == number, table.c.feed == feed)
            connection.execute(delete(table).where(*own))
            rows = [
                {
                    "station": number,
                    "feed": feed,
                    "first_hour": statement.first,
                    "sido": statement.sido,
                    "name": statement.name,
                    "network": statement.network,
                    "address": statement.address,
                }
                for statement in self._statements[number, feed]
            ]
            connection.execute(insert(table), rows)
        self._restated.clear()

    def _write_periods(
        self,
        number: int,
        before: Mapping[int, Sequence[Period]],
        after: Mapping[int, Sequence[Period]],
    ) -> None:
        table, connection, version = station_period, self._txn.connection, self._txn.version
        for feed, periods in after.items():
            old = before.get(feed, ())
            if old == periods:
                continue
            own = (table.c.station == number, table.c.feed == feed, table.c.superseded.is_(None))
            connection.execute(delete(table).where(*own, table.c.version == version))
            connection.execute(update(table).where(*own).values(superseded=version))
            rows = [
                {
                    "station": number,
                    "feed": feed,
                    "first_hour": period.first,
                    "version": version,
                    "last_hour": period.last,
                    "province": period.province,
                    "network": period.network,
                }
                for period in periods
            ]
            connection.execute(insert(table), rows)


def present_periods(
    connection: Connection, as_of: int | None = None, *, station: int | None = None
) -> dict[int, dict[int, tuple[Period, ...]]]:
    """The periods of all stations (or one) by station and feed, as they are or were."""
    table = station_period.c
    facts = (table.first_hour, table.last_hour, table.province, table.network)
    query = select(table.station, table.feed, *facts).where(*_held(as_of))
    if station is not None:
        query = query.where(table.station == station)
    found: dict[int, dict[int, tuple[Period, ...]]] = {}
    order = (table.station, table.feed, table.first_hour)
    for number, feed, *period in connection.execute(query.order_by(*order)).all():
        by_feed = found.setdefault(number, {})
        by_feed[feed] = (*by_feed.get(feed, ()), Period(*period))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class StationAt:
    """A station at an hour: as it is called now, and the network its row counts in."""

    id: int
    name: str
    code: str | None
    network: str | None


def stations_at(
    connection: Connection, province: int, feed: str, hour: int, as_of: int | None = None
) -> list[StationAt]:
    """The stations whose rows of a feed count for a province at an hour, by name."""
    period, number = station_period, FEED_IDS[feed]
    query = (
        select(station.c.id, station.c.name, station.c.code, period.c.network)
        .join_from(period, station, station.c.id == period.c.station)
        .where(
            period.c.feed == number,
            period.c.province == province,
            period.c.first_hour <= hour,
            period.c.last_hour >= hour,
            *_held(as_of),
        )
        .order_by(station.c.name, station.c.id)
    )
    return [StationAt(**row) for row in connection.execute(query).mappings()]


def urban_stations(
    connection: Connection, feed: str, hours: tuple[int, int], as_of: int | None = None
) -> list[tuple[int, int, int, int]]:
    """(station, province, first, last hour) of the stations whose rows of a feed count for the
    mean of a province in some of the hours ``hours[0] < hour <= hours[1]``."""
    period = station_period
    query = select(
        period.c.station, period.c.province, period.c.first_hour, period.c.last_hour
    ).where(
        period.c.feed == FEED_IDS[feed],
        period.c.network == URBAN,
        period.c.province.is_not(None),
        period.c.first_hour <= hours[1],
        period.c.last_hour > hours[0],
        *_held(as_of),
    )
    return [tuple(row) for row in connection.execute(query)]


def _held(as_of: int | None) -> list[ColumnElement[bool]]:
    """The periods that hold now or held at a store version."""
    table = station_period
    if as_of is None:
        return [table.c.superseded.is_(None)]
    later = table.c.superseded.is_(None) | (table.c.superseded > as_of)
    return [table.c.version <= as_of, later]


def changes_of(connection: Connection, number: int) -> list[Change]:
    """How a station became what it is: moved, reclassified, renamed, in the order of time."""
    found = []
    known = present_periods(connection, station=number).get(number, {}).get(KNOWN, ())
    for what in ("province", "network"):
        told = [period for period in known if getattr(period, what) is not None]
        found += [
            Change(hour=new.first, what=what, before=getattr(old, what), after=getattr(new, what))
            for old, new in pairwise(told)
            if getattr(old, what) != getattr(new, what)
        ]
    table = station_statement
    query = select(table.c.first_hour, table.c.name).where(table.c.station == number)
    names = connection.execute(query.order_by(table.c.first_hour, table.c.feed)).all()
    found += [
        Change(hour=new.first_hour, what="name", before=old.name, after=new.name)
        for old, new in pairwise(names)
        if old.name != new.name
    ]
    return sorted(found, key=lambda change: change.hour)


def statements_within(
    connection: Connection, first: int, last: int
) -> list[tuple[int, int, Statement]]:
    """(station, feed, statement) of what feeds said of stations in some hours; a statement holds
    until the next of the same station and feed."""
    found = []
    for (number, feed), statements in _statements(connection).items():
        for place, statement in enumerate(statements):
            following = statements[place + 1].first if place + 1 < len(statements) else FOREVER
            if feed != KNOWN and statement.first <= last and following > first:
                found.append((number, feed, statement))
    return found


def spans_of(connection: Connection) -> dict[Key, list[Span]]:
    """The spans of hours that each station has rows of each feed in, by (station, feed)."""
    table, silent = station_feed, station_silence
    found: dict[Key, list[Span]] = {}
    columns = (table.c.station, table.c.feed, table.c.first_hour, table.c.last_hour)
    for number, feed, first, last in connection.execute(select(*columns)).all():
        found[number, feed] = [(first, last)]
    for row in connection.execute(select(silent).order_by(silent.c.first_hour)):
        spans = found[row.station, row.feed]
        first, last = spans.pop()
        spans += [(first, row.first_hour - 1), (row.last_hour + 1, last)]
    return found


def _spans(hours: Sequence[int]) -> list[Span]:
    return merged_spans([(hour, hour) for hour in hours], EXPECTED_FOR_HOURS)


def _lasting(spans: Iterable[Span]) -> list[Span]:
    """The hours in which a station with these spans is expected."""
    return [(first, min(last + EXPECTED_FOR_HOURS, FOREVER)) for first, last in spans]


def _statements(connection: Connection) -> dict[Key, list[Statement]]:
    table = station_statement.c
    found: dict[Key, list[Statement]] = {}
    facts = (table.first_hour, table.sido, table.name, table.network, table.address)
    query = select(table.station, table.feed, *facts)
    order = (table.station, table.feed, table.first_hour)
    rows = connection.execute(query.order_by(*order)).all()
    for number, feed, first, sido, name, network, address in rows:
        told = Statement(first=first, sido=sido, name=name, network=network, address=address)
        found.setdefault((number, feed), []).append(told)
    return found


def put_network_list(txn: Txn, rows: Mapping[tuple[str, int], str], source: str) -> int:
    """Keep the network of stations (by code) in a year; returns how many are new or another."""
    table = network_list
    held = {(r.code, r.year): r.network for r in txn.connection.execute(select(table))}
    fresh = [
        {"code": code, "year": year, "network": network, "source": source}
        for (code, year), network in rows.items()
        if held.get((code, year)) != network
    ]
    upsert(txn.connection, table, fresh)
    return len(fresh)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A station with rows of a feed that count for no mean: nothing tells its network."""

    name: str
    code: str | None
    rows: int


def unknown_networks(
    connection: Connection, feed: str, first: int = ALWAYS, last: int = FOREVER
) -> list[Unknown]:
    """The stations with hours from `first` to `last` of no known network, the most rows first."""
    period, hour, number = station_period, station_hour, FEED_IDS[feed]
    query = (
        select(station.c.name, station.c.code, func.count().label("rows"))
        .join_from(period, station, station.c.id == period.c.station)
        .join(hour, hour.c.station == period.c.station)
        .where(
            period.c.feed == number,
            period.c.superseded.is_(None),
            period.c.network.is_(None),
            hour.c.feed == number,
            hour.c.hour.between(period.c.first_hour, period.c.last_hour),
            hour.c.hour.between(first, last),
        )
        .group_by(station.c.id, station.c.name, station.c.code)
        .order_by(func.count().desc(), station.c.name)
    )
    return [Unknown(**row) for row in connection.execute(query).mappings()]


def _network_lists(connection: Connection) -> dict[str, list[tuple[int, int, str]]]:
    found: dict[str, list[tuple[int, int, str]]] = {}
    for row in as_rows(connection.execute(select(network_list))):
        found.setdefault(row["code"], []).append((row["year"], row["year"], row["network"]))
    return found

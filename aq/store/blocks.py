"""Hours of provinces or of stations in one shape, as of any store version, in blocks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Select, Table, case, func, select, union_all

from aq.domain.model import HourMean, ProvinceHour, StationHour
from aq.domain.pollutants import KEYS
from aq.domain.station_history import KNOWN
from aq.feeds.registry import FEED_IDS, FEED_NAMES
from aq.store.archive import months as retained
from aq.store.schema import (
    province_hour,
    province_hour_rev,
    state,
    station,
    station_feed,
    station_hour,
    station_hour_rev,
)
from aq.store.station_past import present_periods

Row = Any
Parts = tuple[tuple[Table, Table], Callable[[Table], Select[Any]]]
# Cells before a block's pollutants, of which each has three.
HEAD, EACH = 5, 3


def current_version(connection: Connection) -> int:
    """The store version this transaction sees."""
    return int(connection.scalar(select(state.c.version).where(state.c.id == 1)) or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StationPlace:
    """A station for as long as its rows count for one province and network.

    `spans` holds the (first, last) hours of that by feed id; None where it was so in every hour.
    """

    id: int
    name: str
    code: str | None
    province: int
    network: str | None
    spans: Mapping[int, Sequence[tuple[int, int]]] | None

    def holds(self, feed: int, hour: int) -> bool:
        """Whether a feed's row of an hour counts here."""
        if self.spans is None:
            return True
        return any(first <= hour <= last for first, last in self.spans.get(feed, ()))


def stations_of(
    connection: Connection, provinces: Iterable[int], as_of: int | None = None
) -> list[StationPlace]:
    """The stations that ever counted for some provinces, in no order: one that moved, or became
    another network's, is there once for each."""
    wanted = set(provinces)
    periods = present_periods(connection, as_of)
    query = select(
        station.c.id, station.c.province, station.c.name, station.c.code, station.c.network
    )
    found = []
    for row in connection.execute(query):
        places: dict[tuple[int | None, str | None], dict[int, list[tuple[int, int]]]] = {}
        by_feed = periods.get(row.id, {})
        for feed, parts in by_feed.items():
            for period in parts if feed != KNOWN or len(by_feed) == 1 else ():
                spans = places.setdefault((period.province, period.network), {})
                spans.setdefault(feed, []).append((period.first, period.last))
        if not places:
            places = {(row.province, row.network): {}}
        found += [
            StationPlace(
                id=row.id,
                name=row.name,
                code=row.code,
                province=province,
                network=network,
                spans=spans if len(places) > 1 else None,
            )
            for (province, network), spans in places.items()
            if province in wanted and province is not None
        ]
    return found


def station_span(connection: Connection, stations: Iterable[int]) -> tuple[int, int] | None:
    """(first, last) hour any feed has of some stations; None for no hour."""
    table = station_feed
    query = select(func.min(table.c.first_hour), func.max(table.c.last_hour))
    first, last = connection.execute(query.where(table.c.station.in_(list(stations)))).one()
    return None if first is None else (first, last)


def province_span(connection: Connection, provinces: Iterable[int]) -> tuple[int, int] | None:
    """(first, last) hour any feed has of some provinces; None for no hour."""
    table = province_hour
    edges: list[int] = []
    for number in provinces:  # one by one, each is a look at an end of the clustered index
        for edge in (func.min(table.c.hour), func.max(table.c.hour)):
            hour = connection.scalar(select(edge).where(table.c.province == number))
            edges += [] if hour is None else [hour]
    return (min(edges), max(edges)) if edges else None


def province_block(
    connection: Connection,
    provinces: Iterable[int],
    keys: Sequence[str],
    feeds: Iterable[str],
    after: int,
    until: int,
    as_of: int | None,
) -> Sequence[Row]:
    """Province hours with ``after < hour <= until`` as rows of place, hour, feed id, why (JSON
    {pollutant: reason}), version and per pollutant sum, n and exp; by place, hour and feed."""
    return read(connection, *province_part(keys), provinces, feeds, (after, until), as_of)


def province_part(keys: Sequence[str]) -> Parts:
    """The tables of province hours, and what a `province_block` asks of either."""

    def part(table: Table) -> Select[Any]:
        columns = [table.c[f"{key}_{what}"] for key in keys for what in ("sum", "n", "exp")]
        head = (table.c.province, table.c.hour, table.c.feed, table.c.why, table.c.version)
        return select(*head, *columns)

    return (province_hour, province_hour_rev), part


def province_hours(rows: Iterable[Sequence[Any]], keys: Sequence[str]) -> list[ProvinceHour]:
    """The rows of a `province_block` of some pollutants as nouns."""
    parts = [(key, slice(HEAD + EACH * n, HEAD + EACH * (n + 1))) for n, key in enumerate(keys)]
    new, names = tuple.__new__, FEED_NAMES  # as `_make`, of cells that are known to be enough
    return [
        new(
            ProvinceHour,
            (
                row[0],
                row[1],
                names[row[2]],
                {key: new(HourMean, row[part]) for key, part in parts},
                row[3],
                row[4],
                None,
            ),
        )
        for row in rows
    ]


def station_hours(rows: Iterable[Sequence[Any]], keys: Sequence[str]) -> list[StationHour]:
    """The rows of a `station_block` of some pollutants as nouns."""
    parts = [(key, HEAD + EACH * n) for n, key in enumerate(keys)]
    return [
        StationHour(
            row[0],
            row[1],
            FEED_NAMES[row[2]],
            {key: HourMean(row[at], row[at + 1]) for key, at in parts},
            row[3],
            {key: row[at + 2] for key, at in parts},
            row[4],
        )
        for row in rows
    ]


def station_block(
    connection: Connection,
    stations: Iterable[int],
    keys: Sequence[str],
    feeds: Iterable[str],
    after: int,
    until: int,
    as_of: int | None,
) -> Sequence[Row]:
    """Station hours in the shape of `province_block`: a value that counts has n 1.

    `why` are the flags; a pollutant's third cell is its raw value, counting or not. Archived months
    are read from their files; raises `ArchiveError` where one cannot be.
    """
    numbers, names = list(stations), list(feeds)
    rows = read(connection, *station_part(keys), numbers, names, (after, until), as_of)
    archived = retained.station_block(connection, numbers, keys, names, after, until, as_of)
    return sorted([*rows, *archived], key=itemgetter(0, 1, 2)) if archived else rows


def station_part(keys: Sequence[str]) -> Parts:
    """The tables of station hours, and what a `station_block` asks of either."""

    def part(table: Table) -> Select[Any]:
        columns: list[Any] = []
        for key in keys:
            value, bit = table.c[key], 1 << KEYS.index(key)
            counts = value.is_not(None) & (table.c.bad.bitwise_and(bit) == 0)
            columns += [case((counts, value), else_=0), case((counts, 1), else_=0), value]
        head = (table.c.station, table.c.hour, table.c.feed, table.c.flags, table.c.version)
        return select(*head, *columns)

    return (station_hour, station_hour_rev), part


def read(
    connection: Connection,
    tables: tuple[Table, Table],
    part: Callable[[Table], Select[Any]],
    places: Iterable[int],
    feeds: Iterable[str],
    hours: tuple[int, int],
    as_of: int | None,
) -> Sequence[Row]:
    """Rows of the present table; as of a version also of its history, where replaced later. By
    place, hour and feed."""
    numbers, feed_ids = list(places), [FEED_IDS[name] for name in feeds]

    def within(table: Table) -> Select[Any]:
        return part(table).where(
            table.c[place].in_(numbers),
            table.c.hour > hours[0],
            table.c.hour <= hours[1],
            table.c.feed.in_(feed_ids),
        )

    table, history = tables
    place = next(iter(table.primary_key)).name
    if as_of is None:
        order = (table.c[place], table.c.hour, table.c.feed)
        return connection.execute(within(table).order_by(*order)).all()
    present = within(table).where(table.c.version <= as_of)
    then = within(history).where(history.c.version <= as_of, history.c.superseded > as_of)
    rows = connection.execute(union_all(present, then)).all()
    return sorted(rows, key=itemgetter(0, 1, 2))

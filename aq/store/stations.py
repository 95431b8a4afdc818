"""Stations: who is who, what each is now, and which of them are expected in an hour."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, delete, insert, select, update

from aq.domain.clock import floor_hour, hour_number
from aq.domain.errors import StoreError
from aq.domain.model import URBAN, Station
from aq.domain.pollutants import KEYS
from aq.domain.provinces import GWANGJU, JEONNAM, MERGED_NAMES, Province
from aq.domain.station_history import KNOWN, Statement, present
from aq.feeds.registry import FEED_NAMES
from aq.store.engine import Txn
from aq.store.schema import station as station_table
from aq.store.schema import station_feed
from aq.store.station_past import EXPECTED_FOR_HOURS, Moved, Past, present_periods
from aq.store.upsert import Row, as_rows

MOST_STATIONS = 10_000  # of all years and sources together; a page lists them all
_MERGED_IDS = frozenset({GWANGJU.id, JEONNAM.id})

# (sido, name, address) -> province or None; `province_of` with the known names bound.
ProvinceRule = Callable[[str, str, str | None], Province | None]
KeptStation = Any  # a row of the station table
Slot = tuple[int, int]  # (province id, hour number)
Numbers = NDArray[np.integer[Any]]


class Directory:
    """All stations of the store in memory, for one transaction.

    The rows of the station table say what a station is now; what it was is in `past`.
    """

    def __init__(self, txn: Txn, rule: ProvinceRule) -> None:
        self._txn, self._rule = txn, rule
        rows = as_rows(txn.connection.execute(select(station_table)))
        self._rows: dict[int, Row] = {row["id"]: row for row in rows}
        self._by_code = {row["code"]: row["id"] for row in self._rows.values() if row["code"]}
        self.past = Past(txn, self._place)
        self._by_name: dict[str, list[int]] = {}
        for name, number in (*((row["name"], row["id"]) for row in rows), *self.past.names()):
            self._name(name, number)
        # (station numbers, hours) written, by feed: what is pooled anew
        self.touched: dict[int, list[tuple[NDArray[np.int32], NDArray[np.int32]]]] = {}

    def items(self, number: int) -> frozenset[str] | None:
        """Pollutants the station list says it measures; None when the list does not say."""
        text: str | None = self._rows[number]["items"]
        return None if text is None else frozenset(text.split())

    def unplaced(self) -> list[str]:
        """Names of stations that no rule gives a province; they count for none."""
        return [row["name"] for row in self._rows.values() if row["province"] is None]

    def resolve(self, stations: Iterable[Station], *, listed: bool = False) -> list[int]:
        """The id of each station, found or made; new facts are kept, known ones never blanked.

        `listed` marks them as named by the station list at the transaction's time.
        """
        known: dict[int, tuple[Station, int]] = {}  # by object, which is quicker than by its facts
        ids: list[int] = []
        for station in stations:
            met = known.get(id(station))
            if met is None:
                met = known[id(station)] = station, self._one(station, listed)
            ids.append(met[1])
        return ids

    def heard(self, feed: int, number: int, station: Station, hours: Sequence[int]) -> None:
        """Take up what the rows of some hours (in order) say of their station."""
        self.past.say(number, feed, _statement(station), hours)

    def touch(
        self, feed: int, numbers: Sequence[int] | Numbers, hours: Sequence[int] | Numbers
    ) -> None:
        """Remember rows that were written: their province hours are pooled anew."""
        if len(numbers):
            pair = np.asarray(numbers, np.int32), np.asarray(hours, np.int32)
            self.touched.setdefault(feed, []).append(pair)

    def slots(self) -> dict[int, set[Slot]]:
        """By feed the province hours that the rows written in this transaction count for."""
        found: dict[int, set[Slot]] = {}
        for feed, batches in self.touched.items():
            numbers = np.concatenate([numbers for numbers, _ in batches])
            hours = np.concatenate([hours for _, hours in batches])
            order = np.argsort(numbers, kind="stable")
            edges = np.flatnonzero(np.diff(numbers[order])) + 1
            by_province: dict[int, list[Any]] = {}
            for group in np.split(order, edges):
                by_feed = self.past.periods.get(int(numbers[group[0]]), {})
                own = hours[group]
                for period in by_feed.get(feed) or by_feed.get(KNOWN, ()):
                    if period.province is not None:
                        inside = own[(own >= period.first) & (own <= period.last)]
                        by_province.setdefault(period.province, []).append(inside)
            found[feed] = {
                (province, hour)
                for province, parts in by_province.items()
                for hour in np.unique(np.concatenate(parts)).tolist()
            }
        return found

    def widened(self, moved: Iterable[Moved]) -> list[tuple[int, int, int]]:
        """(province, first hour, last hour) in which other stations are expected than before."""
        found = [
            (period.province, max(first, period.first), min(last, period.last))
            for number, spans in self.past.widened.items()
            for period in self.past.periods.get(number, {}).get(KNOWN, ())
            for first, last in spans
            if period.province is not None and period.first <= last and period.last >= first
        ]
        for each in moved:
            first, last = each.after.first, each.after.last
            for name in FEED_NAMES:
                for begin, end in self.past.spans.get((each.station, name), ()):
                    hours = max(begin, first), min(end + EXPECTED_FOR_HOURS, last)
                    found += [
                        (province, *hours)
                        for province in {each.before.province, each.after.province}
                        if province is not None and hours[0] <= hours[1]
                    ]
        self.past.widened.clear()
        return found

    def code_of(self, station: Station) -> str | None:
        """The code of a station that is known by its name and province."""
        number = self._find(station)
        return None if number is None else self._rows[number]["code"]

    def stir(self, codes: Iterable[str]) -> None:
        """Look anew at where the rows of stations count of which a list told something."""
        numbers = (self._by_code.get(code) for code in codes)
        self.past.stir(number for number in numbers if number is not None)

    def settle(self) -> list[Moved]:
        """Bring what is known of stations in line with what was said in this transaction.

        Returns the hours of rows that count otherwise than before.
        """
        listed_at = {number: _hour(row["listed_at"]) for number, row in self._rows.items()}
        codes = {number: row["code"] for number, row in self._rows.items()}
        stirred = self.past.stirred(codes)
        moved = self.past.settle(stirred, listed_at, codes)
        for number in stirred:
            self._bring_up_to_date(number, listed_at[number])
        return moved

    def expected(self, feed: int, block: set[Slot]) -> dict[Slot, dict[str, int]]:
        """Urban stations expected per slot and pollutant: those that any observing feed had a row
        of within the week before, and that counted for the province then."""
        grid = {
            province: np.array(sorted({hour for where, hour in block if where == province}))
            for province in {where for where, _ in block}
        }
        counts = {
            province: {key: np.zeros(len(hours), np.int64) for key in KEYS}
            for province, hours in grid.items()
        }
        ends = [hour for _, hour in block]
        for number, by_feed in self.past.periods.items():
            spans = [s for n in FEED_NAMES for s in self.past.spans.get((number, n), ())]
            keys = self.items(number)
            for period in by_feed.get(feed) or by_feed.get(KNOWN, ()):
                hours = grid.get(period.province or 0)
                if hours is None or period.network != URBAN:
                    continue
                if period.first > max(ends) or period.last < min(ends):
                    continue
                here = np.zeros(len(hours), np.bool_)
                for first, last in spans:
                    here |= (hours >= first) & (hours <= last + EXPECTED_FOR_HOURS)
                here &= (hours >= period.first) & (hours <= period.last)
                for key in KEYS:
                    if keys is None or key in keys:
                        counts[period.province or 0][key] += here
        return {
            (province, int(hour)): {key: int(counts[province][key][at]) for key in KEYS}
            for province, hours in grid.items()
            for at, hour in enumerate(hours)
            if (province, int(hour)) in block
        }

    def _place(self, sido: str, name: str, address: str | None) -> int | None:
        found = self._rule(sido, name, address)
        return found.id if found else None

    def _name(self, name: str, number: int) -> None:
        numbers = self._by_name.setdefault(name, [])
        if number not in numbers:
            numbers.append(number)

    def _one(self, station: Station, listed: bool) -> int:
        number = self._find(station)
        facts = self._facts(station, listed)
        if number is None:
            placed = self._place(station.sido, station.name, station.address)
            number = self._insert({**facts, "province": placed})
        else:
            self._absorb(number, station)
            self._learn(number, facts)
        self._name(station.name, number)
        if listed:
            hour = hour_number(floor_hour(self._txn.now))
            self.past.say(number, KNOWN, _statement(station), [hour])
        return number

    def _learn(self, number: int, facts: Row) -> None:
        """Keep what is new of a station apart from what it is at an hour."""
        names = ("code", "latitude", "longitude", "year", "items", "listed_at")
        row = self._rows[number]
        self._update(number, {n: facts[n] for n in names if facts[n] not in (None, row[n])})

    def _bring_up_to_date(self, number: int, listed_at: int | None) -> None:
        """Have a station's row say what it is now: of each fact what was said last."""
        said = present(self.past.sources(number, listed_at))
        if said is None:
            return
        now = self.past.periods[number][KNOWN][-1]
        row = self._rows[number]
        facts = {
            "name": said.name,
            "sido": said.sido or row["sido"],
            "address": said.address or row["address"],
            "network": now.network,
            "province": now.province,
        }
        self._update(number, {n: value for n, value in facts.items() if value != row[n]})

    def _update(self, number: int, changed: Row) -> None:
        if changed:
            where = station_table.c.id == number
            self._txn.connection.execute(update(station_table).where(where).values(changed))
            self._rows[number].update(changed)
            if "code" in changed:
                self._by_code[changed["code"]] = number

    def _find(self, station: Station) -> int | None:
        if station.code and station.code in self._by_code:
            found: int = self._by_code[station.code]
            return found
        candidates = [
            number
            for number in self._by_name.get(station.name, ())
            if not (station.code and self._rows[number]["code"])
        ]
        # Those that are called so now come before those that were.
        candidates.sort(key=lambda number: self._rows[number]["name"] != station.name)
        if not station.sido and not station.address:
            return candidates[0] if len(candidates) == 1 else None
        province = self._rule(station.sido, station.name, station.address)
        return next((n for n in candidates if self._agree(n, station, province)), None)

    def _agree(self, number: int, station: Station, province: Province | None) -> bool:
        """Whether a kept station of the same name is this one: same label, or same province at
        some time."""
        row = self._rows[number]
        if province is None or row["province"] is None:
            merged = row["sido"] in MERGED_NAMES or station.sido in MERGED_NAMES
            near = {row["province"], province.id if province else None} <= {None, *_MERGED_IDS}
            return row["sido"] == station.sido or (merged and near)
        periods = self.past.periods.get(number, {}).get(KNOWN, ())
        return province.id in {row["province"], *(period.province for period in periods)}

    def _absorb(self, number: int, station: Station) -> None:
        """Make one of two: a station without a code that only lists named, and the coded one that
        turns out to be called so."""
        if not station.code:
            return
        for other in [n for n in self._by_name.get(station.name, ()) if n != number]:
            row = self._rows[other]
            heard = any((other, feed) in self.past.spans for feed in FEED_NAMES)
            province = self._rule(station.sido, station.name, station.address)
            if row["code"] or heard or not self._agree(other, station, province):
                continue
            self.past.hand_over(other, number)
            self._txn.connection.execute(delete(station_table).where(station_table.c.id == other))
            self._by_name[station.name].remove(other)
            self._learn(number, self._rows.pop(other))

    def _facts(self, station: Station, listed: bool) -> dict[str, Any]:
        return {
            "code": station.code,
            "sido": station.sido,
            "name": station.name,
            "network": station.network,
            "address": station.address,
            "latitude": station.latitude,
            "longitude": station.longitude,
            "year": station.year,
            "items": None if station.items is None else " ".join(station.items),
            "listed_at": self._txn.now if listed else None,
        }

    def _insert(self, facts: dict[str, Any]) -> int:
        if len(self._rows) >= MOST_STATIONS:
            raise StoreError(
                f"the store has {len(self._rows):,} stations, of which Korea has 700:"
                f" {facts['name']!r} and what came with it is not taken. A source invents names"
            )
        statement = insert(station_table).values(facts).returning(station_table.c.id)
        number: int = self._txn.connection.execute(statement).scalar_one()
        self._rows[number] = {**facts, "id": number}
        if facts["code"]:
            self._by_code[facts["code"]] = number
        return number


def _statement(station: Station) -> Statement:
    return Statement(
        first=0,
        sido=station.sido,
        name=station.name,
        network=station.network,
        address=station.address,
    )


def _hour(moment: Any) -> int | None:
    return None if moment is None else hour_number(floor_hour(moment))


def reported_ranges(connection: Connection, feed: int) -> dict[int, tuple[int, int]]:
    """(first, last) hour with a row of this feed, by station."""
    table = station_feed
    query = select(table.c.station, table.c.first_hour, table.c.last_hour)
    rows = connection.execute(query.where(table.c.feed == feed))
    return {number: (first, last) for number, first, last in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A station as it is now, but for its network, which is the one of an hour."""

    id: int
    name: str
    code: str | None
    network: str | None
    address: str | None
    latitude: float | None
    longitude: float | None
    year: int | None
    items: str | None


def stations_in(
    connection: Connection, province: int, first: int, last: int, as_of: int | None = None
) -> list[Listed]:
    """The stations that counted for a province at some hour from `first` to `last`, by name, with
    the network of the newest such hour."""
    networks: dict[int, str | None] = {}
    for number, by_feed in present_periods(connection, as_of).items():
        there = [
            (period.last, feed != KNOWN, period.network)
            for feed, periods in by_feed.items()
            for period in periods
            if period.province == province and period.first <= last and period.last >= first
        ]
        if there:
            networks[number] = max(there, key=lambda period: period[:2])[2]
    facts = ("id", "name", "code", "address", "latitude", "longitude", "year", "items")
    query = select(*(station_table.c[name] for name in facts)).order_by(
        station_table.c.name, station_table.c.id
    )
    return [
        Listed(**row, network=networks[row["id"]])
        for row in connection.execute(query).mappings()
        if row["id"] in networks
    ]


def stations_of(connection: Connection, province: int | None = None) -> Sequence[KeptStation]:
    """Stations as they are now, of one province or all, by name."""
    query = select(station_table).order_by(
        station_table.c.province, station_table.c.name, station_table.c.id
    )
    if province is not None:
        query = query.where(station_table.c.province == province)
    return connection.execute(query).all()

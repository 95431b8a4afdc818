"""Stations: who is who, which province they count for, and between which hours they reported."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from aq.domain.errors import StoreError
from aq.domain.model import URBAN, Station
from aq.domain.provinces import GWANGJU, JEONNAM, MERGED_NAMES, Province
from aq.store.engine import Txn
from aq.store.schema import station, station_feed
from aq.store.upsert import Row, as_rows, upsert

# A station that has been silent for this long is not expected any more.
EXPECTED_FOR_HOURS = 7 * 24
MOST_STATIONS = 10_000  # of all years and sources together; a page lists them all
_MERGED_IDS = frozenset({GWANGJU.id, JEONNAM.id})

# (sido, name, address) -> province or None; `province_of` with the known names bound.
ProvinceRule = Callable[[str, str, str | None], Province | None]
KeptStation = Any  # a row of the station table


class Directory:
    """All stations of the store in memory, for one transaction.

    `moved` are those whose province or network became another in it, with the province they
    counted for before.
    """

    def __init__(self, txn: Txn, rule: ProvinceRule) -> None:
        self._txn, self._rule = txn, rule
        self.moved: dict[int, int | None] = {}
        rows = as_rows(txn.connection.execute(select(station)))
        self._rows: dict[int, Row] = {row["id"]: row for row in rows}
        self._by_code = {row["code"]: row["id"] for row in self._rows.values() if row["code"]}
        self._by_name: dict[str, list[int]] = {}
        for number, row in self._rows.items():
            self._by_name.setdefault(row["name"], []).append(number)

    def province(self, number: int) -> int | None:
        """The province id 1-17 a station counts for."""
        found: int | None = self._rows[number]["province"]
        return found

    def network(self, number: int) -> str | None:
        """The station's network (mangName)."""
        found: str | None = self._rows[number]["network"]
        return found

    def items(self, number: int) -> frozenset[str] | None:
        """Pollutants the station list says it measures; None when the list does not say."""
        text: str | None = self._rows[number]["items"]
        return None if text is None else frozenset(text.split())

    def urban(self) -> Iterator[tuple[int, int]]:
        """(station, province) of the stations that count for a province mean."""
        for number, row in self._rows.items():
            if row["network"] == URBAN and row["province"] is not None:
                yield number, row["province"]

    def unplaced(self) -> list[str]:
        """Names of stations that no rule gives a province; they count for none."""
        return [row["name"] for row in self._rows.values() if row["province"] is None]

    def resolve(self, stations: Iterable[Station], *, listed: bool = False) -> list[int]:
        """The id of each station, found or made; new facts are kept, known ones never blanked.

        `listed` marks them as named by the station list at the transaction's time.
        """
        known: dict[int, tuple[Station, int]] = {}  # by object, which is quicker than by its facts
        ids: list[int] = []
        for one in stations:
            met = known.get(id(one))
            if met is None:
                met = known[id(one)] = one, self._one(one, listed)
            ids.append(met[1])
        return ids

    def _one(self, one: Station, listed: bool) -> int:
        number = self._find(one)
        facts = self._facts(one, listed)
        if number is None:
            return self._insert({**facts, "province": self._province(facts)})
        row = self._rows[number]
        changed = {
            name: value for name, value in facts.items() if value is not None and value != row[name]
        }
        if row["sido"] and one.sido not in MERGED_NAMES:
            changed.pop("sido", None)  # the label of today outlives older files
        province = self._province({**row, **changed} if changed else row)
        if province is not None and province != row["province"]:
            changed["province"] = province
        if not changed:
            return number
        if {"province", "network"} & set(changed):
            self.moved.setdefault(number, row["province"])
        where = station.c.id == number
        self._txn.connection.execute(update(station).where(where).values(changed))
        row.update(changed)
        if row["code"]:
            self._by_code[row["code"]] = number
        return number

    def _find(self, one: Station) -> int | None:
        if one.code and one.code in self._by_code:
            found: int = self._by_code[one.code]
            return found
        candidates = [
            number
            for number in self._by_name.get(one.name, ())
            if not (one.code and self._rows[number]["code"])
        ]
        if not one.sido and not one.address:
            return candidates[0] if len(candidates) == 1 else None
        province = self._rule(one.sido, one.name, one.address)
        return next((n for n in candidates if self._agree(self._rows[n], one, province)), None)

    @staticmethod
    def _agree(row: dict[str, Any], one: Station, province: Province | None) -> bool:
        """Whether a kept station of the same name is this one: same label, or same province."""
        if province is None or row["province"] is None:
            merged = row["sido"] in MERGED_NAMES or one.sido in MERGED_NAMES
            near = {row["province"], province.id if province else None} <= {None, *_MERGED_IDS}
            return row["sido"] == one.sido or (merged and near)
        return bool(row["province"] == province.id)

    def _province(self, facts: dict[str, Any]) -> int | None:
        found = self._rule(facts["sido"], facts["name"], facts["address"])
        return found.id if found else None

    def _facts(self, one: Station, listed: bool) -> dict[str, Any]:
        return {
            "code": one.code,
            "sido": one.sido,
            "name": one.name,
            "network": one.network,
            "address": one.address,
            "latitude": one.latitude,
            "longitude": one.longitude,
            "year": one.year,
            "items": None if one.items is None else " ".join(one.items),
            "listed_at": self._txn.now if listed else None,
        }

    def _insert(self, facts: dict[str, Any]) -> int:
        if len(self._rows) >= MOST_STATIONS:
            raise StoreError(
                f"the store has {len(self._rows):,} stations, of which Korea has 700:"
                f" {facts['name']!r} and what came with it is not taken. A source invents names"
            )
        statement = insert(station).values(facts).returning(station.c.id)
        number: int = self._txn.connection.execute(statement).scalar_one()
        self._rows[number] = {**facts, "id": number}
        if facts["code"]:
            self._by_code[facts["code"]] = number
        self._by_name.setdefault(facts["name"], []).append(number)
        return number


def extend_ranges(connection: Connection, feed: int, hours: dict[int, tuple[int, int]]) -> None:
    """Widen each station's (first, last) reported hour for a feed."""
    before = reported_ranges(connection, feed)
    rows = []
    for number, (first, last) in hours.items():
        known = before.get(number)
        wide = (min(first, known[0]), max(last, known[1])) if known else (first, last)
        if wide != known:
            rows.append(
                {"station": number, "feed": feed, "first_hour": wide[0], "last_hour": wide[1]}
            )
    upsert(connection, station_feed, rows)


def reported_ranges(connection: Connection, feed: int) -> dict[int, tuple[int, int]]:
    """(first, last) hour with a row of this feed, by station."""
    table = station_feed
    query = select(table.c.station, table.c.first_hour, table.c.last_hour)
    rows = connection.execute(query.where(table.c.feed == feed))
    return {number: (first, last) for number, first, last in rows}


def stations_of(connection: Connection, province: int | None = None) -> Sequence[KeptStation]:
    """Stations as kept, of one province or all, by name."""
    query = select(station).order_by(station.c.province, station.c.name, station.c.id)
    if province is not None:
        query = query.where(station.c.province == province)
    return connection.execute(query).all()

"""The rows of single hours, each from the most preferred feed that has a value for it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from aq.clock import from_hour_number, kst_iso
from aq.export.grading import NOT_ENOUGH, NOT_MEASURED, absence, scaled_text, share_text
from aq.export.source import (
    Cells,
    Moment,
    Place,
    Reader,
    Row,
    Series,
    head_cells,
    tail_cells,
)
from aq.feeds.infos import INFO
from aq.schema import FEED_IDS
from aq.units import mean_half_up, pollutants
from aq.windows import OVERALL

# Under half of the expected stations a province mean is thin.
THIN_PARTS = 2
Feeds = list[tuple[str, Series]]
NO_STATIONS = (None, None, None, None)
NO_REASON = (None, None)
REMEMBERED = 20_000


def hour_moments(reader: Reader) -> Iterator[Moment]:
    """Every hour of the range, with the rows the store has of it."""
    prefer = [(name, FEED_IDS[name]) for name in reader.asked.prefer]
    parts = _Parts(reader)
    for (after, until), series in reader.blocks():
        by_place: list[tuple[Place, Feeds]] = [
            (place, [(name, series[place.id, n]) for name, n in prefer if (place.id, n) in series])
            for place in reader.places
        ]
        for hour in range(after + 1, until + 1):
            at = (kst_iso(from_hour_number(hour)),)
            rows: list[Row] = []
            for place, feeds in by_place:
                there = [(name, series) for name, series in feeds if hour in series]
                if there:
                    for key in reader.asked.keys:
                        feed, cells = parts.of(key, there, hour)
                        rows.append((parts.head(place, feed, key), at, *cells))
            yield Moment(at[0], rows, reader.done(hour))


class _Parts:
    """The parts of rows, each made once: few distinct ones occur in a long answer."""

    def __init__(self, reader: Reader) -> None:
        self.reader, self.grader = reader, reader.grader
        self._heads: dict[tuple[int, str, str], Cells] = {}
        self._plain: dict[tuple[Any, ...], tuple[Cells, Cells]] = {}

    def head(self, place: Place, feed: str, key: str) -> Cells:
        """The cells that name place and pollutant."""
        asked = (place.id, feed, key)
        found = self._heads.get(asked)
        if found is None:
            found = self._heads[asked] = head_cells(place, feed, key)
        return found

    def of(self, key: str, feeds: Feeds, hour: int) -> tuple[str, tuple[Cells, Cells]]:
        """Feed, and value with grade and source, of the first feed with a value that counts, else
        of the first there is."""
        if key not in self.grader.plain:
            return self._made(key, feeds, hour)
        at = self.grader.at[key]
        for feed, series in feeds:
            row = series[hour]
            heard = row[at + 1]
            if heard:
                asked = (key, feed, mean_half_up(row[at], heard), heard, row[at + 2])
                found = self._plain.get(asked)
                if found is None:
                    if len(self._plain) >= REMEMBERED:
                        self._plain.clear()
                    found = self._plain[asked] = self._made(key, [(feed, series)], hour)[1]
                return feed, found
        return self._made(key, feeds, hour)

    def _made(self, key: str, feeds: Feeds, hour: int) -> tuple[str, tuple[Cells, Cells]]:
        for feed, series in feeds:
            shown = self.grader.hour(key, series, hour)
            if shown is not None:
                stations = _stations(self.reader, feed, series[hour], key)
                return feed, (shown.cells, tail_cells(feed, NO_REASON, stations))
        feed, series = feeds[0]
        cells, why = _nothing(self.reader, key, series[hour])
        return feed, (cells, tail_cells(feed, why, _stations(self.reader, feed, series[hour], key)))


def _nothing(reader: Reader, key: str, row: Any) -> tuple[Cells, tuple[str | None, str | None]]:
    """Cells and (flag, reason) of an hour without a value that counts.

    A station's number that came with a flag is printed beside its flag, without a grade.
    """
    plain = key in reader.grader.plain
    raw = getattr(row, key) if plain and reader.asked.level == "station" else None
    value = None if raw is None else scaled_text(raw, pollutants()[key])
    return reader.grader.cells(key, value), absence(row, key, NOT_MEASURED if plain else NOT_ENOUGH)


def _stations(reader: Reader, feed: str, row: Any, key: str) -> Cells:
    """Stations heard and expected in the hour, their share, and whether that is thin."""
    if key == OVERALL or reader.asked.level == "station" or not INFO[feed].pooled:
        return NO_STATIONS
    at = reader.grader.at[key]
    return _heard(row[at + 1], row[at + 2])


@cache
def _heard(heard: int, expected: int | None) -> Cells:
    if not expected:
        return heard, expected, None, None
    thin = bool(heard) and THIN_PARTS * heard < expected
    return heard, expected, share_text(heard, expected), thin

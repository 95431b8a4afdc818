"""The rows of single hours, each from the most preferred feed that has a value for it."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from aq.clock import from_hour_number, kst_iso
from aq.export.grading import NOT_ENOUGH, NOT_MEASURED, absence, scaled_text, share_text
from aq.export.source import Moment, Place, Reader, Row, Series, source_cells
from aq.feeds.infos import INFO
from aq.schema import FEED_IDS
from aq.units import pollutants
from aq.windows import OVERALL

# Under half of the expected stations a province mean is thin.
THIN_PARTS = 2
Feeds = list[tuple[str, Series]]
NO_STATIONS = (None, None, None, None)


def hour_moments(reader: Reader) -> Iterator[Moment]:
    """Every hour of the range, with the rows the store has of it."""
    prefer = [(name, FEED_IDS[name]) for name in reader.asked.prefer]
    for (after, until), series in reader.blocks():
        by_place: list[tuple[Place, Feeds]] = [
            (place, [(name, series[place.id, n]) for name, n in prefer if (place.id, n) in series])
            for place in reader.places
        ]
        for hour in range(after + 1, until + 1):
            at = kst_iso(from_hour_number(hour))
            rows: list[Row] = []
            for place, feeds in by_place:
                there = [(name, series) for name, series in feeds if hour in series]
                if there:
                    rows += _rows(reader, place, there, hour, at)
            yield Moment(at, rows, reader.done(hour))


def _rows(reader: Reader, place: Place, feeds: Feeds, hour: int, at: str) -> Iterator[Row]:
    """A row for each pollutant of a place whose `feeds` have the hour, most preferred first."""
    for key in reader.asked.keys:
        taken = _taken(reader, key, feeds, hour)
        if taken is None:
            feed, row = feeds[0][0], feeds[0][1][hour]
            cells, why = _nothing(reader, key, row)
        else:
            feed, row, cells, why = *taken, (None, None)
        source = source_cells(place.network, feed)
        yield (
            *place.cells,
            source[0],
            key,
            at,
            *cells,
            *source[1:],
            why[0],
            *_stations(reader, feed, row, key),
            why[1],
        )


def _taken(
    reader: Reader, key: str, feeds: Feeds, hour: int
) -> tuple[str, Any, tuple[Any, ...]] | None:
    """Feed, row and cells of the first feed with a value that counts."""
    for feed, series in feeds:
        shown = reader.grader.hour(key, series, hour)
        if shown is not None:
            return feed, series[hour], shown.cells
    return None


def _nothing(reader: Reader, key: str, row: Any) -> tuple[tuple[Any, ...], tuple[Any, Any]]:
    """Cells and (flag, reason) of an hour without a value that counts.

    A station's number that came with a flag is printed beside its flag, without a grade.
    """
    plain = key in reader.grader.plain
    raw = getattr(row, key) if plain and reader.asked.level == "station" else None
    value = None if raw is None else scaled_text(raw, pollutants()[key])
    return reader.grader.cells(key, value), absence(row, key, NOT_MEASURED if plain else NOT_ENOUGH)


def _stations(reader: Reader, feed: str, row: Any, key: str) -> tuple[Any, ...]:
    """Stations heard and expected in the hour, their share, and whether that is thin."""
    if key == OVERALL or reader.asked.level == "station" or not INFO[feed].pooled:
        return NO_STATIONS
    at = reader.grader.at[key]
    return _heard(row[at + 1], row[at + 2])


@cache
def _heard(heard: int, expected: int | None) -> tuple[Any, ...]:
    if not expected:
        return heard, expected, None, None
    thin = bool(heard) and THIN_PARTS * heard < expected
    return heard, expected, share_text(heard, expected), thin

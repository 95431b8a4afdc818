"""How sure the means of provinces are, as cells of an export: only where its columns are named."""

from decimal import Decimal

from aq.domain.clock import day_of
from aq.domain.pollutants import pollutants
from aq.domain.standards import Standard
from aq.export.columns import SURE
from aq.export.reader import Cells, Reader
from aq.feeds.registry import INFO
from aq.queries.confidence import Parts, confidence_fields, of_hour, station_parts

NOT_SURE: Cells = (None,) * len(SURE)


def parts_of(reader: Reader, hours: tuple[int, int]) -> dict[str, Parts]:
    """What each station adds to the means of provinces in some hours, by feed; by the hour or day
    as the question's grain is."""
    question = reader.question
    return {
        feed: station_parts(
            reader.connection,
            feed,
            hours,
            [key for key in question.keys if key in pollutants()],
            as_of=reader.as_of,
            time=day_of if question.grain == "day" else lambda hour: hour,
        )
        for feed in question.selection.feeds
        if INFO[feed].pooled
    }


def sure_cells(
    parts: dict[str, Parts],
    standard: Standard,
    feed: str,
    place: tuple[int, int, str],
    expected: int | None,
    averaging: str,
) -> Cells:
    """The cells of `SURE` of (province, time, pollutant) by a standard's breakpoints for it."""
    there = parts.get(feed, {}).get(place)
    if not there:
        return NOT_SURE
    key = place[2]
    told = confidence_fields(key, of_hour(standard, key, there, expected, averaging))
    return NOT_SURE if not told else tuple(_cell(told[column.name]) for column in SURE)


def _cell(value: object) -> object:
    return f"{Decimal(repr(value)):f}" if isinstance(value, float) else value

"""The rows of the authority's word: every forecast notice by province, every advisory."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from aq.domain.advisories import known_level
from aq.domain.clock import day_bounds, kst, kst_day, kst_iso
from aq.domain.forecasts import Outlook, in_force, lead_days, outlooks, unplaced
from aq.domain.model import DAILY, YellowDust
from aq.domain.model import Advisory as Act
from aq.domain.model import ForecastNotice as Notice
from aq.domain.pollutants import pollutants
from aq.domain.provinces import PROVINCES, district_provinces, provinces_named
from aq.export.columns import ADVISORY, FORECAST
from aq.export.grading import scaled_text
from aq.export.query import OFFICIAL, ExportQuestion
from aq.export.reader import Cells, Piece, Reader, listed
from aq.store import notices as official
from aq.store.yellow_dust import yellow_dust_acts, yellow_dust_span

# Days of notices that are in memory at once.
BLOCK = timedelta(days=31)
TINY = timedelta(microseconds=1)
FEEDS = {FORECAST: "airkorea_forecast", ADVISORY: "airkorea_alarm"}


def _days(reader: Reader) -> tuple[date, date] | None:
    """(first, last): the asked KST days on which the store can have anything of the kind."""
    question, kind = reader.question, reader.question.kind
    if kind == FORECAST:
        stored = official.forecast_days(reader.connection)
    else:
        spans = [official.advisory_span(reader.connection)]
        spans += [yellow_dust_span(reader.connection)] if _with_dust(reader) else []
        edges = [kst(edge).date() for span in spans if span for edge in span]
        stored = (min(edges), max(edges)) if edges else None
    if stored is None:
        return None
    first = max(kst_day(question.after + TINY), stored[0])
    last = min(kst_day(question.until), stored[1])
    return (first, last) if first <= last else None


def most_rows(reader: Reader) -> int:
    """The most rows there can be, from the notices and advisories held."""
    days = _days(reader)
    if days is None:
        return 0
    if reader.question.kind == FORECAST:
        # A notice can name a few regions more than there are provinces.
        return 2 * len(reader.question.provinces) * official.forecast_count(reader.connection, days)
    after, until = _issued(days)
    count = official.advisory_count(reader.connection, after, until)
    return count + (len(_dust(reader, days)) if _with_dust(reader) else 0)


def pieces(reader: Reader) -> Iterator[Piece]:
    """Every day of the range, with its notices or the advisories issued on it."""
    days = _days(reader)
    if days is None:
        return
    first, last = days
    rows = _forecast_rows if reader.question.kind == FORECAST else _advisory_rows
    start = first
    while start <= last:
        end = min(start + BLOCK - timedelta(days=1), last)
        by_day = rows(reader, (start, end))
        for day in sorted(by_day):
            share = ((day - first).days + 1) / ((last - first).days + 1)
            yield listed(day.isoformat(), by_day[day], share)
        start = end + timedelta(days=1)


def _forecast_rows(reader: Reader, days: tuple[date, date]) -> dict[date, list[Cells]]:
    """By day the notices in the order of pollutant and issue, each as its provinces."""
    question = reader.question
    notices = official.forecasts(reader.connection, days, version=reader.as_of)
    kept = [notice for notice in notices if notice.pollutant in question.keys]
    last = {id(notice) for notice in in_force(kept)}
    by_day: dict[date, list[Cells]] = {}
    order = {key: place for place, key in enumerate(question.keys)}
    for notice in sorted(
        kept, key=lambda entry: (entry.day, order[entry.pollutant], entry.issued_at)
    ):
        rows = by_day.setdefault(notice.day, [])
        for outlook in outlooks(notice):
            if outlook.province in question.provinces:
                rows.append(_forecast_row(question, outlook, id(notice) in last))
        if question.provinces == PROVINCES:
            rows += _unplaced_rows(notice, id(notice) in last)
    return by_day


def _forecast_row(question: ExportQuestion, outlook: Outlook, latest: bool) -> Cells:
    daily = outlook.notice.kind == DAILY
    letter = question.standard.level(outlook.grade).letter if outlook.grade and daily else None
    regions = "; ".join(f"{part.region} {part.word}" for part in outlook.parts)
    return (
        outlook.province.ko,
        outlook.province.code,
        *_when(outlook.notice, latest),
        outlook.grade,
        4 if daily else 2,
        letter,
        outlook.word,
        regions or None,
        *_said(outlook.notice),
    )


def _unplaced_rows(notice: Notice, latest: bool) -> Iterator[Cells]:
    """Regions that lie nowhere we know, with upstream's words and no grade."""
    for region, word in unplaced(notice):
        when, words = _when(notice, latest), _said(notice)
        yield (None, None, *when, None, None, None, word, f"{region} {word}", *words)


def _when(notice: Notice, latest: bool) -> Cells:
    issued = kst_iso(notice.issued_at)
    return notice.pollutant, notice.day.isoformat(), issued, lead_days(notice), latest


def _said(notice: Notice) -> Cells:
    texts = (notice.overall or None, notice.cause or None, notice.confidence or None)
    return (*texts, FEEDS[FORECAST], notice.kind)


def _issued(days: tuple[date, date]) -> tuple[datetime, datetime]:
    """(after, until): instants of issue on the days of the clock, midnight is the day's first."""
    return day_bounds(days[0])[0] - TINY, day_bounds(days[1])[1] - TINY


def _advisory_rows(reader: Reader, days: tuple[date, date]) -> dict[date, list[Cells]]:
    """By day of issue the advisories, in the order of issue."""
    question = reader.question
    after, until = _issued(days)
    acts = official.advisories(
        reader.connection, after, until, issued_after=after, version=reader.as_of
    )
    by_day: dict[date, list[Cells]] = {}
    for act in acts:
        places = district_provinces(act.district)
        # Of a district nobody knows, only who asks for everything is told.
        wanted = (
            set(places) & set(question.provinces) if places else question.provinces == PROVINCES
        )
        if wanted and act.pollutant in question.keys:
            by_day.setdefault(kst(act.issued_at).date(), []).append(_advisory_row(act))
    for dust in _dust(reader, days) if _with_dust(reader) else ():
        named = provinces_named(dust.areas)
        if set(named) & set(question.provinces) or question.provinces == PROVINCES:
            by_day.setdefault(kst(dust.at).date(), []).append(_dust_row(dust))
    return by_day


def _with_dust(reader: Reader) -> bool:
    """Whether acts of yellow dust are asked for: they are of no pollutant, so with all of them."""
    return reader.question.keys == OFFICIAL[ADVISORY][1]


def _dust(reader: Reader, days: tuple[date, date]) -> list[YellowDust]:
    after, until = _issued(days)
    return yellow_dust_acts(reader.connection, after + TINY, until, reader.as_of)


def _dust_row(act: YellowDust) -> Cells:
    """An act of yellow dust: no level, no value and no end, as the service gives none."""
    places = provinces_named(act.areas)
    return (
        ",".join(place.ko for place in places) or None,
        ",".join(place.code for place in places) or None,
        act.areas,
        None,
        "yellow_dust",
        None,
        "황사",
        kst_iso(act.at),
        *(None,) * 5,
        FEEDS[ADVISORY],
    )


def _advisory_row(act: Act) -> Cells:
    places = district_provinces(act.district)
    return (
        ",".join(place.ko for place in places) or None,
        ",".join(place.code for place in places) or None,
        act.district,
        act.zone or None,
        act.pollutant,
        known_level(act),
        act.word,
        kst_iso(act.issued_at),
        _value(act, act.issue_value),
        kst_iso(act.cleared_at) if act.cleared_at else None,
        _value(act, act.clear_value),
        _value(act, act.max_value),
        pollutants()[act.pollutant].unit,
        FEEDS[ADVISORY],
    )


def _value(act: Act, scaled: int | None) -> str | None:
    return None if scaled is None else scaled_text(scaled, pollutants()[act.pollutant])

"""Every reader takes an hour, a day or a month from the same feed, and gives the same value of it.

PM10 of 서울 over October: of each day the feeds of a row of `CASES` have all 24 hours.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pytest

from aq.alerts import Known
from aq.alerts.points import reader_of
from aq.alerts.rule import parse_rule
from aq.context import Context, start
from aq.domain.clock import HOUR, day_bounds, hour_number
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import BY_CODE
from aq.export.pipeline import Tally, answer
from aq.export.query import ask
from aq.feeds.airkorea import AIRKOREA_MEANS
from aq.feeds.registry import FEED_NAMES
from aq.queries import (
    completeness,
    current,
    days,
    evidence,
    exceedances,
    frames,
    items,
    live,
    map_hours,
    months,
    revisions,
    rhythm,
    stations,
)
from aq.queries.question import Given, past_question
from aq.settings import load
from tests.alerts.test_evaluate import BODY
from tests.serving import write

AT = datetime(2026, 10, 15, 3, tzinfo=UTC)  # 12:00 in Korea
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)
AFTER, UNTIL = day_bounds(FIRST)[0], day_bounds(LAST)[1]
SEOUL = BY_CODE["KR-11"]
STATION = Station(name="중구", sido="서울", code="111121", network=URBAN)
# The value of each feed [µg/m³].
UPSTREAM_MEANS = AIRKOREA_MEANS.name
VALUES = {"archive": 30.0, "airkorea": 100.0, UPSTREAM_MEANS: 90.0, "openmeteo": 55.0}


@dataclass(frozen=True)
class Case:
    """The feeds that have a value, those that have a flagged one, and the feed that is read."""

    valued: tuple[str, ...]
    flagged: tuple[str, ...]
    feed: str


CASES = {
    "upstream's means alone": Case((UPSTREAM_MEANS,), (), UPSTREAM_MEANS),
    "means and a model": Case((UPSTREAM_MEANS, "openmeteo"), (), UPSTREAM_MEANS),
    "stations out": Case((UPSTREAM_MEANS, "openmeteo"), ("airkorea",), UPSTREAM_MEANS),
    "stations and means": Case(("airkorea", UPSTREAM_MEANS), (), "airkorea"),
    "a model stands in": Case(("openmeteo",), ("airkorea",), "openmeteo"),
    "confirmed": Case(("archive", "airkorea", UPSTREAM_MEANS, "openmeteo"), (), "archive"),
    "confirmed flagged": Case(("airkorea", UPSTREAM_MEANS), ("archive",), "airkorea"),
}


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    """At 12:20 of 1 November, where nothing is fresh."""
    given = {"AQ_DATABASE_URL": database_url, "AQ_CLOCK": "2026-11-01T12:20:00+09:00"}
    made = start(load(given))
    yield made
    made.store.close()


def fill(context: Context, case: Case) -> None:
    for feed in (*case.valued, *case.flagged):
        whose: dict[str, Any] = {"station": STATION}
        if feed in (UPSTREAM_MEANS, "openmeteo"):
            whose = {"province": SEOUL.code}
        flags = {"pm10": "source:통신장애"} if feed in case.flagged else {}
        readings = [
            Reading(hour=hour, values={"pm10": round(10 * VALUES[feed])}, flags=flags, **whose)
            for back in range(31 * 24)
            for hour in [UNTIL - back * HOUR]
        ]
        write(context, *readings, feed=feed)


Answer = tuple[str | None, float | None]  # feed, value


def _item(context: Context, grain: str) -> Answer:
    given = {"since": "2026-10-15", "until": "2026-10-15", "grain": grain}
    asked = past_question(context, Given({**given, "province": "서울", "pollutant": "pm10"}))
    rows = items.page(context.store, asked, 100, None)[0]
    assert len({(row["feed"], row["value"]) for row in rows}) == 1
    return rows[0]["feed"], rows[0]["value"]


def _line(context: Context) -> Answer:
    frame = frames.line(context, SEOUL.id, "pm10", AFTER, UNTIL)
    return _same(frame["feed"], frame["value"])


def _pooled(context: Context, grain: str) -> Answer:
    frame = frames.pooled(context, SEOUL.id, "pm10", FIRST, LAST, grain=grain)
    return _same(frame["feed"], frame["value"])


def _same(feeds: Any, values: Any) -> Answer:
    ((feed, value),) = set(zip(feeds, values, strict=True))
    return feed, value


def _days(context: Context, as_of: int | None = None) -> Answer:
    frame = days.days(context, (SEOUL.code,), "pm10", FIRST, LAST, "airkorea_1h", as_of)
    assert len(frame) == 31
    return _same(frame["feed"], frame["value"])


def _months(context: Context) -> Answer:
    frame = months.months(context, "pm10", SEOUL.id, AFTER, UNTIL)
    assert list(frame["hours"]) == [31 * 24]
    return _same(frame["feed"], frame["value"])


def _rhythm(context: Context) -> Answer:
    found = rhythm.rhythm(context, SEOUL.code, "pm10", AFTER, UNTIL)
    assert found.hours == 31 * 24
    return _same(found.sources["feed"], [found.week["value"].iloc[0]])


def _exceedances(context: Context) -> Answer:
    level = exceedances.Level(least=1, averaging="1h")
    found = exceedances.spells(context, "pm10", AFTER, UNTIL, level)
    (run,) = found.runs[SEOUL.id]
    assert (run.last - run.first + 1, len(found.feeds)) == (31 * 24, 1)
    return found.feeds[0], run.peak / 10


def _completeness(context: Context) -> Answer:
    frame = completeness.completeness(context, "pm10", AFTER, UNTIL).days
    here = frame[frame["province"] == SEOUL.id]
    assert list(here["hours"]) == [24] * 31
    ((feed,),) = [set(here["feed"])]
    return feed, VALUES[feed]  # it counts hours and gives no value


def _evidence(context: Context) -> Answer:
    standard = context.standards["airkorea_1h"]
    found = evidence.evidence(context, SEOUL, "pm10", AT, standard)
    return found.feed, float(found.explanation.as_dict()["value"])


def _frame(context: Context) -> Answer:
    (frame,) = map_hours.frames(context, "pm10", "airkorea_1h", AT, 1)
    return frame.provinces[0].feed, frame.provinces[0].value


def _revisions(context: Context) -> Answer:
    standard = context.standards["airkorea_1h"]
    rows = revisions.trail_items(context.store, "서울", "pm10", AT, standard)
    feed = context.settings.selection.of_hour(
        {row["feed"]: row["value"] is not None for row in rows}
    )
    return next((row["feed"], row["value"]) for row in rows if row["feed"] == feed)


def _export(context: Context, grain: str) -> Answer:
    given = {"since": "2026-10-15", "until": "2026-10-15", "grain": grain, "format": "jsonl"}
    asked = ask(context, {**given, "province": "서울", "pollutant": "pm10"})
    text = b"".join(answer(context.store, asked, Tally())).decode()
    rows = [json.loads(line) for line in text.splitlines()]
    return _same([row["feed"] for row in rows], [float(row["value"]) for row in rows])


def _points(context: Context) -> Answer:
    known = Known(standards=context.standards, channels=("journal",))
    rule = parse_rule({**BODY, "threshold": 1, "clear_below": 1}, known)
    hour = hour_number(AT)
    with context.store.read() as connection:
        points = reader_of(context).points(connection, rule, hour - 1, hour)
    point = points[SEOUL.code][hour]
    return FEED_NAMES[point.feed or 0], point.value / 10


def _sparkline(context: Context) -> Answer:
    (value,) = live.trends(context, AT, keys=["pm10"], hours=1)["pm10"][SEOUL.code]
    return next((feed for feed, known in VALUES.items() if known == value), None), value


def _last(context: Context) -> Answer:
    """The last value of a province that has none now."""
    snapshot = current.current(context, context.clock.now(), wanted=["pm10"])
    (item,) = [item for item in snapshot.items if item.code == SEOUL.code]
    assert (item.value, item.missing_reason) == (None, "stale")
    assert item.last_at == UNTIL
    return next(feed for feed, known in VALUES.items() if known == item.last_value), item.last_value


READERS: dict[str, Callable[[Context], Answer]] = {
    "history by the hour": lambda context: _item(context, "hour"),
    "history by the day": lambda context: _item(context, "day"),
    "history by the month": lambda context: _item(context, "month"),
    "the line by the hour": _line,
    "the line by the day": lambda context: _pooled(context, "day"),
    "the line by the month": lambda context: _pooled(context, "month"),
    "days": _days,
    "days as of then": lambda context: _days(context, context.store.version()),
    "months": _months,
    "rhythm": _rhythm,
    "exceedances": _exceedances,
    "completeness": _completeness,
    "evidence": _evidence,
    "map hours": _frame,
    "revisions": _revisions,
    "export by the hour": lambda context: _export(context, "hour"),
    "export by the day": lambda context: _export(context, "day"),
    "export by the month": lambda context: _export(context, "month"),
    "what rules watch": _points,
    "sparklines": _sparkline,
    "the last value": _last,
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_t58_every_reader_takes_the_same_feed(context: Context, case: Case) -> None:
    fill(context, case)
    answers = {name: reader(context) for name, reader in READERS.items()}
    assert answers == dict.fromkeys(READERS, (case.feed, VALUES[case.feed]))
    standard = context.standards["airkorea_1h"]
    roster = stations.roster(context, SEOUL.id, "pm10", AFTER, UNTIL, standard)
    values = [member.value for member in roster.members if member.flag is None]
    assert values == ([VALUES[case.feed]] if case.feed in ("archive", "airkorea") else [])


def test_what_is_now_is_never_of_upstreams_means(context: Context) -> None:
    fill(context, CASES["means and a model"])
    snapshot = current.current(context, AT + HOUR / 2, wanted=["pm10"])
    assert snapshot.feed == "openmeteo"

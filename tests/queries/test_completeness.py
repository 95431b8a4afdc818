"""Completeness: every missing hour is counted once, with its cause and with what would fill it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.errors import FeedError, FeedReason
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import PROVINCES, find_province
from aq.i18n import text_in
from aq.queries.completeness import completeness, monthly
from aq.store.runs import record
from aq.web.pages.gaps import causes_table, figure, lacks_table, months_table
from tests.serving import HOUR_20, fill, make_runtime, write

SEOUL, JEJU, SEJONG = (find_province(name).id for name in ("서울", "제주", "세종"))
DAY = date(2026, 11, 23)
MIDNIGHT = HOUR_20 - 20 * HOUR


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url, AQ_FEEDS__AIRKOREA__KEY="any")
    yield made
    made.store.close()


def write_hours(
    context: Context, hours: list[datetime], names: tuple[str, ...] = (), feed: str = "airkorea"
) -> None:
    write(
        context,
        *[
            Reading(
                station=Station(name=f"{one} 하나", sido=one, network=URBAN),
                hour=hour,
                values={"pm10": 400},
            )
            for hour in hours
            for one in names or tuple(province.ko for province in PROVINCES)
        ],
        feed=feed,
    )


def polled(context: Context, hour_end: datetime, reason: FeedReason | None) -> None:
    """The record of a poll made twenty minutes after an hour's end."""
    error = FeedError("airkorea", "x", reason, "no answer") if reason else None
    report = {"error": {"reason": str(error.reason.value)}} if error else {}
    at = hour_end + timedelta(minutes=20)
    record(context.store, "manual:airkorea", at, error is None, report)


def causes(context: Context, after: datetime, until: datetime = HOUR_20) -> dict[Any, int]:
    """Hours by (province, cause, detail, what fills)."""
    found = completeness(context, "pm10", after, until).lacks
    names = ["province", "cause", "detail", "fills"]
    counted: dict[Any, int] = {}
    for row in found[[*names, "hours"]].itertuples(index=False):
        place = (row[0], row[1], row[2] if isinstance(row[2], str) else None, row[3])
        counted[place] = counted.get(place, 0) + row[4]
    return counted


def test_flagged_and_absent_hours_have_their_cause(context: Context) -> None:
    fill(context, hours=20)
    found = completeness(context, "pm10", MIDNIGHT, HOUR_20)
    hours = {row.province: (row.hours, row.expected) for row in found.days.itertuples()}
    assert hours[SEOUL] == (20, 20)
    assert hours[JEJU] == hours[SEJONG] == (19, 20)
    assert causes(context, MIDNIGHT) == {
        (SEJONG, "source_flag", "통신장애", "import"): 1,
        (JEJU, "not_received", None, "backfill"): 1,
    }


def test_hours_before_the_first_are_to_be_imported(context: Context) -> None:
    fill(context, hours=20)
    found = causes(context, MIDNIGHT - 48 * HOUR)
    assert all(
        found[one.id, "not_imported", None, "import"] == 48 for one in PROVINCES if one.id != JEJU
    )


@pytest.mark.parametrize(
    ("poll", "cause", "detail"),
    [
        ("none", "own_outage", None),
        ("well", "not_received", None),
        ("failed", "feed_down", "unreachable"),
    ],
)
def test_an_hour_nobody_has_is_explained_by_the_polls(
    context: Context, poll: str, cause: str, detail: str | None
) -> None:
    gone = HOUR_20 - 5 * HOUR
    write_hours(context, [MIDNIGHT + n * HOUR for n in range(1, 21) if n != 15])
    if poll != "none":
        polled(context, gone, FeedReason.UNREACHABLE if poll == "failed" else None)
    found = causes(context, MIDNIGHT)
    assert found == {(one.id, cause, detail, "backfill"): 1 for one in PROVINCES}


def test_an_old_gap_is_filled_by_a_file_only(context: Context) -> None:
    old = MIDNIGHT - timedelta(days=120)
    write_hours(context, [old + n * HOUR for n in range(1, 25) if n != 7])
    (fills,) = {place[3] for place in causes(context, old, old + 24 * HOUR)}
    assert fills == "import"


def test_a_day_of_the_confirmed_feed_is_not_filled_from_another(context: Context) -> None:
    write_hours(context, [MIDNIGHT + n * HOUR for n in range(1, 21)])
    write_hours(context, [MIDNIGHT + n * HOUR for n in range(1, 11)], ("서울",), "archive")
    found = completeness(context, "pm10", MIDNIGHT, HOUR_20)
    (seoul,) = found.days[found.days["province"] == SEOUL].itertuples(index=False)
    assert (seoul.feed, seoul.hours) == ("archive", 10)
    assert causes(context, MIDNIGHT) == {(SEOUL, "not_imported", None, "import"): 10}
    live = completeness(context, "pm10", MIDNIGHT, HOUR_20, "airkorea")
    assert live.lacks.empty


def test_every_missing_hour_is_counted_once(context: Context) -> None:
    fill(context, hours=20)
    write_hours(context, [MIDNIGHT - n * HOUR for n in range(40, 90, 3)], ("서울", "부산", "제주"))
    found = completeness(context, "pm10", MIDNIGHT - 96 * HOUR, HOUR_20)
    missing = found.lacks.groupby(["province", "day"])["hours"].sum()
    for row in found.days.itertuples():
        assert row.expected - row.hours == missing.get((row.province, row.day), 0)
    months = monthly(found.days)
    whole = months[months["province"] == 0]
    assert int(whole["expected"].sum()) == 17 * (96 + 20)
    assert int(whole["hours"].sum()) == 17 * 20 - 2 + 3 * 17


def test_an_empty_store_lacks_everything(context: Context) -> None:
    found = completeness(context, "pm10", MIDNIGHT, HOUR_20)
    assert int(found.lacks["hours"].sum()) == 17 * 20
    assert set(found.lacks["cause"]) == {"not_imported"}
    assert completeness(context, "pm10", HOUR_20, HOUR_20).days.empty


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_tables_and_chart_say_what_is_missing(context: Context, lang: str) -> None:
    fill(context, hours=20)
    text = text_in(lang)
    found = completeness(context, "pm10", MIDNIGHT, HOUR_20)
    assert "python -m aq backfill --since 2026-11-23 --until 2026-11-23" in causes_table(
        found, text
    )
    assert list(lacks_table(found, text).iloc[:, 2]) == [1, 1]
    months = months_table(found, text)
    assert months.iloc[0, 1] == "99.4%"  # 338 of 340, never rounded up
    drawn = figure(context, "pm10", MIDNIGHT, HOUR_20, None, None, lang, False)
    assert [row[0] for row in drawn.data[0].z] == [
        0.05 if one.id in (JEJU, SEJONG) else 0.0 for one in PROVINCES
    ]
    flags = figure(context, "pm10", MIDNIGHT, HOUR_20, None, "source_flag", lang, True)
    assert sum(row[0] for row in flags.data[0].z) == 0.05

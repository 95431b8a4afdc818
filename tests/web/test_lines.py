"""Lines of the past: hours, days and months of places, the index by the hour, and their page."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pytest

from aq.context import Context
from aq.domain.clock import HOUR, hour_number, kst_day
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.domain.windows import OVERALL, evaluate
from aq.i18n import text_in
from aq.paths import SHIPPED
from aq.queries.frames import line, pooled
from aq.standards_file import load_standards
from aq.store.reads import province_hours
from aq.web.charts import lines as lines_chart
from aq.web.charts import province_line as charts
from aq.web.charts.downsample import stretches
from aq.web.charts.theme import LIGHT
from aq.web.pages.past import grain_of
from aq.web.parts import ranges
from aq.web.parts import view_state as state
from tests.pages import STANDARD, hours
from tests.serving import HOUR_20, SEOUL, fill, make_runtime, write
from tests.web.test_pages import cells, context, markup, run

__all__ = ["context"]

STANDARDS = load_standards(SHIPPED / "standards")
NUMBER = BY_CODE["KR-11"].id
DAYS = (kst_day(HOUR_20) - timedelta(days=2), kst_day(HOUR_20))


@pytest.fixture
def on_both(database_url: str) -> Iterator[Context]:
    """Sixty hours of four stations of 서울 with odd values, flags and a hole, on each engine."""
    made = make_runtime(database_url)
    readings = [
        Reading(
            station=one,
            hour=HOUR_20 - back * HOUR,
            values={"pm10": 300 + 7 * back + 13 * n, "pm25": 150 + back, "o3": 300, "no2": 100}
            | {"so2": 20, "co": 40},
            flags={"pm10": "implausible"} if back % 7 == 0 and n == 1 else {},
        )
        for n, one in enumerate(SEOUL)
        for back in range(60)
        if back not in (5, 6)
    ]
    write(made, *readings)
    yield made
    made.store.close()


def _plain(context: Context, station: str | None = None) -> dict[date, list[int]]:
    """All PM10 values that count by day, in the plainest way."""
    found: dict[date, list[int]] = {}
    for n, one in enumerate(SEOUL):
        if station in (None, one.name):
            for back in range(60):
                if back not in (5, 6) and not (back % 7 == 0 and n == 1):
                    day = kst_day(HOUR_20 - back * HOUR)
                    found.setdefault(day, []).append(300 + 7 * back + 13 * n)
    return found


def test_days_are_pooled_from_all_values_that_count(on_both: Context) -> None:
    frame = pooled(on_both, NUMBER, "pm10", *DAYS, grain="day", standard=STANDARD)
    plain = _plain(on_both)
    assert [at.date() for at in frame["at"]] == sorted(plain)
    expected = [sum(plain[day]) / len(plain[day]) / 10 for day in sorted(plain)]
    assert np.allclose(frame["value"], expected, atol=0.0005)
    assert frame["hours"].sum() == 58
    assert frame["possible"].tolist() == [24, 24, 24]


def test_days_read_from_roll_ups_are_those_pooled_from_hours(on_both: Context) -> None:
    rolled = pooled(on_both, NUMBER, "pm10", *DAYS, grain="day", standard=STANDARD)
    version = on_both.store.version()
    from_hours = pooled(
        on_both, NUMBER, "pm10", *DAYS, grain="day", standard=STANDARD, as_of=version
    )
    assert rolled.equals(from_hours)


def test_a_day_as_of_then_is_not_changed_by_what_came_later(on_both: Context) -> None:
    version = on_both.store.version()
    before = pooled(on_both, NUMBER, "pm10", *DAYS, grain="day")
    write(on_both, Reading(station=SEOUL[0], hour=HOUR_20, values={"pm10": 9000}))
    after = pooled(on_both, NUMBER, "pm10", *DAYS, grain="day")
    then = pooled(on_both, NUMBER, "pm10", *DAYS, grain="day", as_of=version)
    assert after["value"].iloc[-1] > before["value"].iloc[-1]
    assert then.equals(before)


def test_a_stations_days_and_month(on_both: Context) -> None:
    with on_both.store.read() as connection:
        from aq.store.reads import find_stations

        number = find_stations(connection, SEOUL[1].name)[0].id
    plain = _plain(on_both, SEOUL[1].name)
    days = pooled(on_both, number, "pm10", *DAYS, grain="day", level="station")
    expected = [sum(plain[day]) / len(plain[day]) / 10 for day in sorted(plain)]
    assert np.allclose(days["value"], expected, atol=0.0005)
    (month,) = pooled(on_both, number, "pm10", *DAYS, grain="month", level="station").itertuples()
    values = [value for day in plain.values() for value in day]
    assert month.value == pytest.approx(sum(values) / len(values) / 10, abs=0.0005)
    assert (month.at.day, month.possible) == (1, 30 * 24)


def test_a_day_is_graded_only_by_breakpoints_made_for_days_and_enough_hours(
    on_both: Context,
) -> None:
    whole = DAYS[1] - timedelta(days=1)
    by_hour = pooled(on_both, NUMBER, "pm10", whole, whole, grain="day", standard=STANDARD)
    rules = STANDARDS["airkorea"]
    by_day = pooled(on_both, NUMBER, "pm10", whole, whole, grain="day", standard=rules)
    made_for_days = ("pm10", "1d") in STANDARD.tables
    assert by_hour["grade"].isna().iloc[0] != made_for_days
    assert by_day["grade"].iloc[0] == 2
    thin = pooled(on_both, NUMBER, "pm10", DAYS[0], DAYS[0], grain="day", standard=rules)
    assert thin["hours"].iloc[0] < 18
    assert thin["grade"].isna().iloc[0]
    month = pooled(on_both, NUMBER, "pm10", *DAYS, grain="month", standard=rules)
    assert month["grade"].isna().all()


def test_a_day_nobody_has_is_a_gap_with_its_reason(on_both: Context) -> None:
    first = DAYS[0] - timedelta(days=3)
    frame = pooled(on_both, NUMBER, "pm10", first, DAYS[1], grain="day")
    assert frame["value"].isna().tolist() == [True] * 3 + [False] * 3
    assert frame["reason"].tolist()[:3] == ["not_received"] * 3


@pytest.mark.parametrize("name", [one for one, rules in STANDARDS.items() if rules.overall])
def test_the_index_of_each_hour_is_what_one_hour_gives(on_both: Context, name: str) -> None:
    rules, after = STANDARDS[name], HOUR_20 - 40 * HOUR
    frame = line(on_both, NUMBER, OVERALL, after, HOUR_20, standard=rules)
    with on_both.store.read() as connection:
        rows = province_hours(connection, [NUMBER], 0, hour_number(HOUR_20))
    by_hour = {row.hour: row for row in rows}
    for one in frame.itertuples():
        found = None
        if hour_number(one.at) in by_hour:
            found = evaluate(rules, OVERALL, by_hour, hour_number(one.at)).index
        assert (None if np.isnan(one.value) else one.value) == found
    assert frame["value"].notna().sum() > 20
    assert frame.loc[frame["value"].isna(), "reason"].notna().all()


STYLE = charts.LineStyle(standard=STANDARD, pollutant="pm10", unit="µg/m³", digits=0, revision="x")


def test_lines_keep_their_gaps_and_extremes_and_stand_apart() -> None:
    generator = np.random.default_rng(17)
    first: list[float | None] = list(generator.uniform(20, 60, 6000))
    first[3000], first[1000:1200] = 480.0, [None] * 200
    second: list[float | None] = [value and value + 1 for value in first]
    figure = lines_chart.lines(
        [("서울", hours(first)), ("부산", hours(second))], STYLE, "hour", text_in("ko"), LIGHT
    )
    one, other = (trace for trace in figure.data if trace.mode.startswith("lines"))
    assert one.line.color != other.line.color
    assert one.line.dash == other.line.dash == "solid"  # preliminary hours are observed too
    drawn = np.array(one.y, dtype="float64")
    assert np.nanmax(drawn) == 480.0
    assert len(stretches(drawn)) == 2
    assert len(drawn) < 3000
    labels = [note for note in figure.layout.annotations if note.text.endswith(("서울", "부산"))]
    assert abs(labels[0].yshift - labels[1].yshift) >= lines_chart.LABEL_PIXELS


def test_bands_stand_only_behind_means_they_are_made_for() -> None:
    rules = STANDARDS["airkorea"]
    assert len(lines_chart.bands_for(rules, "pm10", "day")) == 4
    assert lines_chart.bands_for(rules, "pm10", "hour") == []
    assert lines_chart.bands_for(rules, "pm10", "month") == []
    index = lines_chart.bands_for(rules, OVERALL, "hour")
    assert [(low, high) for low, high, _ in index] == [
        (0.0, 50.0),
        (50.0, 100.0),
        (100.0, 250.0),
        (250.0, 500.0),
    ]


@pytest.mark.parametrize(
    ("days", "asked", "expected"),
    [
        (1, None, "hour"),
        (92, None, "hour"),
        (93, None, "day"),
        (3650, None, "month"),
        (3650, "day", "day"),
        (3650, "hour", "month"),
        (30, "month", "month"),
    ],
)
def test_a_grain_fits_its_range(days: int, asked: str | None, expected: str) -> None:
    last = date(2026, 11, 23)
    since = last - timedelta(days=days - 1)
    span = ranges.Range(since=since, last=last, after=HOUR_20, until=HOUR_20)
    assert grain_of(state.View(grain=asked), "pm10", span) == expected
    assert grain_of(state.View(grain=asked), OVERALL, span) == "hour"


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("grain", ["hour", "day", "month"])
def test_the_page_compares_places_in_every_grain(context: Context, lang: str, grain: str) -> None:
    fill(context)
    one = Station(name="중구", sido="서울", code="111121", network=URBAN)
    write(context, Reading(station=one, hour=HOUR_20, values={"pm10": 810}))
    body = markup(run("past.py", lang=lang, ps="KR-11,KR-26", st="111121", g=grain))
    name = {"ko": "부산", "en": "Busan"}[lang]
    assert f'<th scope="row">{name}</th>' in body
    name = {"ko": "중구", "en": "Jung-gu"}[lang]
    assert f'<th scope="row">{name}</th>' in body
    assert "level=station" in body
    assert f"grain={grain}" in body


def test_the_page_draws_the_index_of_a_standard_that_has_one(context: Context) -> None:
    fill(context)
    body = markup(run("past.py", std="airkorea", x="overall", p="KR-11"))
    assert "<dd>82</dd>" in body
    assert "pollutant=overall" in body


def test_unknown_places_are_as_if_they_were_not_there(context: Context) -> None:
    fill(context)
    test = run("past.py", ps="KR-99", st="000000", p="KR-26")
    assert "부산 · 미세먼지" in markup(test)
    assert cells(test, "a.chip[aria-current] .name") == ["부산"]


def test_no_more_than_six_places_are_drawn(context: Context) -> None:
    fill(context)
    body = markup(run("past.py", ps=",".join(one.code for one in PROVINCES)))
    assert body.count('<th scope="row">') == 6

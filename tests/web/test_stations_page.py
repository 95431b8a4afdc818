"""Stations: who counts in a province's mean of an hour and why not, their lines, their page."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import BY_CODE
from aq.i18n import text_in
from aq.paths import SHIPPED
from aq.queries.frames import line
from aq.queries.stations import Roster, roster, station_of
from aq.standards_file import load_standards
from aq.web.charts import map_names
from aq.web.charts.station_map import station_map
from aq.web.charts.theme import LIGHT
from aq.web.pages.stations import why_words
from aq.web.public.figure import width_of
from tests.serving import HOUR_20, fill, make_runtime, write
from tests.web.test_pages import context, data_of, markup, run

__all__ = ["context"]

KO = text_in("ko")
STANDARD = load_standards(SHIPPED / "standards")["airkorea_1h"]
SEOUL = BY_CODE["KR-11"].id


def _station(name: str, code: str, **more: object) -> Station:
    facts = {"sido": "서울", "network": URBAN, "latitude": 37.55, "longitude": 127.0, **more}
    return Station(name=name, code=code, **facts)  # type: ignore[arg-type]


def _seoul(context: Context) -> None:
    """One station for every part a station can have at 20:00."""
    now = [
        (_station("중구", "111121"), {"pm10": 620}, {}),
        (_station("한강대로", "111122", network="도로변대기"), {"pm10": 900}, {}),
        (_station("종로구", "111123"), {"pm10": 5000}, {"pm10": "source:통신장애"}),
        (_station("광진구", "111141", items=("o3",)), {"o3": 310}, {}),
        (_station("성동구", "111142"), {"o3": 310}, {}),
        (
            _station("이름뿐", "111143", network=None, latitude=None, longitude=None),
            {"pm10": 1},
            {},
        ),
    ]
    write(
        context,
        *(Reading(station=one, hour=HOUR_20, values=v, flags=f) for one, v, f in now),
        Reading(station=_station("어제", "111151"), hour=HOUR_20 - HOUR, values={"pm10": 400}),
        Reading(
            station=_station("먼지", "111152"),
            hour=HOUR_20 - timedelta(days=8),
            values={"pm10": 400},
        ),
    )


def _roster(context: Context, hours: int = 24) -> Roster:
    return roster(context, SEOUL, "pm10", HOUR_20 - hours * HOUR, HOUR_20, STANDARD)


@pytest.fixture
def on_both(database_url: str) -> Iterator[Context]:
    """A context on each engine in turn."""
    made = make_runtime(database_url)
    yield made
    made.store.close()


def test_each_station_counts_or_says_why_it_does_not(on_both: Context) -> None:
    _seoul(on_both)
    found = _roster(on_both)
    assert (found.at, found.feed) == (HOUR_20, "airkorea")
    said = {one.name: why_words(one, KO) for one in found.members}
    assert said == {
        "중구": "평균에 포함",
        "한강대로": "평균에서 제외: 도시대기 측정소 아님",
        "종로구": "평균에서 제외: 이상 표시: 통신장애",
        "광진구": "평균에서 제외: 측정소 목록상 이 물질을 재지 않는 곳",
        "성동구": "값 없음",
        "이름뿐": "평균에서 제외: 어느 측정망인지 알 수 없음",
        "어제": "평균에서 제외: 이 시간 자료가 들어오지 않음",
        "먼지": "평균에서 제외: 7일 넘게 자료가 없어 더는 기다리지 않음",
    }


def test_those_that_count_are_those_the_stored_mean_rests_on(on_both: Context) -> None:
    fill(on_both)
    _seoul(on_both)
    counting = [one for one in _roster(on_both).members if one.part == "counts"]
    frame = line(on_both, SEOUL, "pm10", HOUR_20 - HOUR, HOUR_20, standard=STANDARD)
    assert frame["stations"].iloc[0] == len(counting) == 2
    assert frame["value"].iloc[0] == sum(one.value or 0 for one in counting) / 2


def test_values_grades_completeness_and_trend(on_both: Context) -> None:
    fill(on_both)
    found = {one.name: one for one in _roster(on_both).members}["서울 하나"]
    assert (found.value, found.grade, found.valid) == (62.0, 2, 24)
    assert found.trend == (62.0,) * 24
    assert found.heard == HOUR_20
    assert found.first == HOUR_20 - 29 * HOUR


def test_a_flagged_number_is_shown_beside_its_flag_and_has_no_grade(on_both: Context) -> None:
    _seoul(on_both)
    found = _roster(on_both).find("111123")
    assert found is not None
    assert (found.value, found.grade, found.valid) == (500.0, None, 0)


def test_an_empty_range_has_no_hour_and_no_number(on_both: Context) -> None:
    _seoul(on_both)
    before = HOUR_20 - timedelta(days=400)
    found = roster(on_both, SEOUL, "pm10", before - HOUR, before, STANDARD)
    assert found.at is None
    assert {one.part for one in found.members} == {
        "other_network",
        "no_network",
        "not_listed",
        "never",
    }
    assert all(one.value is None and not one.valid for one in found.members)


def test_a_confirmed_hour_is_taken_before_the_live_one(on_both: Context) -> None:
    _seoul(on_both)
    one = Reading(station=_station("중구", "111121"), hour=HOUR_20, values={"pm10": 550})
    write(on_both, one, feed="archive")
    found = _roster(on_both)
    member = found.find("111121")
    assert found.feed == "airkorea"  # of the province one station is too few
    assert member is not None
    assert member.value == 55.0


def test_a_stations_line_has_its_gaps_and_reasons(on_both: Context) -> None:
    _seoul(on_both)
    kept = station_of(on_both, "111123")
    frame = line(on_both, kept.id, "pm10", HOUR_20 - 2 * HOUR, HOUR_20, level="station")
    assert frame["value"].isna().all()
    assert frame["reason"].tolist() == ["not_received", "source_flag"]
    assert frame["detail"].fillna("").tolist() == ["", "통신장애"]
    assert station_of(on_both, "서울 없음") is None


def test_the_map_shows_letters_and_leaves_out_whose_place_is_unknown(context: Context) -> None:
    _seoul(context)
    found = _roster(context)
    figure = station_map(
        found.members,
        json.loads((SHIPPED / "provinces.geojson").read_text("utf-8")),
        "KR-11",
        STANDARD,
        KO,
        LIGHT,
        chosen="111121",
        digits=0,
        unit="µg/m³",
        why={one.ref: "" for one in found.members},
    )
    markers = figure.data[1]
    assert len(markers.customdata) == len(found.members) - 1
    shown = dict(zip(markers.customdata, markers.text, strict=True))
    assert shown["111121"] == "B"
    assert shown["111123"] == "–"
    symbols = dict(zip(markers.customdata, markers.marker.symbol, strict=True))
    assert (symbols["111121"], symbols["111122"]) == ("circle", "square")


def test_names_on_the_map_overlap_nothing(context: Context) -> None:
    _seoul(context)
    east, north = (126.7, 127.3), (37.3, 37.8)
    member = next(one for one in _roster(context).members if one.latitude is not None)
    placed = [
        replace(
            member,
            name=f"측정소{place}",
            address=f"서울 {'종로구' if place < 6 else '중구'}",
            longitude=126.75 + 0.5 * (place * 7 % 12) / 12,
            latitude=37.4 + 0.3 * (place * 5 % 12) / 12,
        )
        for place in range(12)
    ]
    told = map_names.names(placed, east, north, KO)
    assert {"종로구", "중구"} == {name.words for name in told if name.district}
    assert len(told) > 4
    grid = map_names.Grid(east, north)
    boxes = [
        grid.box(one.longitude, one.latitude, width_of(one.words, 12), map_names.LINE, one.side)
        for one in told
    ]
    for place, box in enumerate(boxes):
        assert not any(box.meets(other) for other in boxes[:place])
    # Where all stand in one place there is room for a name on each side and for no more.
    crowd = [replace(one, longitude=127.0, latitude=37.5) for one in placed]
    assert len(map_names.names(crowd, east, north, KO)) == 4


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_page_stands_with_data_and_without(context: Context, lang: str) -> None:
    assert "python -m aq import" in markup(run("stations.py", lang=lang, p="KR-11"))
    fill(context)
    _seoul(context)
    test = run("stations.py", lang=lang, p="KR-11")
    rows = {row["code"]: row for row in data_of(test, "table")["rows"]}
    assert rows["111121"]["value"] == "62"
    assert rows["111121"]["letter"] == "B"
    assert "level=station" in markup(test)


def test_the_address_names_the_station(context: Context) -> None:
    _seoul(context)
    body = markup(run("stations.py", p="KR-11", st="111122"))
    assert "한강대로 · 미세먼지" in body
    assert "도로변" in body


def test_names_from_upstream_are_text_and_never_markup(context: Context) -> None:
    one = Station(name="<img src=x onerror=alert(1)>", sido="서울", network=URBAN)
    write(context, Reading(station=one, hour=HOUR_20, values={"pm10": 620}))
    assert "<img" not in markup(run("stations.py", p="KR-11"))


def test_an_index_has_no_stations_and_says_so(context: Context) -> None:
    fill(context)
    body = markup(run("stations.py", p="KR-11", x="overall", std="airkorea"))
    assert "통합지수는 시도별 값이어서" in body

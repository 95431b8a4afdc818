"""Rules over zones: their own hours, stations of no known zone, names, beside official acts."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from aq.alerts import parse_rule, problems
from aq.alerts.backtest import backtest
from aq.alerts.engine import watch
from aq.alerts.points import reader_of
from aq.alerts.rule_file import read_rules, to_toml
from aq.alerts.rules import known_to, load_rules
from aq.alerts.silences import silence
from aq.alerts.status import log, standing
from aq.alerts.verification import against_official
from aq.alerts.wording import compose
from aq.context import Context
from aq.domain.clock import from_hour_number, hour_number
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import BY_CODE
from aq.queries.zones import zone_hours
from aq.store.notices import put_advisories
from aq.zones_file import zones_on
from tests.alerts.test_engine import at
from tests.alerts.test_evaluate import BODY
from tests.queries.test_zones import HOUR, PLACES, act, filled, station
from tests.serving import HOUR_20, make_runtime, write

END = hour_number(HOUR_20)
ZONED = {
    **BODY, "id": "pm25-zones", "pollutant": "pm25", "over": "zone", "threshold": 75,
    "clear_below": 35, "for": 1,
}  # fmt: skip


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = make_runtime(database_url)
    yield made
    made.store.close()


def hours(context: Context, name: str, address: str, values: dict[int, int], key: str) -> None:
    """A station's values by hours before 20:00."""
    place = station(name, address)
    write(
        context,
        *(
            Reading(station=place, hour=HOUR_20 - back * HOUR, values={key: value})
            for back, value in values.items()
        ),
    )


@pytest.mark.parametrize("key", ["pm25", "o3"])
def test_a_rule_s_hours_are_those_of_the_zones_as_of_any_version(
    context: Context, key: str
) -> None:
    filled(context)
    rule = parse_rule({**ZONED, "pollutant": key, "threshold": 0.1, "clear_below": 0.09}
                      if key == "o3" else ZONED, known_to(context))  # fmt: skip
    zones = zones_on(HOUR_20.date(), "PM" if key == "pm25" else "O3")
    now = zone_hours(context, zones, key, END - 3, END)
    then = zone_hours(context, zones, key, END - 3, END, context.store.version())
    assert now == then
    with context.store.read() as connection:
        points = reader_of(context).points(connection, rule, END - 3, END)
    wanted = {
        (hour.zone.id, hour.hour): (hour.exact, hour.value.heard, hour.expected)
        for hour in now
        if hour.value is not None
    }
    found = {
        (place, hour): (point.value, point.stations, point.expected)
        for place, by_hour in points.items()
        for hour, point in by_hour.items()
    }
    assert found == wanted
    assert len(wanted) == 3
    if key == "o3":
        with context.store.read() as connection:
            point = reader_of(context).points(connection, rule, END - 1, END)["o3-41-04"][END]
        assert point.station is not None


def test_a_zone_over_the_level_is_told_and_its_neighbour_is_not(context: Context) -> None:
    reader, known = reader_of(context), known_to(context)
    load_rules(context.store, [{**ZONED, "provinces": ["경기"]}], known, "t")
    watch(at(context.store, END - 2), reader)
    filled(context)
    watch(context.store, reader)
    on = [one for one in standing(context.store) if one["alert"]]
    assert [(one["place"], one["zone"], one["code"]) for one in on] == [
        ("pm-41-04", "남부권", "KR-41")
    ]
    (entry,) = [one for one in log(context.store) if one["reason"] == "first"]
    assert (entry["place"], entry["province"], entry["value"]) == ("pm-41-04", "경기", 76.5)
    assert (entry["zone"], entry["stations"], entry["stations_expected"]) == ("남부권", 2, 3)
    assert entry["id"] in {one["id"] for one in log(context.store, province=BY_CODE["KR-41"].id)}
    assert log(context.store, province=BY_CODE["KR-11"].id) == []
    words = compose({"id": "1", "events": [entry]}, "ko")[1]
    assert "경기 남부권" in words
    silence(
        context.store,
        who="t",
        why="훈련",
        until=context.clock.now() + timedelta(hours=3),
        province="경기",
    )
    (muted,) = [one for one in standing(context.store) if one["alert"]]
    assert str(muted["muted_by"]).startswith("silence:")


def test_stations_of_no_known_zone_are_judged_together_and_never_lost(context: Context) -> None:
    nowhere = Station(name="새 측정소", sido="경기", network=URBAN)
    write(context, Reading(station=nowhere, hour=HOUR_20, values={"pm25": 900}))
    filled(context)
    known = known_to(context)
    trial = backtest(
        context.store, reader_of(context), parse_rule(ZONED, known), HOUR_20 - 3 * HOUR, HOUR_20
    )
    fired = {place for place, course in trial.courses.items() if course.spans()}
    assert fired == {"KR-41", "pm-41-04"}
    assert [one["zone"] for one in trial.as_dict()["places"] if one["fired"]] == ["남부권", None]
    named = parse_rule({**ZONED, "zones": ["경기 남부권역"]}, known)
    only = backtest(context.store, reader_of(context), named, HOUR_20 - 3 * HOUR, HOUR_20)
    assert list(only.courses) == ["pm-41-04"]


def test_zones_are_named_as_people_name_them_and_wrong_names_are_refused(context: Context) -> None:
    known = known_to(context)
    ways = ["경기 중부권", "경기 중부권역", "경기도 중부권역", "pm-41-02"]
    rules = [parse_rule({**ZONED, "zones": [way]}, known) for way in ways]
    assert {rule.zones for rule in rules} == {rules[0].zones}
    assert read_rules(to_toml(rules[:1]), "t", known) == rules[:1]
    wrong: dict[str, tuple[dict[str, Any], str]] = {
        "unknown": ({"zones": ["경기 도심권"]}, '"경기 중부권"'),
        "several": ({"zones": ["남부권역"]}, "경기 남부권, "),
        "no list": ({"zones": "경기 중부권역"}, "must be a list of zones"),
        "another kind": ({"zones": ["o3-41-02"]}, "unknown zone"),
        "not over zones": ({"zones": ["경기 중부권역"], "over": "mean"}, 'over = "zone"'),
        "both": ({"zones": ["경기 중부권역"], "provinces": ["경기"]}, "not both"),
        "no zones of it": ({"pollutant": "no2", "threshold": 0.2, "clear_below": 0.1}, "pm10"),
        "over": ({"over": "권역"}, '"any_station" or "zone"'),
    }
    for name, (changes, form) in wrong.items():
        rule, found = problems({**ZONED, **changes}, known)
        assert rule is None, name
        assert any(form in str(problem) for problem in found), (name, found)
    assert "zones" not in parse_rule(BODY, known).as_body()


def test_a_rule_over_zones_comes_nearer_to_the_acts_of_zones(context: Context) -> None:
    """남부권 alone is over the level; the province's mean, with 수원 beside it, never is."""
    dusty = {back: 900 if 4 <= back <= 8 else 100 for back in range(24)}
    hours(context, "평택", PLACES["평택"], dusty, "pm25")
    for name, address in (("수원", PLACES["수원"]), ("가평", "경기 가평군 가평읍")):
        hours(context, name, address, dict.fromkeys(range(24), 100), "pm25")
    with context.store.write("t") as txn:
        acts = [
            act("남부권", issued_at=HOUR_20 - 7 * HOUR, cleared_at=HOUR_20 - 3 * HOUR,
                clear_value=100),
            act("북부권", issued_at=HOUR_20 - 7 * HOUR, cleared_at=HOUR_20 - 3 * HOUR,
                clear_value=100),
        ]  # fmt: skip
        put_advisories(txn, acts)
    period = from_hour_number(END - 20), from_hour_number(END)
    counts = {}
    for over in ("mean", "zone"):
        rule = parse_rule({**ZONED, "over": over, "for": 2}, known_to(context))
        found = against_official(context.store, reader_of(context), rule, *period).as_dict()
        counts[over] = [found[name] for name in ("official", "met", "missed", "alerts", "added")]
        met = {row["zone"]: row["met"] for row in found["advisories"]}
    assert counts == {"mean": [2, 0, 2, 0, 0], "zone": [2, 1, 1, 1, 0]}
    assert met == {"남부권": True, "북부권": False}


def test_without_a_station_s_value_the_model_stands_for_a_province(context: Context) -> None:
    modelled = [
        Reading(province=code, hour=HOUR_20 - back * HOUR, values={"pm25": 900})
        for code in ("KR-41", "KR-49")
        for back in range(2)
    ]
    write(context, *modelled, feed="openmeteo")
    write(context, Reading(station=station("수원", PLACES["수원"]), hour=HOUR_20,
                           values={"pm25": 100}))  # fmt: skip
    with context.store.read() as connection:
        rule = parse_rule(ZONED, known_to(context))
        points = reader_of(context).points(connection, rule, END - 2, END)
    assert list(points["KR-49"]) == [END - 1, END]
    assert list(points["KR-41"]) == [END - 1]
    assert points["KR-41"][END - 1].stations is None

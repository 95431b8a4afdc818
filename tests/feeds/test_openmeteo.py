"""Open-Meteo's answers: places, zone, units, forecasts left out, limits with their end."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.clock import KST
from aq.domain.errors import FeedError, FeedReason
from aq.domain.model import Answer, Payload
from aq.domain.pollutants import MICROGRAM, pollutants, to_scaled
from aq.feeds.openmeteo import DAYS_PER_CALL, FIELDS, FIRST_DAY, OpenMeteo
from aq.paths import ROOT

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)  # 20:25 KST
HOUR_20 = datetime(2026, 11, 23, 11, tzinfo=UTC)
FIXTURES = ROOT / "tests" / "fixtures" / "openmeteo"
RECORDED = (FIXTURES / "hourly.json").read_text("utf-8")
PLACES: list[dict[str, Any]] = json.loads(RECORDED)
TWO = (("KR-11", 37.5665, 126.978), ("KR-28", 37.4563, 126.7052))
SEVENTEEN = tuple((f"P{n}", 37.0, 127.0) for n in range(17))

Change = Callable[[dict[str, Any]], object]


def parse(text: str, points: tuple[tuple[str, float, float], ...] = SEVENTEEN) -> Answer:
    return OpenMeteo(points).parse(Payload(operation="", text=text, fetched_at=NOW), NOW)


def changed(change: Change) -> str:
    """The recording of two places with `change` made to the second."""
    places: list[dict[str, Any]] = json.loads(RECORDED)[:2]
    change(places[1])
    return json.dumps(places)


def asked(since: datetime, until: datetime) -> list[Mapping[str, str]]:
    calls: list[Mapping[str, str]] = []

    def get(operation: str, params: Mapping[str, str]) -> Payload:
        assert operation == ""
        calls.append(params)
        return Payload(operation=operation, text=RECORDED, fetched_at=NOW, params=params)

    list(OpenMeteo(TWO).pull(get, since, until))
    return calls


def test_t10_hours_to_come_are_read_apart_and_none_is_in_both() -> None:
    feed = OpenMeteo(SEVENTEEN)
    payload = Payload(operation="", text=RECORDED, fetched_at=NOW)
    been, ahead = feed.parse(payload, NOW), feed.parse_ahead(payload, NOW)
    assert max(one.hour for one in been.readings) <= NOW < min(one.hour for one in ahead.readings)
    assert ahead.rows == len(ahead.readings) == 17 * 3
    assert been.rows + ahead.rows == 17 * 24


def test_hours_to_come_are_one_call_of_three_days() -> None:
    calls: list[Mapping[str, str]] = []

    def get(operation: str, params: Mapping[str, str]) -> Payload:
        calls.append(params)
        return Payload(operation=operation, text=RECORDED, fetched_at=NOW, params=params)

    OpenMeteo(TWO).pull_ahead(get, NOW)
    (call,) = calls
    assert (call["start_date"], call["end_date"]) == ("2026-11-23", "2026-11-25")


def test_a_day_of_17_places() -> None:
    answer = parse(RECORDED)
    assert answer.rows == len(answer.readings) == 17 * 21  # three hours are still to come
    assert answer.issues == ()
    assert {one.province for one in answer.readings} == {code for code, _, _ in SEVENTEEN}
    assert all(one.station is None for one in answer.readings)


def test_t13_places_are_told_by_their_order_not_by_what_they_say() -> None:
    """The grid's cell is not the point asked for, and two points may share one."""
    found = parse(json.dumps([PLACES[0], PLACES[0]]), TWO)
    assert {one.province for one in found.readings} == {"KR-11", "KR-28"}
    assert (PLACES[0]["latitude"], PLACES[0]["longitude"]) != TWO[0][1:]


def test_hours_after_now_are_forecasts_and_left_out_in_silence() -> None:
    answer = parse(RECORDED)
    assert max(one.hour for one in answer.readings) == HOUR_20
    assert len(answer.readings) == 17 * 21
    assert answer.issues == ()


def test_t29_labels_are_korean_hours() -> None:
    first = min(one.hour for one in parse(RECORDED).readings)
    assert first == datetime(2026, 11, 22, 15, tzinfo=UTC)


@pytest.mark.parametrize("offset", [0, 18000, None, "GMT"])
def test_t29_another_zone_is_not_understood(offset: object) -> None:
    with pytest.raises(FeedError, match="not Korean time") as caught:
        parse(changed(lambda place: place.update(utc_offset_seconds=offset)), TWO)
    assert caught.value.reason is FeedReason.NOT_UNDERSTOOD


def test_t12_t14_gases_are_converted_and_no_index_is_read() -> None:
    reading = next(one for one in parse(RECORDED).readings if one.hour == HOUR_20)
    assert set(reading.values) == set(pollutants())
    for key, name in FIELDS.items():
        given_value = Decimal(str(PLACES[0]["hourly"][name][20]))
        assert reading.values[key] == to_scaled(given_value, pollutants()[key], MICROGRAM)
    assert reading.values["o3"] == 198  # 38.8 µg/m³ x 24.45 / 48,000


def test_t12_numbers_are_exact() -> None:
    """2.05 µg/m³ is half-up 2.1; the nearest binary number lies below and would give 2.0."""
    text = changed(lambda place: place["hourly"]["pm10"].__setitem__(5, 2.05))
    found = [one for one in parse(text, TWO).readings if one.province == "KR-28"]
    assert found[5].values["pm10"] == 21


@pytest.mark.parametrize("unit", ["\u03bcg/m³", "\u00b5g/m³"])
def test_t12_both_spellings_of_micro(unit: str) -> None:
    assert parse(changed(lambda place: place["hourly_units"].update(pm10=unit)), TWO).readings


@pytest.mark.parametrize("unit", ["mg/m³", "ppm", "EAQI", "", None])
@pytest.mark.parametrize("name", ["pm10", "ozone"])
def test_t12_another_unit_is_not_understood(name: str, unit: str | None) -> None:
    with pytest.raises(FeedError, match="not µg/m³") as caught:
        parse(changed(lambda place: place["hourly_units"].update({name: unit})), TWO)
    assert caught.value.reason is FeedReason.NOT_UNDERSTOOD


def test_t08_null_is_absent() -> None:
    hour_3 = [one for one in parse(RECORDED).readings if one.hour.astimezone(KST).hour == 3]
    assert len(hour_3) == 17
    assert all(set(one.values) == set(pollutants()) - {"pm10"} for one in hour_3)


@pytest.mark.parametrize("value", ["high", True, [1]])
def test_a_bad_value_costs_itself_alone(value: object) -> None:
    text = changed(lambda place: place["hourly"]["pm2_5"].__setitem__(5, value))
    answer = parse(text, TWO)
    assert [issue.kind for issue in answer.issues] == ["bad_value"]
    assert "pm25" in answer.issues[0].detail
    assert len(answer.readings) == 2 * 21


def test_numbers_json_does_not_know_and_numbers_below_zero() -> None:
    text = changed(lambda place: place["hourly"]["pm2_5"].__setitem__(5, float("nan")))
    assert [issue.kind for issue in parse(text, TWO).issues] == ["bad_value"]
    text = changed(lambda place: place["hourly"]["pm2_5"].__setitem__(5, -0.3))
    assert [issue.kind for issue in parse(text, TWO).issues] == ["negative_value"]


@pytest.mark.parametrize("label", ["2026-11-23T24:00", "2026-11-23T05:30", 1795000000, None])
def test_a_bad_time_is_skipped_and_reported(label: object) -> None:
    answer = parse(changed(lambda place: place["hourly"]["time"].__setitem__(5, label)), TWO)
    assert [issue.kind for issue in answer.issues] == ["bad_time"]
    assert len(answer.readings) == 2 * 21 - 1


_BROKEN: list[Change] = [
    lambda place: place.pop("hourly"),
    lambda place: place.pop("hourly_units"),
    lambda place: place["hourly"].pop("time"),
    lambda place: place["hourly"].pop("ozone"),
    lambda place: place["hourly"]["ozone"].pop(),
    lambda place: place.clear(),
]


@pytest.mark.parametrize("change", _BROKEN)
def test_a_shape_that_was_not_asked_for_is_not_understood(change: Change) -> None:
    with pytest.raises(FeedError) as caught:
        parse(changed(change), TWO)
    assert caught.value.reason is FeedReason.NOT_UNDERSTOOD


@pytest.mark.parametrize("places", [PLACES[:1], PLACES[:3], [], PLACES[0]])
def test_as_many_places_as_were_asked_for(places: object) -> None:
    with pytest.raises(FeedError, match="2 were asked for"):
        parse(json.dumps(places), TWO)


def test_one_point_is_answered_without_an_array() -> None:
    assert len(parse(json.dumps(PLACES[0]), TWO[:1]).readings) == 21


def test_t28_all_points_in_one_call_and_dates_without_past_days() -> None:
    (params,) = asked(NOW - timedelta(days=2), NOW)
    assert params["latitude"] == "37.5665,37.4563"
    assert params["longitude"] == "126.978,126.7052"
    assert params["timezone"] == "Asia/Seoul"
    assert params["hourly"].split(",") == [*FIELDS.values()]
    assert (params["start_date"], params["end_date"]) == ("2026-11-21", "2026-11-23")
    assert {"past_days", "forecast_hours", "forecast_days"}.isdisjoint(params)


def test_no_day_before_the_model_begins_and_none_for_nothing() -> None:
    first = asked(datetime(2020, 1, 1, tzinfo=UTC), datetime(2022, 8, 3, tzinfo=UTC))
    assert [call["start_date"] for call in first] == ["2022-08-01"]
    assert asked(datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)) == []
    assert asked(NOW, NOW) == []


@given(
    st.datetimes(datetime(2022, 1, 1), datetime(2026, 11, 23)),  # noqa: DTZ001 - bounds are naive
    st.integers(1, 24 * 400),
)
def test_the_days_asked_for_cover_every_hour_once(start: datetime, hours: int) -> None:
    since = start.replace(tzinfo=UTC)
    until = since + timedelta(hours=hours)
    days: list[date] = []
    for call in asked(since, until):
        first, last = (date.fromisoformat(call[key]) for key in ("start_date", "end_date"))
        assert 0 <= (last - first).days < DAYS_PER_CALL
        days += [first + timedelta(days=number) for number in range((last - first).days + 1)]
    assert len(days) == len(set(days))
    labels = {(since + timedelta(hours=n + 1)).astimezone(KST).date() for n in range(hours)}
    assert {day for day in labels if day >= FIRST_DAY} <= set(days)


@pytest.mark.parametrize(
    ("name", "reason", "retry_at"),
    [
        ("limit_minutely", FeedReason.RATE_LIMITED, NOW + timedelta(minutes=1)),
        ("limit_hourly", FeedReason.RATE_LIMITED, datetime(2026, 11, 23, 12, tzinfo=UTC)),
        ("limit_daily", FeedReason.QUOTA_USED_UP, datetime(2026, 11, 24, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("status", [429, 200])
def test_t28_a_limit_says_when_it_ends(
    name: str, reason: FeedReason, retry_at: datetime, status: int
) -> None:
    text = (FIXTURES / f"{name}.json").read_text("utf-8")
    error = OpenMeteo(TWO).refusal("", status, {}, text, NOW)
    assert error is not None
    assert (error.reason, error.retry_at) == (reason, retry_at)
    assert "limit exceeded" in error.detail


@pytest.mark.parametrize(
    ("status", "text", "reason"),
    [
        (400, (FIXTURES / "bad_request.json").read_text("utf-8"), FeedReason.BAD_REQUEST),
        (200, '{"error":true}', FeedReason.BAD_REQUEST),
        (400, "", FeedReason.BAD_REQUEST),
        (429, "", FeedReason.RATE_LIMITED),
        (502, "<html></html>", FeedReason.UPSTREAM_DOWN),
        (200, "<html></html>", FeedReason.NOT_UNDERSTOOD),
        (200, "", FeedReason.NOT_UNDERSTOOD),
        (200, "7", FeedReason.NOT_UNDERSTOOD),
        (200, RECORDED[:-5], FeedReason.NOT_UNDERSTOOD),
        (301, "", FeedReason.NOT_UNDERSTOOD),
    ],
)
def test_t22_what_is_no_answer_has_a_name(status: int, text: str, reason: FeedReason) -> None:
    error = OpenMeteo(TWO).refusal("", status, {}, text, NOW)
    assert error is not None
    assert error.reason is reason
    assert OpenMeteo(TWO).refusal("", 200, {}, RECORDED, NOW) is None


def test_a_unit_that_is_no_text_is_refused() -> None:
    def spoil(place: dict[str, Any]) -> None:
        place["hourly_units"]["ozone"] = {}

    with pytest.raises(FeedError, match="not µg/m³"):
        parse(changed(spoil), TWO)

"""Notices from a socket into the store, what was forecast when, and what an advisory became."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from alembic import command as alembic
from sqlalchemy import text

from aq import app
from aq.cli.checks import checks
from aq.cli.poll import sentence
from aq.context import Context, start
from aq.domain.advisories import acts, in_force
from aq.domain.call_plan import day_start
from aq.domain.clock import Clock, day_bounds, kst, kst_iso, parse_instant
from aq.domain.errors import FeedReason
from aq.domain.forecasts import in_force as notices_in_force
from aq.domain.forecasts import lead_days, outlooks
from aq.domain.model import DAILY, OVER_50, WEEKLY, Advisory, ForecastNotice
from aq.domain.provinces import PROVINCES
from aq.domain.slots import daily_slot, latest_daily
from aq.feeds.airkorea import AIRKOREA_ALARM, AIRKOREA_FORECAST, DAYS, DUST
from aq.feeds.airkorea.advisories import AirKoreaAlarm
from aq.feeds.registry import NOTICES, calls_ahead
from aq.i18n import text_in
from aq.ingest.notices import NoticeCollector
from aq.queries.feed_status import answer_keys, feed_status, notice_status
from aq.queries.official import forecast_answer, forecast_notices, over_50_notices
from aq.queries.yellow_dust import recent_yellow_dust, yellow_dust_items, yellow_dust_of
from aq.settings import Settings, load
from aq.simulator import notices as simulated_notices
from aq.simulator.scenario import Scenario, parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import Store, open_store
from aq.store.engine import _alembic
from aq.store.notices import advisories, forecasts, put_advisories, put_forecasts
from aq.store.quota import budget_of
from aq.store.runs import CallLedger, feed_states, record_upstream_calls
from aq.web.parts.answer_keys import section as answers_section
from aq.web.parts.feed_pace import quota_facts
from aq.web.parts.notice_services import section

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)  # 20:25 KST
HOUR = timedelta(hours=1)
STORY = """
[[advisory]]
district = "경기"
zone = "남부권"
issued = "2026-11-23T20:00+09:00"
raised = "2026-11-23T21:00+09:00"
lowered = "2026-11-23T22:00+09:00"
cleared = "2026-11-23T23:00+09:00"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with SimulatorServer(World(34, seed=17), Clock(NOW), parse(STORY)) as running:
        yield running


def settings_of(database_url: str, server: SimulatorServer) -> Settings:
    environment = {
        "AQ_DATABASE_URL": database_url,
        "AQ_CLOCK": kst_iso(NOW),
        "AQ_FEEDS__AIRKOREA__URL": server.airkorea_url,
        "AQ_FEEDS__AIRKOREA__KEY": "k",
        "AQ_FEEDS__OPENMETEO__ENABLED": "false",
    }
    return load(environment)


@pytest.fixture
def context(database_url: str, server: SimulatorServer) -> Iterator[Context]:
    server.clock, server.scenario = Clock(NOW), parse(STORY)
    made = start(settings_of(database_url, server))
    yield made
    made.store.close()


def notice(**changes: Any) -> ForecastNotice:
    given: dict[str, Any] = {
        "kind": DAILY,
        "pollutant": "pm25",
        "issued_at": NOW,
        "day": date(2026, 11, 24),
        "words": (("서울", "나쁨"),),
    }
    return ForecastNotice(**given | changes)


def advisory(issued: int, cleared: int | None, word: str = "주의보", **changes: Any) -> Advisory:
    given: dict[str, Any] = {
        "pollutant": "pm25",
        "district": "경기",
        "zone": "남부권",
        "word": word,
        "issued_at": NOW + issued * HOUR,
        "cleared_at": None if cleared is None else NOW + cleared * HOUR,
    }
    return Advisory(**given | changes)


def test_t32_a_province_is_the_worse_of_its_halves_and_keeps_both() -> None:
    words = (("경기남부", "매우나쁨"), ("경기북부", "보통"), ("영서", "예보없음"), ("영동", "좋음"))
    words += (("전남광주", "나쁨"), ("세종", "예보없음"), ("서울", "아주좋음"))
    found = {one.province.ko: one for one in outlooks(notice(words=words))}
    assert len(found) == 17
    assert (found["경기"].grade, found["경기"].word) == (4, "매우나쁨")
    assert [part.region for part in found["경기"].parts] == ["경기남부", "경기북부"]
    assert found["강원"].grade == 1
    assert (found["광주"].grade, found["전남"].grade) == (3, 3)
    assert (found["세종"].grade, found["세종"].word) == (None, "예보없음")
    assert (found["서울"].grade, found["서울"].word) == (None, "아주좋음")
    assert (found["제주"].grade, found["제주"].word) == (None, None)


def test_the_latest_notice_of_a_day_counts() -> None:
    early, late = notice(issued_at=NOW - 6 * HOUR), notice(words=(("서울", "보통"),))
    assert notices_in_force([late, early]) == [late]
    assert lead_days(late) == 1
    midnight = parse_instant("2026-11-24T00:00+09:00")
    assert lead_days(notice(issued_at=midnight)) == 0


def test_every_notice_is_kept_once_and_what_was_forecast_when_can_be_asked(store: Store) -> None:
    morning, evening = notice(issued_at=NOW - 9 * HOUR), notice(words=(("서울", "보통"),))
    with store.write("a") as txn:
        assert put_forecasts(txn, [morning, evening]).new == 2
    with store.write("b") as txn:
        assert put_forecasts(txn, [morning, evening]).same == 2
        assert not txn.changed
    corrected = notice(words=(("서울", "매우나쁨"),))
    with store.write("c") as txn:
        assert put_forecasts(txn, [corrected]).changed == 1
    days = (date(2026, 11, 24), date(2026, 11, 24))
    with store.read() as connection:
        assert forecasts(connection, days) == [morning, corrected]
        assert forecasts(connection, days, version=1) == [morning, evening]
        assert forecasts(connection, days, issued_until=NOW - HOUR) == [morning]
        assert forecasts(connection, days, kind=WEEKLY) == []


def test_t35_a_clear_time_ends_an_advisory_and_not_its_day(store: Store) -> None:
    open_one, cleared = advisory(-3, None), advisory(-3, -1)
    with store.write("a") as txn:
        put_advisories(txn, [open_one])
    with store.write("b") as txn:
        assert put_advisories(txn, [cleared]).changed == 1
    with store.read() as connection:
        assert advisories(connection, NOW - 2 * HOUR, NOW) == [cleared]
        assert advisories(connection, NOW - 2 * HOUR, NOW, version=1) == [open_one]
        assert advisories(connection, NOW - HOUR, NOW) == []
    assert in_force([cleared], NOW - timedelta(minutes=61)) == [cleared]
    assert in_force([cleared], NOW - HOUR) == []  # cleared earlier today
    assert in_force([open_one], NOW) == [open_one]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([(0, 4, "주의보")], [("issued", 0), ("cleared", 4)]),
        # The advisory goes on below the warning.
        (
            [(0, 4, "주의보"), (1, 2, "경보")],
            [("issued", 0), ("raised", 1), ("lowered", 2), ("cleared", 4)],
        ),
        # Or ends where the warning begins, and begins anew where it ends.
        (
            [(0, 1, "주의보"), (1, 2, "경보"), (2, 4, "주의보")],
            [("issued", 0), ("raised", 1), ("lowered", 2), ("cleared", 4)],
        ),
        ([(0, None, "주의보"), (3, None, "경보")], [("issued", 0), ("raised", 3)]),
        ([(0, 2, "예비주의보")], [("issued", 0), ("cleared", 2)]),
    ],
)
def test_issued_raised_lowered_cleared(
    rows: list[tuple[int, int | None, str]], told: list[tuple[str, int]]
) -> None:
    found = acts([advisory(*row) for row in rows])
    assert [(act.kind, (act.at - NOW) / HOUR) for act in found] == told


def test_a_renamed_field_is_named_within_one_poll_and_changes_no_value(
    context: Context, server: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = app.notice_collector(context)
    collector.poll(AIRKOREA_ALARM.name, NOW)
    assert answer_keys(context) == []
    after, until = NOW - timedelta(days=30), NOW
    with context.store.read() as connection:
        before = advisories(connection, after, until)
    printed = simulated_notices._dust_item

    def renamed(*given: Any) -> dict[str, object]:
        row = dict(printed(*given))
        return {"issueValue": row.pop("issueVal"), **row}

    monkeypatch.setattr(simulated_notices, "_dust_item", renamed)
    report = collector.poll(AIRKOREA_ALARM.name, NOW)
    assert report.as_dict()["odd_keys"][DUST]["gone"]["issueVal"] > 0
    told = [(key.operation, key.change, key.name) for key in answer_keys(context)]
    assert told == [(DUST, "gone", "issueVal"), (DUST, "new", "issueValue")]
    page = answers_section(answer_keys(context), text_in("ko"))
    assert "빠진 항목: issueVal; 새 항목: issueValue" in page
    with context.store.read() as connection:
        assert advisories(connection, after, until) == before
    (line,) = [one for one in checks(context.settings) if one.check.startswith("answer ")]
    assert (line.state, line.found) == ("warn", "gone: issueVal; new: issueValue")
    monkeypatch.undo()
    collector.poll(AIRKOREA_ALARM.name, NOW)
    assert answer_keys(context) == []


def test_yellow_dust_and_days_above_50_are_kept_once_and_answered(
    context: Context, server: SimulatorServer
) -> None:
    server.scenario = parse(
        '[[yellow_dust]]\nissued = "2026-11-23T06:00+09:00"\nareas = "서울, 충남(서해안)"\n'
    )
    collector = app.notice_collector(context)
    for _ in range(2):
        assert collector.poll(AIRKOREA_ALARM.name, NOW).ok
        assert collector.poll(AIRKOREA_FORECAST.name, NOW).ok
    (act,) = yellow_dust_items(recent_yellow_dust(context, NOW))
    assert (act["issued_at"], act["codes"]) == ("2026-11-23T06:00:00+09:00", ["KR-11", "KR-44"])
    assert yellow_dust_of(context, 2026, NOW) == recent_yellow_dust(context, NOW)
    assert recent_yellow_dust(context, NOW + timedelta(days=2)) == ()
    assert yellow_dust_of(context, 2025, NOW) == ()
    over = over_50_notices(context, NOW)
    assert [one.day.day for one in over] == [23, 24, 25]
    assert not {one.kind for one in forecast_notices(context, NOW)} & {OVER_50}
    answer = forecast_answer(context, NOW, PROVINCES, ("pm25",))
    own = [one for one in answer["items"] if one["kind"] == OVER_50]
    assert len(own) == 3 * 17
    assert {one["label"] for one in own} <= {"50 초과", "50 이하"}


OZONE_STORY = """
[[advisory]]
pollutant = "o3"
district = "서울"
zone = "서남권역"
issued = "2025-08-02T22:00+09:00"
cleared = "2025-08-03T01:00+09:00"
"""


def test_t51_ozone_acts_that_never_ended_are_put_right_by_one_poll(
    database_url: str, server: SimulatorServer
) -> None:
    """The version before kept no act that had ended, and of one in force a digit and no end."""
    later = NOW + timedelta(days=10)
    server.clock, server.scenario = Clock(later), parse(STORY + OZONE_STORY)
    issued = parse_instant("2025-08-02T22:00+09:00")
    old = open_store(database_url, Clock(NOW))
    with old.book() as connection:
        alembic.upgrade(_alembic(connection), "0008_feed_span")
        names = "pollutant, district, zone, word, issued, version, number, seen"
        rows = (("o3", "서남권역", "1", issued), ("pm25", "서울권역", "주의보", NOW))
        for version, row in enumerate(rows, start=1):
            at = int(row[3].timestamp()) * 1_000_000
            values = f"'{row[0]}', '서울', '{row[1]}', '{row[2]}', {at}, {version}, '', 0"
            connection.execute(text(f"INSERT INTO advisory ({names}) VALUES ({values})"))  # noqa: S608
    old.close()
    context = start(settings_of(database_url, server))
    with context.store.read() as connection:
        (dead,) = [one for one in advisories(connection, issued, NOW) if one.pollutant == "o3"]
    assert (dead.word, dead.cleared_at) == ("주의보", None)
    collector = app.notice_collector(context)
    assert collector.poll(AIRKOREA_ALARM.name, later).ok
    with context.store.read() as connection:
        rows = advisories(connection, issued, issued + HOUR)
    (healed,) = [one for one in rows if one.zone == "서남권역"]
    assert (healed.word, healed.cleared_at) == ("주의보", issued + 3 * HOUR)
    assert not [one for one in in_force(rows, later) if one.pollutant == "o3"]
    calls = collector.poll(AIRKOREA_ALARM.name, later).calls
    assert calls["getOzAdvsryOccrrncInfo"] == 1  # last year's list is not asked for again
    context.store.close()


def test_a_poll_fills_the_store_and_the_next_one_changes_nothing(context: Context) -> None:
    collector = app.notice_collector(context)
    for name in NOTICES:
        report = collector.poll(name, NOW)
        assert report.ok
        assert report.stored > 0
        assert not report.skipped
    assert context.store.simulated()
    version = context.store.version()
    for name in NOTICES:
        again = collector.poll(name, NOW)
        assert (again.stored, again.changed) == (0, 0)
    assert context.store.version() == version
    today = kst(NOW).date()
    with context.store.read() as connection:
        there = forecasts(connection, (today, today + timedelta(days=6)))
    newest = notices_in_force(one for one in there if one.kind == DAILY)
    assert {(one.pollutant, lead_days(one)) for one in newest} == {
        (key, lead) for key in ("pm10", "pm25") for lead in range(3)
    }
    weekly = notices_in_force(one for one in there if one.kind == WEEKLY)
    assert [lead_days(one) for one in weekly][-4:] == [3, 4, 5, 6]
    for one in newest:
        assert [each.province for each in outlooks(one)] == list(PROVINCES)
        assert all(each.word for each in outlooks(one))


def test_an_advisory_appears_is_raised_lowered_and_cleared(
    context: Context, server: SimulatorServer
) -> None:
    collector = app.notice_collector(context)
    seen = []
    for hours in range(-1, 4):
        now = NOW + hours * HOUR
        server.clock = Clock(now)
        assert collector.poll(AIRKOREA_ALARM.name, now).ok
        with context.store.read() as connection:
            rows = advisories(connection, now - HOUR, now)
        here = [one for one in in_force(rows, now) if one.zone == "남부권"]
        seen.append([one.word for one in here])
    assert seen == [[], ["주의보"], ["경보"], ["주의보"], []]
    with context.store.read() as connection:
        rows = advisories(connection, NOW - 5 * HOUR, NOW + 5 * HOUR)
    told = [act.kind for act in acts(rows) if act.advisory.zone == "남부권"]
    assert told == ["issued", "raised", "lowered", "cleared"]


def test_one_service_that_fails_leaves_the_other_and_the_store(
    context: Context, server: SimulatorServer
) -> None:
    server.scenario = parse(
        STORY + '[[fault]]\nkind = "gateway_30"\noperation = "getOzAdvsryOccrrncInfo"\n'
    )
    report = app.notice_collector(context).poll(AIRKOREA_ALARM.name, NOW)
    assert getattr(report.error, "reason", None) is FeedReason.KEY_NOT_REGISTERED
    assert report.stored > 0
    states = feed_states(context.store)
    assert states["airkorea_alarm:ozone"].reason == "key_not_registered"
    assert states["airkorea_alarm:dust"].last_ok == NOW
    # What is approved works: the feed as a whole is not failing.
    assert (states[AIRKOREA_ALARM.name].reason, states[AIRKOREA_ALARM.name].last_ok) == (None, NOW)
    assert report.failed == {"getOzAdvsryOccrrncInfo": "key_not_registered"}
    said = sentence(report)
    assert "rows read" in said
    assert "getOzAdvsryOccrrncInfo failed: key_not_registered" in said
    version = context.store.version()
    server.scenario = parse('[[fault]]\nkind = "garbage"\n')
    assert not NoticeCollector.poll(app.notice_collector(context), AIRKOREA_FORECAST.name, NOW).ok
    assert context.store.version() == version
    server.scenario = Scenario()


def test_a_feed_fails_when_all_its_services_do_and_each_is_told_apart(
    context: Context, server: SimulatorServer
) -> None:
    server.scenario = parse(
        '[[fault]]\nkind = "gateway_30"\noperation = "getUlfptcaAlarmInfo"\n'
        '[[fault]]\nkind = "garbage"\noperation = "getOzAdvsryOccrrncInfo"\n'
        '[[fault]]\nkind = "garbage"\noperation = "getYlwsndAdvsryOccrrncInfo"\n'
    )
    collector = app.notice_collector(context)
    assert not collector.poll(AIRKOREA_ALARM.name, NOW).ok
    states = feed_states(context.store)
    assert states[AIRKOREA_ALARM.name].failing_since == NOW
    services = {one.service: one for one in notice_status(context, NOW)}
    assert services["airkorea_alarm:dust"].reason == "key_not_registered"
    assert services["airkorea_alarm:ozone"].reason == "not_understood"
    assert services["airkorea_forecast:days"].reason is None
    page = section(list(services.values()), text_in("en"))
    assert "advisories of ozone</b>: AirKorea sent an answer that could not be read" in page
    assert page.count("fails</td>") == 3
    server.scenario = Scenario()


def test_a_service_that_keeps_failing_is_asked_less_often_and_the_other_as_ever(
    context: Context, server: SimulatorServer
) -> None:
    server.scenario = parse(
        '[[fault]]\nkind = "gateway_30"\noperation = "getOzAdvsryOccrrncInfo"\n'
    )
    collector = app.notice_collector(context)
    for minutes in range(6):
        collector.poll(AIRKOREA_ALARM.name, NOW + timedelta(minutes=minutes))
    later = NOW + timedelta(minutes=10)
    report = collector.poll(AIRKOREA_ALARM.name, later)
    assert set(report.calls) == {"getUlfptcaAlarmInfo", "getYlwsndAdvsryOccrrncInfo"}
    assert report.failed == {"getOzAdvsryOccrrncInfo": "key_not_registered"}
    (ozone,) = [one for one in notice_status(context, later) if one.failing_since]
    assert ozone.failures == 6
    assert ozone.next_poll > later + timedelta(minutes=30)
    assert "getOzAdvsryOccrrncInfo" in collector.poll(AIRKOREA_ALARM.name, later, force=True).calls
    server.scenario = Scenario()


def test_what_is_to_come_today_and_what_was_made_make_the_plan(context: Context) -> None:
    minutes = context.settings.schedule.minutes
    start = day_bounds(kst(NOW).date())[0]
    plan = calls_ahead(NOTICES, day_start(NOW), minutes, of=NOW)
    assert calls_ahead(NOTICES, start - timedelta(seconds=1), minutes, of=NOW) == plan
    assert (
        calls_ahead(NOTICES, NOW, minutes)[DUST] == 3 * 3 + 2
    )  # 20:35, 20:50, three an hour till 24
    assert calls_ahead(NOTICES, NOW, minutes)[DAYS] == 2 * 2  # 23:15 and 23:45
    assert not any(calls_ahead(NOTICES, start + timedelta(hours=24), minutes, of=NOW).values())


def test_the_quota_keeps_back_what_notices_will_need(context: Context) -> None:
    minutes = context.settings.schedule.minutes
    before = budget_of(context.store, "airkorea", NOW, limit=500, minutes=minutes)
    ahead = sum(calls_ahead(NOTICES, NOW, minutes).values())
    assert before.reserved == 11 + 8 + 20 + 25 + ahead
    made = sum(app.notice_collector(context).poll(AIRKOREA_ALARM.name, NOW).calls.values())
    after = budget_of(context.store, "airkorea", NOW, limit=500, minutes=minutes)
    assert (after.used, after.reserved) == (before.used + made, before.reserved)
    model = budget_of(context.store, "openmeteo", NOW, limit=500, minutes=minutes)
    assert model.reserved == 11 + 25


def test_what_the_source_counts_of_notices_is_ours(context: Context) -> None:
    made = app.notice_collector(context).poll(AIRKOREA_ALARM.name, NOW).calls
    record_upstream_calls(context.store, "airkorea", NOW, made)
    (live,) = [one for one in feed_status(context, NOW) if one.feed == "airkorea"]
    assert live.counted == {name: (count, count) for name, count in made.items()}


def test_a_count_by_service_stands_beside_the_sum_of_its_operations(context: Context) -> None:
    made = app.notice_collector(context).poll(AIRKOREA_ALARM.name, NOW).calls
    dust, others = made["getUlfptcaAlarmInfo"], made.total() - made["getUlfptcaAlarmInfo"]
    record_upstream_calls(
        context.store,
        "airkorea",
        NOW,
        {
            "미세먼지 경보 정보 조회 서비스": dust,
            "오존황사 발생정보조회 서비스": others,
            "새 서비스": 9,
        },
    )
    (live,) = [one for one in feed_status(context, NOW) if one.feed == "airkorea"]
    # What no known name covers stands beside the unknown one; here nothing is left.
    assert live.counted == {
        "미세먼지 경보 정보 조회 서비스": (dust, dust),
        "오존황사 발생정보조회 서비스": (others, others),
        "새 서비스": (9, 0),
    }
    facts = {label: value for label, value, _ in quota_facts(live, text_in("en"))}
    assert facts["calls by the source's count, fine dust advisories"] == f"{dust}; ours {dust}"
    found = [finding.found for finding in checks(context.settings)]
    assert "새 서비스: the source counted 9 calls, we made 0" in found


def test_calls_are_counted_and_stay_within_the_plan(context: Context) -> None:
    app.notice_collector(context).poll(AIRKOREA_ALARM.name, NOW)
    spent = CallLedger(context.store).spent(NOW)
    assert {key[0] for key in spent} == {AIRKOREA_ALARM.name}
    for now in (NOW, datetime(2027, 1, 1, 1, tzinfo=UTC)):
        plan = calls_ahead(NOTICES, day_start(now), context.settings.schedule.minutes, of=now)
        assert len(plan) == 6
        assert all(count <= 300 for count in plan.values())
    dust = next(one for one in notice_status(context, NOW) if one.operation == DUST)
    assert (dust.calls_today, dust.calls_planned, dust.within) == (
        spent[AIRKOREA_ALARM.name, DUST],
        calls_ahead(NOTICES, day_start(NOW), context.settings.schedule.minutes, of=NOW)[DUST],
        True,
    )


def test_forecasts_are_asked_for_after_each_issue() -> None:
    times = (timedelta(hours=5, minutes=15), timedelta(hours=17, minutes=45))
    assert kst_iso(latest_daily(NOW, times)) == "2026-11-23T17:45:00+09:00"
    early = parse_instant("2026-11-23T04:00+09:00")
    assert kst_iso(latest_daily(early, times)) == "2026-11-22T17:45:00+09:00"
    assert daily_slot(early, times[0]) < early
    assert AirKoreaAlarm().info.kind == "official"

"""Old station hours in the archive: nothing lost, counted twice or shown otherwise."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from aq import app
from aq.__main__ import run
from aq.context import Context, shared, start
from aq.domain.clock import HOUR, hour_number, kst_iso, month_hours
from aq.domain.errors import ArchiveError, InputError, StoreError
from aq.domain.model import URBAN, Reading, Station, Upstream
from aq.domain.pollutants import KEYS
from aq.domain.provinces import find_province
from aq.feeds.registry import FEED_IDS
from aq.ingest import retention
from aq.ingest.confirmed_files import import_archive
from aq.ingest.regrade import regrade
from aq.ingest.retention import check, manifest_path, retain
from aq.queries.completeness import completeness
from aq.queries.evidence import evidence
from aq.queries.revisions import trail_items
from aq.queries.stations import roster
from aq.settings import load
from aq.store import gaps
from aq.store.reads import highest_stations, station_hours
from aq.store.schema import metadata, province_hour, retained, station_hour
from aq.web.wording.explanation import evidence_text
from chaos.places import Files
from chaos.retaining import kill
from tests.conftest import NOW
from tests.exporting import use
from tests.serving import make_runtime, served, write
from tests.web.test_pages import markup
from tests.web.test_pages import run as page

SEOUL = find_province("서울")
PLACES = [
    Station(name="중구", sido="서울", code="111121", network=URBAN, address="서울 중구", year=1995),
    Station(name="강남구", sido="서울", code="111261", network=URBAN, items=("pm10", "pm25")),
    Station(name="강남대로", sido="서울", code="111273", network="도로변대기"),
]
# 23 November less six months: April is the last month that goes, its last hour 1 May 00:00.
MONTHS = 6
TURN = datetime(2026, 4, 30, 15, tzinfo=UTC)
# All that must be the same whether a month is archived or not.
PAST = ("station_statement", "station_period", "station_silence")
DERIVED = ("province_hour", "province_hour_rev", "province_day", "province_day_grade")
MEASURED = ("station_hour", "station_hour_rev")


def old_hours(context: Context, *, around: datetime = TURN, hours: int = 60) -> None:
    """Hours on both sides of a month's turn, some flagged, some corrected, and a few of now."""
    readings = [
        Reading(
            station=one,
            hour=around + back * HOUR,
            values={"pm10": 300 + 10 * n + back, "o3": 250, "co": 40 + n},
            flags={"o3": "implausible"} if back % 7 == 0 else {},
            upstream=Upstream(khai=60 + n, khai_grade=2, pm10_24h=31, grades={"pm10": 2}),
        )
        for n, one in enumerate(PLACES)
        for back in range(-hours, hours)
    ]
    write(context, *readings)
    write(
        context,
        *(
            Reading(station=PLACES[0], hour=around - back * HOUR, values={"pm10": 999})
            for back in range(1, 6)
        ),
    )
    write(context, *(Reading(station=one, hour=NOW_HOUR, values={"pm10": 400}) for one in PLACES))


NOW_HOUR = NOW.replace(minute=0)


@pytest.fixture
def context(database_url: str, tmp_path: Path) -> Iterator[Context]:
    made = make_runtime(database_url, AQ_RETENTION__FOLDER=str(tmp_path / "archive"))
    yield made
    made.store.close()


def tables(context: Context, *names: str) -> dict[str, list[Any]]:
    with context.store.read() as connection:
        return {
            name: sorted(
                (tuple(row) for row in connection.execute(select(metadata.tables[name]))), key=repr
            )
            for name in names
        }


def go(context: Context, months: int = MONTHS) -> retention.RetainReport:
    return retain(context.store, context.settings.archive_folder, months, NOW)


def old_rows(context: Context) -> int:
    query = select(func.count()).select_from(station_hour)
    with context.store.read() as connection:
        return connection.scalar(query.where(station_hour.c.hour <= hour_number(TURN))) or 0


def test_a_month_goes_to_the_archive_and_what_follows_from_it_stays(context: Context) -> None:
    old_hours(context)
    before, version = tables(context, *MEASURED, *DERIVED), context.store.version()
    report = go(context)
    assert report.error is None
    assert [(one["month"], one["rows"], one["replaced_rows"]) for one in report.months] == [
        ("2026-04", 3 * 61, 5)
    ]
    after = tables(context, *MEASURED, *DERIVED)
    assert {name: after[name] for name in DERIVED} == {name: before[name] for name in DERIVED}
    assert context.store.version() == version
    first, last = month_hours(2026, 4)
    stay = [row for row in before["station_hour"] if row[1] > last]
    assert (after["station_hour"], after["station_hour_rev"]) == (stay, [])
    # All that went is in the file, to the last cell.
    file = context.settings.archive_folder / report.months[0]["file"]
    kept = pq.read_table(file).to_pylist()
    names = [column.name for column in station_hour.columns]
    gone = [
        tuple(FEED_IDS[row["feed"]] if name == "feed" else row[name] for name in names)
        for row in kept
        if row["superseded"] is None
    ]
    assert sorted([*gone, *stay], key=repr) == before["station_hour"]
    assert kept[0]["station_name"] == "중구"
    assert kst_iso(kept[-1]["at"]) == "2026-05-01T00:00:00+09:00"
    content = json.loads(manifest_path(file).read_text("utf-8"))
    assert (content["rows"], content["min_time"], content["max_time"], content["month"]) == (
        183,
        "2026-04-28T12:00:00+09:00",
        "2026-05-01T00:00:00+09:00",
        "2026-04",
    )
    assert first <= min(row["hour"] for row in kept)
    assert go(context).months == []


def test_nothing_goes_without_a_setting_and_nothing_young(context: Context) -> None:
    old_hours(context, around=NOW_HOUR - timedelta(days=100))
    before = tables(context, *MEASURED)
    assert go(context, 0).note == "retention is off: retention.station_months is 0"
    assert go(context).months == []
    assert tables(context, *MEASURED) == before
    assert not context.settings.archive_folder.exists()


def asked(context: Context) -> list[Any]:
    """Everything that is asked of old station hours."""
    hour = hour_number(TURN)
    place, standard = PLACES[0], context.standards["airkorea_1h"]
    with context.store.read() as connection:
        found: list[Any] = [
            [tuple(row) for row in station_hours(connection, [1, 2, 3], hour - 99, hour + 9)],
            [tuple(r) for r in station_hours(connection, [1, 3], hour - 9, hour, as_of=1)],
            sorted(
                map(tuple, highest_stations(connection, "pm10", [(SEOUL.id, hour - 9, hour + 9)]))
            ),
        ]
    found += [
        trail_items(context.store, place.code or "", "pm10", TURN - 3 * HOUR, standard),
        evidence(context, SEOUL, "pm10", TURN - HOUR, standard).as_dict(),
        roster(context, SEOUL.id, "pm10", TURN - 90 * HOUR, TURN, standard),
        completeness(context, "pm10", TURN - 90 * HOUR, TURN).days.to_dict(),
    ]
    return found


def test_what_is_asked_of_archived_hours_is_answered_as_before(context: Context) -> None:
    old_hours(context)
    before = asked(context)
    assert go(context).months
    assert asked(context) == before
    assert old_rows(context) == 0


@pytest.mark.parametrize("options", [(), ("--as-of", "1"), ("--grain", "day")])
def test_an_export_over_archive_and_store_has_the_same_bytes(
    context: Context,
    options: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    database_url: str,
) -> None:
    use(monkeypatch, database_url)
    monkeypatch.setenv("AQ_RETENTION__FOLDER", str(context.settings.archive_folder))
    old_hours(context)
    if options[:1] == ("--as-of",):
        options = ("--as-of", kst_iso(NOW))
    command = ["export", "--since", "2026-04-01", "--until", "2026-05-31", "--level", "station"]
    command += ["--format", "csv", *options, "-o"]
    before, after = tmp_path / "before.csv", tmp_path / "after.csv"
    assert run([*command, str(before)]) == 0
    assert go(context).months
    assert run([*command, str(after)]) == 0
    assert after.read_bytes() == before.read_bytes()
    assert run(["export", "--verify", str(before)]) == 0


def test_an_archive_that_is_away_is_named_and_nothing_is_made_up(context: Context) -> None:
    old_hours(context)
    file = go(context).months[0]["file"]
    folder = context.settings.archive_folder
    folder.rename(folder.with_name("away"))
    standard = context.standards["airkorea_1h"]
    why = evidence(context, SEOUL, "pm10", TURN - HOUR, standard)
    assert (why.archive, why.stations) == (file, ())
    assert why.as_dict()["explanation"]["value"] is not None
    from aq.i18n import text_in

    assert file in evidence_text(why, text_in("ko"))
    with pytest.raises(ArchiveError, match=f"{file}, which is not there"):
        roster(context, SEOUL.id, "pm10", TURN - 90 * HOUR, TURN, standard)
    with served(context) as base:
        span = "since=2026-04-29&until=2026-05-02&pollutant=pm10"
        answer = requests.get(f"{base}/api/v1/export?{span}&level=station&format=csv", timeout=20)
        assert answer.status_code == 503
        assert file in answer.json()["error"]["message"]
        answer = requests.get(f"{base}/api/v1/history?{span}&province=서울", timeout=20)
        assert answer.status_code == 200
        assert all(item["value"] for item in answer.json()["items"])
    # The hours that are here can be asked for.
    assert roster(context, SEOUL.id, "pm10", NOW - 90 * HOUR, NOW, standard).members
    assert [one.state for one in check(context.store, whole=True)] == ["missing"]
    before = tables(context, *MEASURED, *DERIVED)
    with pytest.raises(ArchiveError):
        write(context, Reading(station=PLACES[0], hour=TURN, values={"pm10": 1}))
    assert tables(context, *MEASURED, *DERIVED) == before


def test_a_late_correction_brings_the_month_back_and_pools_all_of_its_stations(
    context: Context, database_url: str, tmp_path: Path
) -> None:
    other = make_runtime(f"sqlite:///{tmp_path}/never-archived.db")
    late = Reading(station=PLACES[0], hour=TURN - 2 * HOUR, values={"pm10": 640})
    for one in (context, other):
        old_hours(one)
    assert go(context).months
    for one in (context, other):
        write(one, late)
    assert tables(context, *MEASURED, *DERIVED) == tables(other, *MEASURED, *DERIVED)
    assert tables(context, "retained")["retained"] == []
    again = go(context)
    assert [one["replaced_rows"] for one in again.months] == [6]
    for one in (context, other):
        write(one, late)  # the same again changes nothing, and leaves the archive alone
    assert len(tables(context, "retained")["retained"]) == 1
    assert tables(context, *DERIVED) == tables(other, *DERIVED)
    other.store.close()


def test_import_brings_a_month_back_as_it_was_and_twice_is_once(
    context: Context, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    old_hours(context)
    before = tables(context, *MEASURED, *DERIVED)
    path = context.settings.archive_folder / go(context).months[0]["file"]
    first = import_archive(context, path)
    assert (first.stored, first.changed, first.rows) == (183, 0, 188)
    assert tables(context, *MEASURED, *DERIVED) == before
    second = import_archive(context, path)
    assert (second.stored, second.changed, second.unchanged) == (0, 0, 183)
    assert tables(context, *MEASURED, *DERIVED) == before


def test_an_archive_fills_an_empty_store_and_never_overwrites_what_is_newer(
    context: Context, tmp_path: Path
) -> None:
    old_hours(context)
    path = context.settings.archive_folder / go(context).months[0]["file"]
    fresh = make_runtime(f"sqlite:///{tmp_path}/fresh.db")
    corrected = Reading(station=PLACES[1], hour=TURN, values={"pm10": 777})
    write(fresh, corrected)
    report = import_archive(fresh, path)
    assert (report.stored, report.unchanged) == (182, 0)
    assert dict(report.skipped) == {"replaced": 5, "known otherwise": 1}
    assert import_archive(fresh, path).stored == 0

    def means(one: Context) -> list[Any]:
        query = select(province_hour.c.hour, province_hour.c.pm10_sum, province_hour.c.pm10_n)
        query = query.where(province_hour.c.hour < hour_number(TURN))
        with one.store.read() as connection:
            return [tuple(row) for row in connection.execute(query.order_by(province_hour.c.hour))]

    assert means(fresh) == means(context)
    fresh.store.close()


@pytest.mark.parametrize("harm", ["file", "manifest", "no manifest", "foreign", "simulated"])
def test_an_archive_that_is_not_what_was_written_changes_nothing(
    context: Context, harm: str, tmp_path: Path
) -> None:
    old_hours(context)
    path = context.settings.archive_folder / go(context).months[0]["file"]
    fresh = make_runtime(f"sqlite:///{tmp_path}/fresh.db")
    write(fresh, Reading(station=PLACES[0], hour=NOW_HOUR, values={"pm10": 1}))
    with fresh.store.write("mark") as txn:
        txn.mark_simulated(False)
    if harm == "file":
        spoiled = bytearray(path.read_bytes())
        spoiled[len(spoiled) // 2] ^= 1
        path.write_bytes(spoiled)
        assert [one.state for one in check(context.store, whole=True)] == ["changed"]
    elif harm == "manifest":
        manifest_path(path).write_text('{"archive": 1')
    elif harm == "no manifest":
        manifest_path(path).unlink()
    elif harm == "foreign":
        path.write_bytes(b"PAR1 nothing of ours PAR1")
        content = json.loads(manifest_path(path).read_text())
        from aq.store.archive.files import digest

        manifest_path(path).write_text(json.dumps({**content, "sha256": digest(path)}))
    else:
        content = json.loads(manifest_path(path).read_text())
        manifest_path(path).write_text(json.dumps({**content, "simulated": True}))
    before = tables(fresh, *MEASURED, *DERIVED, "station")
    with pytest.raises((InputError, StoreError)):
        import_archive(fresh, path)
    assert tables(fresh, *MEASURED, *DERIVED, "station") == before
    fresh.store.close()


def test_archived_hours_are_no_gap_and_are_not_asked_for_again(context: Context) -> None:
    old_hours(context)
    hour = hour_number(TURN)
    with context.store.read() as connection:
        before = gaps.station_lacks(
            connection, "airkorea", hour - 60, hour + 30, now=NOW, whole=True
        )
        provinces = gaps.province_lacks(connection, "airkorea", hour - 60, hour + 30)
    assert go(context).months
    with context.store.read() as connection:
        assert (
            gaps.station_lacks(connection, "airkorea", hour - 60, hour + 30, now=NOW, whole=True)
            == before
        )
        assert gaps.province_lacks(connection, "airkorea", hour - 60, hour + 30) == provinces


def test_grades_are_rebuilt_over_archived_months(context: Context) -> None:
    old_hours(context)
    before = tables(context, "province_grade", "province_day_grade")
    assert go(context).months
    with context.store.book() as connection:
        for name in before:
            connection.execute(delete(metadata.tables[name]))
    regrade(context.store, context.stored_standards)
    assert tables(context, "province_grade", "province_day_grade") == before


def test_the_pages_say_what_is_in_the_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "archive"
    use(monkeypatch, f"sqlite:///{tmp_path}/aq.db")
    monkeypatch.setenv("AQ_FEEDS__OPENMETEO__ENABLED", "false")
    shared.cache_clear()
    context = shared()
    old_hours(context)
    asked = {"since": "2026-04-28", "until": "2026-04-30", "p": "KR-11", "lang": "ko"}
    told = "2026년 5월 1일(금) 0시, 측정소 3곳 가운데 2곳이 시도 평균에 포함됩니다"
    assert told in markup(page("stations.py", **asked))
    file = go(context).months[0]["file"]
    write(context, Reading(station=PLACES[0], hour=NOW_HOUR - HOUR, values={"pm10": 400}))
    assert told in markup(page("stations.py", **asked))
    assert "2026-04 측정소별 자료는 보관 파일로" in markup(page("gaps.py", **asked))
    folder.rename(tmp_path / "away")
    write(context, Reading(station=PLACES[0], hour=NOW_HOUR - 2 * HOUR, values={"pm10": 400}))
    for name in ("stations.py", "gaps.py", "trend.py"):
        said = markup(page(name, **asked))
        assert ("이 기간의 측정소별 자료는 보관 파일" in said) is (name == "stations.py")
        assert (file in said) is (name == "stations.py")
    context.store.close()
    shared.cache_clear()


POINTS = ("write", "holds", "digest", "replace", "drop", "record")


@pytest.mark.parametrize("point", POINTS)
def test_cut_off_anywhere_and_done_again_no_hour_is_lost_or_twice(
    context: Context, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_hours(context)
    before = asked(context)
    derived = tables(context, *DERIVED)

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if point in ("write", "holds", "digest"):
            patch.setattr(retention.archives, point, cut)
        elif point == "replace":
            patch.setattr(retention.os, "replace", cut)
        elif point == "drop":
            patch.setattr(retention.retained, "drop", cut)
        else:
            whole = retention.retained.drop

            def dropped(*given: Any) -> None:
                whole(*given)
                raise KeyboardInterrupt

            patch.setattr(retention.retained, "drop", dropped)
        with pytest.raises(KeyboardInterrupt):
            go(context)
    assert asked(context) == before
    assert old_rows(context) == 183
    assert [one["rows"] for one in go(context).months] == [183]
    assert (asked(context), tables(context, *DERIVED), old_rows(context)) == (before, derived, 0)
    assert not list(context.settings.archive_folder.glob(".*.part"))


def test_a_file_that_reads_back_otherwise_drops_nothing(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_hours(context)
    monkeypatch.setattr(retention.archives, "holds", lambda *_: False)
    report = go(context)
    assert report.error is not None
    assert "differs from the store" in str(report.error)
    assert old_rows(context) == 183
    assert not list(context.settings.archive_folder.iterdir())


def test_a_folder_that_cannot_be_written_is_said_and_drops_nothing(
    context: Context, tmp_path: Path
) -> None:
    old_hours(context)
    context.settings.archive_folder.write_text("a file stands here")
    report = go(context)
    assert not report.ok
    assert "nothing was dropped" in str(report.error)
    assert old_rows(context) == 183


def test_a_month_that_changes_while_its_file_is_written_waits_for_the_next_run(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_hours(context)
    whole = retention._write_manifest

    def meanwhile(*given: Any) -> None:
        whole(*given)
        write(context, Reading(station=PLACES[2], hour=TURN, values={"pm10": 5}))

    with monkeypatch.context() as patch:
        patch.setattr(retention, "_write_manifest", meanwhile)
        assert go(context).months == []
    assert old_rows(context) == 183
    assert not list(context.settings.archive_folder.iterdir())
    before = asked(context)
    assert [one["replaced_rows"] for one in go(context).months] == [6]
    assert asked(context) == before


def test_two_at_once_archive_a_month_once(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_hours(context)
    before = asked(context)
    whole = retention._write_manifest
    nested: list[Any] = []

    def meanwhile(*given: Any) -> None:
        whole(*given)
        if not nested:
            nested.append(None)
            nested.append(go(context))

    monkeypatch.setattr(retention, "_write_manifest", meanwhile)
    mine = go(context)
    assert (mine.months, [one["rows"] for one in nested[1].months]) == ([], [183])
    assert asked(context) == before
    assert [one.state for one in check(context.store, whole=True)] == ["fine"]


def test_the_command_the_job_doctor_and_metrics_speak_of_the_archive(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    folder = tmp_path / "archive"
    use(monkeypatch, database_url)
    monkeypatch.setenv("AQ_RETENTION__FOLDER", str(folder))
    monkeypatch.setenv("AQ_FEEDS__OPENMETEO__ENABLED", "false")
    monkeypatch.setenv("AQ_RETENTION__STATION_MONTHS", "6")
    context = start(load())
    old_hours(context)
    assert run(["retain", "--older-than", "3"]) == 2
    capsys.readouterr()
    assert run(["retain", "--check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["months"] == []
    assert run(["retain", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["waiting"], report["months"][0]["rows"]) == (True, 0, 183)
    assert run(["retain"]) == 0
    assert "nothing is old enough" in capsys.readouterr().out
    job = next(one for one in app.scheduler(context)._jobs if one.name == "retain")
    assert job.run(NOW).ok
    run(["doctor"])
    assert "ok    archive: 1 months, 2026-04 to 2026-04, 183 station hours" in (
        capsys.readouterr().out
    )
    from aq.web import metrics

    monkeypatch.setattr(metrics, "KEEP_SECONDS", 0)
    scrape = metrics.scrape

    assert b'aq_archive_months{state="fine"} 1.0' in scrape(context)
    file = folder / report["months"][0]["file"]
    shutil.move(file, tmp_path / "elsewhere.parquet")
    assert run(["retain", "--check"]) == 1
    assert "2026-04 missing" in capsys.readouterr().out
    run(["doctor"])
    assert f"warn  archive: 1 of 1 files are not in {folder}" in capsys.readouterr().out
    assert b'aq_archive_months{state="missing"} 1.0' in scrape(context)
    shutil.move(tmp_path / "elsewhere.parquet", file)
    assert run(["import", str(file)]) == 0
    assert "183 stored" in capsys.readouterr().out
    assert run(["import", str(tmp_path / "aq.toml.parquet")]) == 2
    context.store.close()


values = st.dictionaries(st.sampled_from(KEYS), st.integers(0, 9999), max_size=6)
hours = st.builds(
    lambda back, station, given, flagged, khai, feed: (
        Reading(
            station=PLACES[station],
            hour=TURN + back * HOUR,
            values=given,
            flags=dict.fromkeys(flagged, "source:점검"),
            upstream=Upstream(khai=khai, grades={"so2": 1} if khai else {}) if khai else None,
        ),
        feed,
    ),
    st.integers(-800, 800),
    st.integers(0, len(PLACES) - 1),
    values,
    st.sets(st.sampled_from(KEYS), max_size=2),
    st.one_of(st.none(), st.integers(1, 500)),
    st.sampled_from(["airkorea", "archive"]),
)


def test_whatever_is_stored_comes_back_from_the_archive_as_it_was(context: Context) -> None:
    @settings(
        max_examples=12,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(st.lists(hours, min_size=1, max_size=12), min_size=1, max_size=4))
    def round_trip(batches: list[list[tuple[Reading, str]]]) -> None:
        with context.store.book() as connection:
            derived = ("province_grade", "retained", "station_feed", *PAST)
            for name in (*MEASURED, *DERIVED, *derived):
                connection.execute(delete(metadata.tables[name]))
        for batch in batches:
            for feed in ("airkorea", "archive"):
                of_feed = {(r.station, r.hour): r for r, name in batch if name == feed}
                write(context, *of_feed.values(), feed=feed)
        before = tables(context, *MEASURED, *DERIVED)
        report = go(context)
        assert report.error is None
        after = tables(context, *MEASURED, *DERIVED)
        last = month_hours(2026, 4)[1]
        assert all(row[1] > last for name in MEASURED for row in after[name])
        assert {name: after[name] for name in DERIVED} == {n: before[n] for n in DERIVED}
        for one in report.months:
            import_archive(context, context.settings.archive_folder / one["file"])
        assert tables(context, *MEASURED, *DERIVED) == before
        with context.store.read() as connection:
            assert not connection.scalar(select(func.count()).select_from(retained))

    round_trip()


def test_killed_with_9_no_hour_is_lost_or_twice(tmp_path: Path) -> None:
    one = kill(Files(tmp_path), tmp_path, 3)
    assert (one.lost, one.twice, one.damaged) == (0, 0, 0)

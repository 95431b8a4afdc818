"""Old station hours in the archive: nothing lost, counted twice or shown otherwise."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import requests
from sqlalchemy import delete

from aq import app
from aq.__main__ import run
from aq.context import Context, shared, start
from aq.domain.clock import HOUR, hour_number, kst_iso, month_hours
from aq.domain.errors import ArchiveError
from aq.domain.model import Reading
from aq.feeds.registry import FEED_IDS
from aq.ingest.regrade import regrade
from aq.ingest.retention import check, manifest_path
from aq.queries.evidence import evidence
from aq.queries.stations import roster
from aq.settings import load
from aq.store import gaps
from aq.store.schema import metadata, station_hour
from aq.web.wording.explanation import evidence_text
from tests.conftest import NOW
from tests.exporting import use
from tests.ingest.retaining import (
    DERIVED,
    MEASURED,
    NOW_HOUR,
    PLACES,
    SEOUL,
    TURN,
    asked,
    context,
    go,
    old_hours,
    old_rows,
    tables,
)
from tests.serving import served, write
from tests.web.test_pages import markup
from tests.web.test_pages import run as page

__all__ = ["context"]


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

"""A station's past in a store of the version before, and in exports by station."""

import sqlite3
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select

from aq.context import Context
from aq.domain.clock import Clock, from_hour_number, parse_hour
from aq.domain.station_history import FOREVER, Source, Statement, timeline
from aq.i18n import text_in
from aq.ingest.confirmed_files import import_file
from aq.queries.stations import changes, station_of
from aq.store import open_store
from aq.store.engine import _alembic, migrate
from aq.store.schema_stations import station_period
from aq.web.pages.stations import change_words
from tests.exporting import export, read_back
from tests.ingest.test_confirmed_files import runtime_at
from tests.ingest.test_moved_stations import JULY, JUNE, day, days, files, of

BEFORE = "0014_usable_from"


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/aq.db"


@pytest.fixture
def context(url: str) -> Iterator[Context]:
    made = runtime_at(url, "2026-11-28T10:00+09:00")
    yield made
    made.store.close()


def test_a_store_of_the_version_before_counts_as_it_did_and_is_put_right_by_its_files(
    url: str, tmp_path: Path
) -> None:
    store = open_store(url, Clock.from_text("2026-11-28T10:00+09:00"))
    with store.book() as connection:
        command.upgrade(_alembic(connection), BEFORE)
    store.close()
    with sqlite3.connect(tmp_path / "aq.db") as database:
        database.execute(
            "INSERT INTO station (id, code, sido, name, province, network)"
            " VALUES (1, '437601', '대구', '군위읍', 6, '도시대기')"
        )
        database.execute("INSERT INTO station_feed VALUES (1, 1, 468879, 468926)")
    database.close()
    store = open_store(url, Clock.from_text("2026-11-28T10:00+09:00"))
    migrate(store)
    with store.read() as connection:
        rows = connection.execute(select(station_period)).all()
    assert {(one.feed, one.province, one.network) for one in rows} == {
        (0, 6, "도시대기"),
        (1, 6, "도시대기"),
    }
    store.close()
    made = runtime_at(url, "2026-11-28T10:00+09:00")
    for path in files(tmp_path, JUNE, JULY):
        import_file(made, path)
    assert days(made.store)[of("경북"), day("2023-06-30")] == 70.0
    assert days(made.store)[of("대구"), day("2023-07-01")] == 60.0
    made.store.close()


def test_an_export_by_station_carries_the_region_and_network_of_the_hour(
    context: Context, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in files(tmp_path, JUNE, JULY):
        import_file(context, path)
    monkeypatch.setenv("AQ_DATABASE_URL", url)
    monkeypatch.setenv("AQ_CLOCK", "2026-11-28T10:00+09:00")
    since = ("--since", "2023-06-30", "--until", "2023-07-01")
    for grain in ("hour", "day"):
        options = ("--level", "station", "--pollutant", "pm10", "--grain", grain)
        assert export(tmp_path / f"{grain}.csv", *options, since=since) == 0
        rows = [r for r in read_back(tmp_path / f"{grain}.csv") if r["station"] == "군위읍"]
        june = {r["province"] for r in rows if r["at"] <= "2023-07-01T00"}
        july = {r["province"] for r in rows if r["at"] > "2023-07-01T01" or r["at"] == "2023-07-01"}
        assert (june - july, july) == ({"경북"}, {"대구"})
        assert {r["network"] for r in rows} == {"도시대기"}


def test_the_past_of_a_station_is_told_as_changes(context: Context, tmp_path: Path) -> None:
    for path in files(tmp_path, JULY, JUNE):
        import_file(context, path)
    station = station_of(context, "437601")
    (change,) = changes(context, station.id)
    assert (change.what, change.before, change.after) == ("province", of("경북"), of("대구"))
    assert from_hour_number(change.hour - 1) == parse_hour("2023-06-30 24:00")
    words = change_words(change, text_in("ko"))
    assert words == "소속 시도: 경북 → 대구"


def test_every_hour_lies_in_a_period_and_silence_takes_what_is_known() -> None:
    def place(sido: str, _name: str, _address: str | None) -> int | None:
        return {"대구": 6, "경북": 14}.get(sido)

    archive = Source(
        statements=[Statement(first=100, sido="경북", name="군위읍")], spans=[(100, 200)]
    )
    live = Source(
        statements=[Statement(first=500, sido="대구", name="군위읍", network="도시대기")],
        spans=[(500, 600)],
    )
    periods = timeline({1: archive, 2: live}, place, [(0, 150, "도로변대기")])
    assert [(p.first, p.last, p.province, p.network) for p in periods[1]][-1] == (
        *(151, FOREVER),
        *(14, "도시대기"),
    )
    assert {p.network for p in periods[1] if p.first <= 120 <= p.last} == {"도로변대기"}
    for parts in periods.values():
        assert all(a.last + 1 == b.first for a, b in pairwise(parts))
        assert parts[-1].last == FOREVER

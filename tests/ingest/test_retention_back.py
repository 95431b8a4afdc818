"""Archived months that come back: by a late correction, by import, into another store."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select

from aq.context import Context
from aq.domain.clock import HOUR, hour_number, month_hours
from aq.domain.errors import InputError, StoreError
from aq.domain.model import Reading, Upstream
from aq.domain.pollutants import KEYS
from aq.ingest.confirmed_files import import_archive
from aq.ingest.retention import check, manifest_path
from aq.store.schema import metadata, province_hour, retained
from tests.ingest.retaining import (
    DERIVED,
    MEASURED,
    NOW_HOUR,
    PAST,
    PLACES,
    TURN,
    context,
    go,
    old_hours,
    tables,
)
from tests.serving import make_runtime, write

__all__ = ["context"]


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

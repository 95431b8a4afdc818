"""PostgreSQL: station hours by year, moved under a running program without a row lost."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic import command
from sqlalchemy import create_engine, func, select, text

from aq import app
from aq.context import Context, start
from aq.domain.clock import HOUR, Clock, hour_number, year_hours
from aq.domain.model import URBAN, Reading, Station
from aq.settings import load
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store import Store, open_store
from aq.store.engine import _alembic, schema_revisions
from aq.store.partitions import keep_years, partitions
from aq.store.schema import station_hour
from tests.cli.test_processes import process, settings_for, wait_until
from tests.conftest import NOW
from tests.exporting import export, filled, use
from tests.serving import make_runtime, write

BEFORE = "0004_official"
YEARS = (2024, 2025, 2026)


@pytest.fixture
def url(postgres: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty PostgreSQL database."""
    name = f"y{abs(hash(request.node.nodeid)):x}"
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield postgres.replace("/postgres?", f"/{name}?")
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


def at_the_turns(context: Context) -> None:
    """Four hours around the start of three years, and the newest ones."""
    one = Station(name="중구", sido="서울", network=URBAN)
    for year in YEARS:
        turn = datetime(year, 1, 1, tzinfo=UTC) - 9 * HOUR
        write(
            context,
            *(
                Reading(station=one, hour=turn + k * HOUR, values={"pm10": 100 + k})
                for k in (-1, 0, 1, 2)
            ),
        )


def rows(store: Store, table: str = "station_hour") -> list[Any]:
    with store.read() as connection:
        query = f"SELECT station, hour, feed, pm10, version FROM {table} ORDER BY 1, 2, 3"  # noqa: S608
        return list(connection.execute(text(query)).all())


def downgraded(store: Store) -> None:
    """The store as the schema before left it: one plain table."""
    with store.engine.begin() as connection:
        for statement in (
            "ALTER TABLE station_hour DETACH PARTITION station_hour_rest",
            "DROP TABLE station_hour",
            "ALTER TABLE station_hour_rest RENAME TO station_hour",
            "ALTER TABLE station_hour RENAME CONSTRAINT pk_station_hour_rest TO pk_station_hour",
            "ALTER INDEX ix_station_hour_rest_hour RENAME TO ix_station_hour_hour",
            "DROP TABLE retained",
            f"UPDATE alembic_version SET version_num = '{BEFORE}'",  # noqa: S608
        ):
            connection.execute(text(statement))


def brought_up(store: Store) -> None:
    """The step from the schema before, alone: later ones were not undone by `downgraded`."""
    _, head = schema_revisions(store)
    with store.book() as connection:
        command.upgrade(_alembic(connection), "0005_retention")
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{head}'"))  # noqa: S608


def test_years_get_their_partitions_and_every_row_stays(url: str) -> None:
    context = make_runtime(url)
    at_the_turns(context)
    before = rows(context.store)
    report = keep_years(context.store, NOW)
    # 31 December's last hours belong to the year before.
    assert report.made == {2023: 2, 2024: 4, 2025: 4, 2026: 2, 2027: 0, 2028: 0}
    assert rows(context.store) == before
    assert rows(context.store, "station_hour_rest") == []
    for year in YEARS:
        first, last = year_hours(year)
        assert all(
            first <= row.hour <= last for row in rows(context.store, f"station_hour_y{year}")
        )
    assert keep_years(context.store, NOW).made == {}
    at_the_turns(context)  # the same again is nothing new
    assert rows(context.store) == before
    context.store.close()


def test_hours_of_a_year_without_a_partition_are_taken_and_moved_later(url: str) -> None:
    context = make_runtime(url)
    keep_years(context.store, NOW)
    at_the_turns(context)
    before = rows(context.store)
    assert rows(context.store, "station_hour_rest") != []
    assert set(keep_years(context.store, NOW).made) == {2023, 2024, 2025}
    assert (rows(context.store), rows(context.store, "station_hour_rest")) == (before, [])
    context.store.close()


def test_an_emptied_year_goes_and_a_detached_one_can_come_back(url: str) -> None:
    context = make_runtime(url)
    at_the_turns(context)
    keep_years(context.store, NOW)
    before = rows(context.store)
    with context.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE station_hour DETACH PARTITION station_hour_y2024"))
    first, last = year_hours(2024)
    outside = [row for row in before if not first <= row.hour <= last]
    assert rows(context.store) == outside
    attach = "ALTER TABLE station_hour ATTACH PARTITION station_hour_y2024 FOR VALUES FROM"
    with context.store.engine.begin() as connection:
        connection.execute(text(f"{attach} ({first}) TO ({last + 1})"))
    assert rows(context.store) == before
    with context.store.engine.begin() as connection:
        connection.execute(text("DELETE FROM station_hour_y2024"))
    assert keep_years(context.store, NOW).dropped == (2024,)
    with context.store.read() as connection:
        assert partitions(connection) == [2023, 2025, 2026, 2027, 2028]
    assert rows(context.store) == outside
    context.store.close()


def test_a_move_that_is_cut_off_leaves_everything_as_it_was(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_runtime(url)
    at_the_turns(context)
    before = rows(context.store)
    with monkeypatch.context() as patch:
        patch.setattr("aq.store.partitions.take_alone", _killed)
        with pytest.raises(KeyboardInterrupt):
            keep_years(context.store, NOW)
    with context.store.read() as connection:
        assert partitions(connection) == []
    assert rows(context.store) == before
    keep_years(context.store, NOW)
    assert rows(context.store) == before
    context.store.close()


def _killed(_connection: object) -> None:
    raise KeyboardInterrupt


def test_a_reader_sees_every_row_while_a_year_is_moved(url: str) -> None:
    """Its view is older than the move: the move waits for it, and it waits for no one."""
    context = make_runtime(url)
    at_the_turns(context)
    count = select(func.count()).select_from(station_hour)
    with context.store.read() as connection:
        connection.execute(text("SELECT version FROM state"))
        mover = threading.Thread(target=keep_years, args=(context.store, NOW))
        mover.start()
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
        with context.store.engine.connect() as watcher:
            wait_until(lambda: bool(_fresh(watcher, waiting)))
        first, last = year_hours(2024)
        inside = count.where(station_hour.c.hour.between(first, last))
        assert (connection.scalar(count), connection.scalar(inside)) == (12, 4)
    mover.join(60)
    assert not mover.is_alive()
    with context.store.read() as connection:
        assert 2024 in partitions(connection)
        assert connection.scalar(count) == 12
    context.store.close()


def _fresh(connection: Any, query: Any) -> Any:
    found = connection.scalar(query)
    connection.rollback()
    return found


def test_an_export_and_its_verification_do_not_see_the_partitions(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from aq.__main__ import run

    context = make_runtime(url)
    use(monkeypatch, url)
    filled(context)
    file, again = tmp_path / "a.csv", tmp_path / "b.csv"
    assert export(file, "--level", "station") == 0
    assert keep_years(context.store, NOW).made[2026] > 0
    assert export(again, "--level", "station") == 0
    assert again.read_bytes() == file.read_bytes()
    assert run(["export", "--verify", str(file)]) == 0
    context.store.close()


@contextmanager
def writing(context: Context) -> Iterator[list[int]]:
    """Readings written and read back all the time by a program that knows nothing of the move."""
    stop, done = threading.Event(), [0]
    failed: list[BaseException] = []
    one = Station(name="중구", sido="서울", network=URBAN)

    def go() -> None:
        try:
            while not stop.is_set():
                hour = datetime(2024, 3, 1, tzinfo=UTC) + done[0] * HOUR
                write(context, Reading(station=one, hour=hour, values={"pm10": done[0]}))
                with context.store.engine.connect() as connection:
                    query = select(func.count()).where(
                        station_hour.c.hour >= hour_number(datetime(2024, 3, 1, tzinfo=UTC))
                    )
                    assert (connection.scalar(query) or 0) >= done[0] + 1
                done[0] += 1
        except BaseException as error:
            failed.append(error)
            done[0] = 10**9  # nobody waits for more

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join(60)
    assert not failed


@pytest.fixture
def knows_no_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of the schema before does not ask for archived months."""
    monkeypatch.setattr("aq.store.archive.months.months", lambda *_: [])
    monkeypatch.setattr("aq.store.gaps.months", lambda *_: [])


def test_a_program_of_the_schema_before_writes_and_reads_through_the_migration(
    url: str, knows_no_archive: None
) -> None:
    context = make_runtime(url)
    downgraded(context.store)
    other = open_store(url, Clock(NOW))
    with writing(context) as done:
        wait_until(lambda: done[0] > 5)
        brought_up(other)
        passed = done[0]
        wait_until(lambda: done[0] > passed + 5)
        keep_years(other, NOW)
        passed = done[0]
        wait_until(lambda: done[0] > passed + 5)
    kept = [(row.hour, row.pm10) for row in rows(other)]
    start_hour = hour_number(datetime(2024, 3, 1, tzinfo=UTC))
    assert kept == [(start_hour + k, k) for k in range(done[0])]
    other.close()
    context.store.close()


def test_a_migration_cut_off_leaves_the_plain_table(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_runtime(url)
    at_the_turns(context)
    downgraded(context.store)
    before = _plain(context.store)
    with monkeypatch.context() as patch:
        patch.setattr("aq.store.partitions.take_alone", _killed)
        with pytest.raises(KeyboardInterrupt):
            brought_up(context.store)
    assert _plain(context.store) == before
    assert schema_revisions(context.store)[0] == BEFORE
    brought_up(context.store)
    assert rows(context.store) == before
    context.store.close()


def _plain(store: Store) -> list[Any]:
    with store.engine.connect() as connection:
        kind = connection.scalar(text("SELECT relkind FROM pg_class WHERE relname='station_hour'"))
        assert kind in ("r", b"r")
    return rows(store)


def test_workers_restarted_one_after_the_other_lose_no_hour(
    url: str, knows_no_archive: None
) -> None:
    """A worker polls on while the schema is brought up to date and the years are moved."""
    with SimulatorServer(World(34), Clock(NOW)) as simulator:
        given = settings_for(url, simulator) | {"AQ_CLOCK": f"{NOW.isoformat()}@1200"}
        context = start(load(given))
        downgraded(context.store)
        simulator.clock = context.clock

        def heard() -> list[int]:
            with context.store.engine.connect() as connection:
                query = select(station_hour.c.hour).distinct().order_by(station_hour.c.hour)
                return list(connection.scalars(query))

        def whole(hours: list[int]) -> bool:
            return hours == list(range(hours[0], hours[-1] + 1))

        with _worker(context):
            wait_until(lambda: bool(heard()))
            brought_up(context.store)
            keep_years(context.store, NOW)
            so_far = len(heard())
            wait_until(lambda: len(heard()) >= so_far + 1)
        given["AQ_CLOCK"] = f"{context.clock.now().isoformat()}@1200"
        with process(given, "-m", "aq", "worker"):
            so_far = len(heard())
            wait_until(lambda: len(heard()) >= so_far + 1)
            wait_until(lambda: whole(heard()))
        context.store.close()


@contextmanager
def _worker(context: Context) -> Iterator[None]:
    """The scheduler, opened before the migration and not stopped for it."""
    scheduler = app.scheduler(context)
    scheduler.start()
    try:
        yield
    finally:
        scheduler.stop()

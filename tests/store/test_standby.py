"""Reads from a hot standby: a real streaming replica, late, gone, broken off, and back."""

import logging
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests
from sqlalchemy import select, text

from aq.cli.checks import checks
from aq.cli.finding import Finding
from aq.context import Context, again
from aq.domain.errors import ConfigError
from aq.export import reader as export_reader
from aq.export.pipeline import Tally, answer
from aq.export.query import ask
from aq.settings import load
from aq.store.reads import province_hours
from aq.store.schema import state
from aq.store.standby import DEGRADED, OWN_WRITE, READING
from aq.web.api.routes import TABLE
from tests.conftest import NOW
from tests.replica import Replica, replicated
from tests.serving import fill, make_runtime, public, served
from tests.waiting import wait_until

pytestmark = pytest.mark.postgresql


@pytest.fixture(scope="module")
def pair() -> Iterator[Replica]:
    """Primary and standby with thirty hours of data."""
    with replicated() as servers:
        writer = make_runtime(servers.url)
        with closing(writer.store):
            fill(writer)
        yield servers


@pytest.fixture
def reader(pair: Replica) -> Iterator[Context]:
    """A process that reads from the standby, ten minutes later by its clock."""
    with reading(pair) as context:
        wait_until(lambda: is_standby(context))
        yield context


@contextmanager
def reading(pair: Replica, **environment: str) -> Iterator[Context]:
    later = (NOW + timedelta(minutes=10)).isoformat()
    given = {"AQ_READ_URL": pair.read_url, "AQ_CLOCK": later, **environment}
    context = make_runtime(pair.url, **given)
    try:
        yield context
    finally:
        context.store.close()


@contextmanager
def replay_paused(pair: Replica) -> Iterator[None]:
    pair.on_standby("SELECT pg_wal_replay_pause()")
    try:
        yield
    finally:
        pair.on_standby("SELECT pg_wal_replay_resume()")


def is_standby(context: Context) -> bool:
    """Whether a read of a process is one of the standby."""
    with context.store.read() as connection:
        return bool(connection.scalar(text("SELECT pg_is_in_recovery()")))


def status(context: Context) -> Any:
    assert context.store.standby is not None
    return context.store.standby.status()


def new_version(context: Context) -> int:
    """A write that says something new; its version."""
    with context.store.write("test") as txn:
        return txn.version


def test_t69_every_route_is_answered_from_the_standby_and_rest_is_no_lag(
    pair: Replica, reader: Context, caplog: pytest.LogCaptureFixture
) -> None:
    with served(reader) as address:
        for path in TABLE:
            plain = {
                "/api/v1/history": "?province=서울&since=2026-11-23&until=2026-11-23",
                "/api/v1/export": "?since=2026-11-23&until=2026-11-23&format=csv",
                "/api/v1/readings/{place}/{pollutant}/{at}/trail": None,
                "/api/v1/zones/{zone}/history": None,
                "/api/v1/alerts/{id}.cap": None,
            }.get(path, "")
            if plain is not None:
                answer = requests.get(f"{address}{path}{plain}", timeout=30)
                assert answer.status_code == 200, (path, answer.text)
        health = requests.get(f"{address}/healthz", timeout=30).json()
        metrics = requests.get(f"{address}/metrics", timeout=30).text
    assert is_standby(reader)
    assert not is_standby(replace(reader, store=reader.store.primary))
    assert health["status"] == "ok"
    assert health["standby"]["state"] == READING
    assert health["standby"]["version"] == reader.store.version()
    assert "aq_standby_read 1.0" in metrics
    assert "aq_standby_lag_seconds 0.0" in metrics
    with public(reader) as address:
        assert "기준 자료입니다" not in requests.get(f"{address}/now", timeout=30).text
    # What the primary writes none of makes no lag.
    assert status(reader).lag_seconds == 0.0
    assert status(reader).behind_since is None
    assert "read only" not in caplog.text
    assert "recovery" not in caplog.text


def test_a_late_standby_shows_an_older_version_whole_and_says_of_when_it_is(
    pair: Replica, reader: Context
) -> None:
    writer = make_runtime(pair.url)
    with served(reader) as api, public(reader) as pages:
        before = requests.get(f"{api}/api/v1/current", timeout=30)
        shown = reader.store.version()
        with replay_paused(pair):
            fill(writer, hours=2)  # says the same: no version of its own
            written = new_version(writer)
            wait_until(lambda: reader.store.behind_since is not None)
            late = requests.get(f"{api}/api/v1/current", timeout=30)
            page = requests.get(f"{pages}/now", timeout=30).text
            health = requests.get(f"{api}/healthz", timeout=30).json()
            assert reader.store.version() == shown < written
            assert late.headers["ETag"] == before.headers["ETag"]
            assert "11월 23일(월) 20시 25분 기준 자료입니다" in page
            assert health["standby"]["version"] == shown
            assert health["status"] == "ok"
            assert health["standby"]["lag_seconds"] >= 600
            assert health["standby"]["behind_since"] == "2026-11-23T20:25:00+09:00"
        wait_until(lambda: reader.store.version() == written)
        wait_until(lambda: reader.store.behind_since is None)
        assert "기준 자료입니다" not in requests.get(f"{pages}/now", timeout=30).text
    writer.store.close()


def test_t68_a_process_reads_what_it_has_written_and_no_older_version_after_it(
    pair: Replica, reader: Context
) -> None:
    writer = make_runtime(pair.url)
    with replay_paused(pair):
        own = new_version(reader)
        assert reader.store.version() == own
        assert not is_standby(reader)
        with served(reader) as api:
            health = requests.get(f"{api}/healthz", timeout=30).json()
        assert health["standby"]["state"] == OWN_WRITE
        # Another process's version that was seen on the way is not unseen either.
        others = new_version(writer)
        assert reader.store.version() == others
    wait_until(lambda: is_standby(reader))
    assert reader.store.version() == others
    # A question of a version that the standby has not come to is the primary's.
    with replay_paused(pair):
        newest = new_version(writer)
        with reader.store.read(newest) as connection:
            assert connection.scalar(select(state.c.version)) == newest
        assert reader.store.version() == others
    writer.store.close()


def test_a_standby_that_is_gone_is_replaced_at_once_said_once_and_taken_again(
    pair: Replica, reader: Context, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "aq.store.standby")
    version = reader.store.version()
    pair.stop()
    try:
        for _ in range(20):
            assert reader.store.version() == version
            assert not is_standby(reader)
        with served(reader) as api:
            health = requests.get(f"{api}/healthz", timeout=30).json()
            assert health["status"] == "ok"
            assert health["standby"]["state"] == DEGRADED
            assert "aq_standby_read 0.0" in requests.get(f"{api}/metrics", timeout=30).text
        (finding,) = findings(pair, pair.read_url)
        assert finding.state == "warn"
        assert "is not read" in finding.found
    finally:
        pair.start()
    wait_until(lambda: is_standby(reader))
    said = [record.message for record in caplog.records if record.name == "aq.store.standby"]
    assert sum("is not read" in line for line in said if "primary is" in line) == 2  # and doctor's
    assert said[-1].startswith("the standby is read")


def findings(pair: Replica, read_url: str) -> list[Finding]:
    """What `doctor` finds of the standby."""
    settings = load({"AQ_DATABASE_URL": pair.url, "AQ_READ_URL": read_url})
    return [finding for finding in checks(settings) if finding.check == "standby"]


def test_an_export_that_the_standby_breaks_off_goes_on_from_the_primary(
    pair: Replica, reader: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_reader, "BLOCK_ROWS", 0)  # a day a block
    question = ask(reader, {"since": "2026-11-22", "until": "2026-11-23", "format": "csv"})
    whole = b"".join(answer(reader.store.primary, question, Tally()))
    tally = Tally()
    pieces = answer(reader.store, question, tally)
    first = next(pieces)
    assert len(first) < len(whole)
    pair.on_standby(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    assert first + b"".join(pieces) == whole
    assert tally.rows == whole.count(b"\n") - 1


def test_a_conflict_with_replay_is_asked_again_of_the_primary(
    pair: Replica, reader: Context
) -> None:
    answered: list[bool] = []

    def read() -> int:
        with reader.store.read() as connection:
            recovering = text("SELECT pg_is_in_recovery()")
            answered.append(bool(connection.scalar(recovering)))
            hours = province_hours(connection, [1], 0, 2**31 - 1)
            if answered == [True]:
                # What vacuum, a migration or a partition's move does to those who read.
                pair.on_primary(
                    "DO $$ BEGIN LOCK TABLE province_hour IN ACCESS EXCLUSIVE MODE; END $$"
                )
                position = pair.on_primary("SELECT pg_current_wal_flush_lsn()")
                replayed = "SELECT pg_last_wal_replay_lsn() >= CAST(:at AS pg_lsn)"
                wait_until(lambda: pair.on_standby(replayed, at=position))
            return len(hours) + len(province_hours(connection, [2], 0, 2**31 - 1))

    pair.on_standby("ALTER SYSTEM SET max_standby_streaming_delay = 0")
    pair.on_standby("SELECT pg_reload_conf()")
    try:
        assert again(read) > 0
    finally:
        pair.on_standby("ALTER SYSTEM RESET max_standby_streaming_delay")
        pair.on_standby("SELECT pg_reload_conf()")
    assert answered == [True, False]
    wait_until(lambda: is_standby(reader))


def test_a_standby_whose_schema_is_another_is_not_read(pair: Replica, reader: Context) -> None:
    change = "UPDATE alembic_version SET version_num = :to"
    have = pair.on_primary("SELECT version_num FROM alembic_version")
    with replay_paused(pair):
        pair.on_primary(change, to="0000_other")
        wait_until(lambda: status(reader).state == DEGRADED)
        assert status(reader).reason == f"its schema is {have}, the primary's 0000_other"
        assert not is_standby(reader)
        pair.on_primary(change, to=have)
    wait_until(lambda: is_standby(reader))


def test_what_is_no_standby_of_the_primary_is_refused_with_what_to_do(
    pair: Replica, postgres: str
) -> None:
    secret = "postgresql://aq:topsecret@db/aq"
    for url, read_url, words in (
        ("sqlite:///aq.db", secret, "name both stores as postgresql://"),
        ("", secret, "name both stores as postgresql://"),
        (secret, "sqlite:///aq.db", "name both stores as postgresql://"),
        (secret, "postgresql+psycopg://aq:topsecret@db/aq", "the same as database_url"),
        (secret, "topsecret", "not a database URL"),
    ):
        with pytest.raises(ConfigError) as refused:
            load({"AQ_DATABASE_URL": url, "AQ_READ_URL": read_url})
        assert words in str(refused.value)
        assert "AQ_READ_URL" in str(refused.value)
        assert "topsecret" not in str(refused.value)
    elsewhere = pair.read_url.replace("/postgres?", "/template1?")
    for url, read_url, words in (
        (pair.url, postgres, "it is the primary itself, or was promoted"),
        (postgres, pair.read_url, "a standby of another server than AQ_DATABASE_URL names"),
        (pair.url, elsewhere, "a standby of another database than AQ_DATABASE_URL names"),
    ):
        with pytest.raises(ConfigError, match=words):
            make_runtime(url, AQ_READ_URL=read_url)
    (finding,) = findings(pair, pair.url.replace("postgres:@", "postgres:topsecret@"))
    assert finding.state == "fail"
    assert "topsecret" not in finding.found


def test_a_standby_that_does_not_answer_keeps_nobody(pair: Replica) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        silence = f"postgresql://postgres@127.0.0.1:{port}/postgres?connect_timeout=2"
        with reading(pair, AQ_READ_URL=silence) as context:
            assert status(context).state == DEGRADED
            assert "timeout" in status(context).reason
            assert context.store.version() > 0
            assert not is_standby(context)

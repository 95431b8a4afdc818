"""The program's own records: claimed runs, calls made, the state of each feed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from aq.clock import kst
from aq.errors import FeedError
from aq.schema import calls, feed_state, run
from aq.store.engine import Store
from aq.store.upsert import upsert

RUNNING, DONE, FAILED = "running", "done", "failed"
_EPOCH = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right of one instance to do one run; `id` names its record."""

    id: int
    job: str
    slot: datetime


def claim(
    store: Store, job: str, slot: datetime, *, owner: str, now: datetime, lease: timedelta
) -> Claim | None:
    """Take the run (job, slot), or None when another instance has it.

    A run whose lease has passed without an end is taken over: its instance has died.
    """
    with store.book() as connection:
        values = {
            "job": job,
            "slot": slot,
            "owner": owner,
            "state": RUNNING,
            "started": now,
            "lease_until": now + lease,
        }
        nested = connection.begin_nested()
        try:
            number = connection.execute(insert(run).values(values).returning(run.c.id)).scalar_one()
            nested.commit()
        except IntegrityError:
            nested.rollback()
            taken = connection.execute(
                update(run)
                .where(run.c.job == job, run.c.slot == slot, run.c.state == RUNNING)
                .where(run.c.lease_until < now)
                .values(owner=owner, started=now, lease_until=now + lease)
                .returning(run.c.id)
            ).scalar_one_or_none()
            if taken is None:
                return None
            number = taken
        return Claim(id=number, job=job, slot=slot)


def record(store: Store, job: str, now: datetime, ok: bool, report: Mapping[str, Any]) -> None:
    """Keep the record of a run that was not claimed (someone asked for it by hand)."""
    with store.book() as connection:
        taken = select(func.max(run.c.slot)).where(run.c.job == job, run.c.slot >= now)
        newest = connection.scalar(taken)
        connection.execute(
            insert(run).values(
                job=job,
                slot=newest + timedelta(microseconds=1) if newest else now,
                owner="",
                state=DONE if ok else FAILED,
                started=now,
                lease_until=now,
                finished=now,
                report=json.dumps(report, ensure_ascii=False),
            )
        )


def is_over(store: Store, job: str, slot: datetime) -> bool:
    """Whether the run (job, slot) has ended, well or not."""
    query = select(run.c.state).where(run.c.job == job, run.c.slot == slot)
    with store.read() as connection:
        return connection.execute(query).scalar_one_or_none() in (DONE, FAILED)


def finish(store: Store, one: Claim, now: datetime, ok: bool, report: Mapping[str, Any]) -> None:
    """Record how a claimed run ended."""
    with store.book() as connection:
        connection.execute(
            update(run)
            .where(run.c.id == one.id)
            .values(
                state=DONE if ok else FAILED,
                finished=now,
                report=json.dumps(report, ensure_ascii=False),
            )
        )


def recent_runs(store: Store, job: str | None = None, limit: int = 50) -> Sequence[Any]:
    """The newest runs, newest first."""
    query = select(run).order_by(run.c.started.desc(), run.c.id.desc()).limit(limit)
    if job:
        query = query.where(run.c.job == job)
    with store.read() as connection:
        return connection.execute(query).all()


def last_report(store: Store, jobs: Sequence[str]) -> dict[str, Any] | None:
    """The report of the newest ended run of any of these jobs that read rows; None without one."""
    query = (
        select(run.c.report)
        .where(run.c.job.in_(jobs), run.c.report.is_not(None))
        .order_by(run.c.started.desc(), run.c.id.desc())
        .limit(20)
    )
    with store.read() as connection:
        reports = (json.loads(text) for text in connection.scalars(query))
        return next((one for one in reports if one.get("rows")), None)


class CallLedger:
    """Counts calls per feed, operation and KST day in the store, shared by all instances."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def spend(self, feed: str, operation: str, now: datetime, limit: int | None) -> bool:
        """Count one call about to be made; False, and nothing counted, when `limit` is used up."""
        key = {"feed": feed, "operation": operation, "day": day_number(kst(now).date())}
        match = [calls.c[name] == value for name, value in key.items()]
        with self._store.book() as connection:
            statement = update(calls).where(*match).values(calls=calls.c.calls + 1)
            if limit is not None:
                statement = statement.where(calls.c.calls < limit)
            if connection.execute(statement).rowcount:
                return True
            nested = connection.begin_nested()
            try:
                connection.execute(insert(calls).values(**key, calls=1))
                nested.commit()
            except IntegrityError:
                nested.rollback()
                return bool(connection.execute(statement).rowcount)
            return True

    def spent(self, now: datetime) -> dict[tuple[str, str], int]:
        """Calls made today (KST) by (feed, operation)."""
        day = day_number(kst(now).date())
        query = select(calls.c.feed, calls.c.operation, calls.c.calls).where(calls.c.day == day)
        with self._store.read() as connection:
            return {(row.feed, row.operation): row.calls for row in connection.execute(query)}


def feed_states(store: Store) -> dict[str, Any]:
    """What is known of each feed, by name."""
    with store.read() as connection:
        return {row.feed: row for row in connection.execute(select(feed_state))}


def record_success(
    store: Store, feed: str, now: datetime, newest_hour: int | None, complete_hour: int | None
) -> None:
    """The feed answered; the hours only ever move forward."""
    values: dict[str, Any] = {
        "last_attempt": now,
        "last_ok": now,
        "failing_since": None,
        "reason": None,
        "detail": None,
        "retry_at": None,
    }
    with store.book() as connection:
        before = connection.execute(select(feed_state).where(feed_state.c.feed == feed)).first()
        hours = {"newest_hour": newest_hour, "complete_hour": complete_hour}
        for name, hour in hours.items():
            known = getattr(before, name) if before else None
            values[name] = max((h for h in (known, hour) if h is not None), default=None)
        upsert(connection, feed_state, [{"feed": feed, **values}])


def record_failure(store: Store, feed: str, now: datetime, error: FeedError) -> None:
    """The feed failed; `failing_since` keeps the first failure after the last success."""
    query = select(feed_state.c.failing_since).where(feed_state.c.feed == feed)
    with store.book() as connection:
        row = {
            "feed": feed,
            "last_attempt": now,
            "failing_since": connection.execute(query).scalar_one_or_none() or now,
            "reason": str(error.reason),
            "detail": error.detail,
            "retry_at": error.retry_at,
        }
        upsert(connection, feed_state, [row])


def record_station_list(store: Store, feed: str, now: datetime) -> None:
    """The station list was read."""
    with store.book() as connection:
        upsert(connection, feed_state, [{"feed": feed, "stations_listed_at": now}])

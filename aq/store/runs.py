"""The program's own records: claimed runs, calls made, the state of each feed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from aq.domain.clock import day_number, from_hour_number, kst
from aq.domain.errors import FeedError
from aq.domain.publication import pause_until
from aq.domain.report import Report
from aq.feeds.registry import SPECS
from aq.feeds.spec import FeedSpec
from aq.store.engine import Store
from aq.store.schema import calls, feed_state, publication, run, upstream_calls
from aq.store.upsert import upsert

RUNNING, DONE, FAILED = "running", "done", "failed"
RUNS_KEPT, CALLS_KEPT, SEEN_KEPT = (timedelta(days=days) for days in (100, 400, 60))
FIRST_LOOK, LATEST_LOOK = timedelta(minutes=25), timedelta(hours=6)


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


CUT_OFF = "the process that did this ended in the middle of it"


def close_left(store: Store, job: str, slot: datetime, now: datetime) -> int:
    """Record as failed what a dead process has left of a job's earlier slots; returns how many."""
    left = (run.c.job == job, run.c.state == RUNNING, run.c.slot != slot, run.c.lease_until < now)
    with store.read() as connection:
        if connection.execute(select(run.c.id).where(*left).limit(1)).first() is None:
            return 0
    report = {"ok": False, "error": {"reason": "cut_off", "message": CUT_OFF}}
    ended = {"state": FAILED, "finished": now, "report": json.dumps(report)}
    with store.book() as connection:
        return connection.execute(update(run).where(*left).values(ended)).rowcount


def failing_jobs(store: Store, since: datetime) -> list[Any]:
    """The newest ended run of each job where it failed, of runs started since."""
    ended = run.c.state.in_((DONE, FAILED))
    newest = select(func.max(run.c.id)).where(ended, run.c.started >= since).group_by(run.c.job)
    query = select(run).where(run.c.id.in_(newest), run.c.state == FAILED).order_by(run.c.job)
    with store.read() as connection:
        return list(connection.execute(query))


# What another instance's clock may be ahead.
MOST_SKEW = timedelta(minutes=2)


def unset(store: Store, job: str, slot: datetime, now: datetime) -> datetime:
    """The slot to claim where a clock was set back: slots that its earlier time has run are free
    again, a fraction of a second later; the slot itself where the clock was not set back.

    That it was set back shows by runs of slots that are still to come, to all instances alike.
    """
    query = select(func.max(run.c.slot)).where(run.c.job == job, run.c.slot > now + MOST_SKEW)
    with store.read() as connection:
        newest = connection.scalar(query)
    if newest is None:
        return slot
    return slot + timedelta(microseconds=1 + int(newest.timestamp()) % 999_983)


def is_over(store: Store, job: str, slot: datetime) -> bool:
    """Whether the run (job, slot) has ended, well or not."""
    query = select(run.c.state).where(run.c.job == job, run.c.slot == slot)
    with store.read() as connection:
        return connection.execute(query).scalar_one_or_none() in (DONE, FAILED)


def finish(store: Store, claim: Claim, now: datetime, ok: bool, report: Mapping[str, Any]) -> None:
    """Record how a claimed run ended."""
    with store.book() as connection:
        connection.execute(
            update(run)
            .where(run.c.id == claim.id)
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
    """The report of the newest ended run of any of these jobs that read rows, left out any or
    looked for gaps; None without one."""
    query = (
        select(run.c.report)
        .where(run.c.job.in_(jobs), run.c.report.is_not(None))
        .order_by(run.c.started.desc(), run.c.id.desc())
        .limit(20)
    )
    with store.read() as connection:
        reports = (json.loads(text) for text in connection.scalars(query))
        told = ("rows", "skipped")
        return next(
            (
                report
                for report in reports
                if any(report.get(key) for key in told) or "gaps" in report
            ),
            None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tidied(Report):
    """How many of the program's own records were dropped for their age, by table."""

    SHOWN = ("ok", "dropped")

    dropped: dict[str, int]


def tidy(store: Store, now: datetime) -> Tidied:
    """Drop the program's own records once nothing asks for them; measured hours are never touched.

    Runs tell why an hour is missing for as long as gaps are looked for by themselves; of a job
    that is done once for all, its newest run says that it was.
    """
    day = day_number(kst(now).date()) - CALLS_KEPT.days
    newest = select(func.max(run.c.id)).group_by(run.c.job)
    old = {
        "run": delete(run).where(run.c.started < now - RUNS_KEPT, run.c.id.not_in(newest)),
        "calls": delete(calls).where(calls.c.day < day),
        "upstream_calls": delete(upstream_calls).where(upstream_calls.c.day < day),
        "publication": delete(publication).where(publication.c.seen < now - SEEN_KEPT),
    }
    with store.book() as connection:
        return Tidied(
            dropped={name: connection.execute(query).rowcount for name, query in old.items()}
        )


def record_upstream_calls(
    store: Store, feed: str, now: datetime, counts: Mapping[str, int]
) -> None:
    """Keep upstream's own count of today's calls."""
    day = day_number(kst(now).date())
    rows = [
        {"feed": feed, "operation": name, "day": day, "calls": count, "asked": now}
        for name, count in counts.items()
    ]
    with store.book() as connection:
        upsert(connection, upstream_calls, rows)


def counted_upstream(
    store: Store, feed: str, beside: Sequence[str] = ()
) -> tuple[datetime, dict[str, tuple[int, int]]] | None:
    """When upstream was last asked for its count, and (its count, ours) of that day by its name.

    A name is an operation's or, in Korean, a service's, which stands for all its operations.
    Beside a name of neither stand our calls that no other name covers. `beside` are feeds that are
    asked with the same key, which upstream counts along. Ours goes on until the day ends.
    """
    theirs, ours = upstream_calls, calls
    with store.read() as connection:
        query = select(theirs).where(theirs.c.feed == feed)
        newest = query.order_by(theirs.c.day.desc()).limit(1)
        last = connection.execute(newest).first()
        if last is None:
            return None
        rows = connection.execute(query.where(theirs.c.day == last.day)).all()
        mine = ours.c.feed.in_((feed, *beside))
        same_day = select(ours).where(mine, ours.c.day == last.day)
        made = {row.operation: row.calls for row in connection.execute(same_day)}
    return last.asked, _paired(SPECS[feed], {row.operation: row.calls for row in rows}, made)


def _paired(
    spec: FeedSpec, theirs: Mapping[str, int], ours: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Upstream's counts by name, each beside ours by ``Service/operation``."""
    covered: dict[str, set[str]] = {}
    for name in theirs:
        service = spec.service(name)
        paths = {path for path in ours if name in (path, path.rpartition("/")[2])}
        if service is not None:
            paths = {path for path in ours if path.startswith(f"{service.name}/")}
        if paths or service is not None:
            covered[name] = paths
    rest = set(ours) - set().union(*covered.values())
    return {
        name: (count, sum(ours[path] for path in covered.get(name, rest)))
        for name, count in theirs.items()
    }


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
        "failures": 0,
        "pause_until": None,
    }
    with store.book() as connection:
        before = connection.execute(select(feed_state).where(feed_state.c.feed == feed)).first()
        hours = {"newest_hour": newest_hour, "complete_hour": complete_hour}
        for name, hour in hours.items():
            value = getattr(before, name) if before else None
            values[name] = max((h for h in (value, hour) if h is not None), default=None)
        upsert(connection, feed_state, [{"feed": feed, **values}])
        if newest_hour is not None:
            complete = now if complete_hour == newest_hour else None
            last_attempt = before.last_attempt if before else None
            _seen(connection, feed, newest_hour, now, complete, last_attempt)


def _seen(
    connection: Connection,
    feed: str,
    hour: int,
    now: datetime,
    complete: datetime | None,
    last_attempt: datetime | None,
) -> None:
    """Keep when an hour was first seen, and when it was in.

    Only where the time means something: an earlier poll looked for the hour in vain, or this is
    the first poll after its end. After an outage it would only tell of the outage.
    """
    table, end = publication, from_hour_number(hour)
    here = [table.c.feed == feed, table.c.hour == hour]
    kept = connection.execute(select(table).where(*here)).first()
    if kept is not None:
        if complete and kept.complete is None:
            connection.execute(update(table).where(*here).values(complete=complete))
        return
    looked = last_attempt is not None and end <= last_attempt <= now
    if (end <= now and now - end < FIRST_LOOK) or (looked and now - end < LATEST_LOOK):
        row = {"feed": feed, "hour": hour, "seen": now, "complete": complete}
        connection.execute(insert(table).values(row))


def seen_hours(store: Store, feed: str, since: datetime) -> list[tuple[datetime, datetime]]:
    """(hour end, first seen) of the hours a feed published since."""
    with store.read() as connection:
        return seen_since(connection, feed, since)


def seen_since(
    connection: Connection, feed: str, since: datetime
) -> list[tuple[datetime, datetime]]:
    """`seen_hours` within a transaction."""
    query = select(publication.c.hour, publication.c.seen).where(
        publication.c.feed == feed, publication.c.seen >= since
    )
    rows = connection.execute(query.order_by(publication.c.hour)).all()
    return [(from_hour_number(hour), seen) for hour, seen in rows]


def record_failure(store: Store, feed: str, now: datetime, error: FeedError) -> None:
    """The feed failed; `failing_since` keeps the first failure after the last success."""
    query = select(feed_state).where(feed_state.c.feed == feed)
    with store.book() as connection:
        before = connection.execute(query).first()
        failures = (before.failures if before else 0) + 1
        row = {
            "feed": feed,
            "last_attempt": now,
            "failing_since": (before.failing_since if before else None) or now,
            "failures": failures,
            "pause_until": pause_until(failures, now),
            "reason": str(error.reason),
            "detail": error.detail,
            "retry_at": error.retry_at,
        }
        upsert(connection, feed_state, [row])


def record_station_list(store: Store, feed: str, now: datetime) -> None:
    """The station list was read."""
    with store.book() as connection:
        upsert(connection, feed_state, [{"feed": feed, "stations_listed_at": now}])

"""Numbers of the store itself, for metrics: runs of a day, the age of hours, rows to deliver."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from aq.domain.provinces import PROVINCES
from aq.feeds.registry import FEED_IDS, FEED_NAMES
from aq.store.schema import outbox, province_hour, run

DAY = timedelta(days=1)


@dataclass(kw_only=True)
class Runs:
    """Runs of the last day of one job: how they ended, why they failed, how long they took [s]."""

    states: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


def runs_of_a_day(connection: Connection, now: datetime) -> dict[str, Runs]:
    """The runs that started in the 24 hours before `now`, by job."""
    query = select(run.c.job, run.c.state, run.c.started, run.c.finished, run.c.report)
    out: dict[str, Runs] = {}
    for row in connection.execute(query.where(run.c.started > now - DAY)):
        job = "regrade" if row.job.startswith("regrade:") else row.job  # the rest is a hash
        runs = out.setdefault(job, Runs())
        runs.states[row.state] += 1
        if row.finished is not None:
            runs.seconds.append((row.finished - row.started).total_seconds())
        if row.state == "failed":
            error = json.loads(row.report or "{}").get("error") or {}
            runs.errors[str(error.get("reason", "other"))] += 1
    return out


def newest_by_province(connection: Connection) -> dict[tuple[str, int], int]:
    """The newest hour of each feed and province that has any."""
    table = province_hour
    out = {}
    for province in PROVINCES:
        for feed in FEED_IDS.values():
            here = [table.c.province == province.id, table.c.feed == feed]
            query = select(table.c.hour).where(*here).order_by(table.c.hour.desc()).limit(1)
            hour = connection.scalar(query)
            if hour is not None:
                out[FEED_NAMES[feed], province.id] = hour
    return out


def outbox_states(connection: Connection) -> dict[str, int]:
    """Messages by how far they are: held, queued, sending, sent, failed."""
    query = select(outbox.c.state, func.count().label("n")).group_by(outbox.c.state)
    return {row.state: row.n for row in connection.execute(query)}

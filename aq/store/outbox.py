"""The outbox: messages claimed one instance at a time, sent at least once, kept when they fail."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from aq.store.engine import Store
from aq.store.schema import outbox

# What another instance's clock may be ahead.
MOST_SKEW = timedelta(minutes=2)
HELD, QUEUED, SENDING, SENT, FAILED = "held", "queued", "sending", "sent", "failed"


def claim(
    store: Store, channel: str, *, owner: str, now: datetime, lease: timedelta, limit: int
) -> Sequence[Any]:
    """Take up to `limit` due messages of a channel, the oldest first.

    A message whose lease has passed is taken over: whoever had it died, perhaps after sending it.
    One that was made later than now is due: the clock was set back since.
    """
    ahead = outbox.c.created_at > now + MOST_SKEW
    due = or_(outbox.c.next_attempt <= now, and_(outbox.c.state == QUEUED, ahead))
    waiting = and_(outbox.c.state.in_((HELD, QUEUED)), due)
    abandoned = and_(outbox.c.state == SENDING, outbox.c.lease_until < now)
    query = (
        select(outbox.c.id)
        .where(outbox.c.channel == channel, or_(waiting, abandoned))
        .order_by(outbox.c.id)
        .limit(limit)
    )
    taken = []
    with store.book() as connection:
        for number in connection.scalars(query).all():
            change = (
                update(outbox)
                .where(outbox.c.id == number, or_(waiting, abandoned))
                .values(
                    state=SENDING,
                    owner=owner,
                    lease_until=now + lease,
                    attempts=outbox.c.attempts + 1,
                )
                .returning(outbox)
            )
            row = connection.execute(change).first()
            if row is not None:
                taken.append(row)
    return taken


def settle(
    store: Store,
    *rows: Any,
    state: str,
    now: datetime,
    next_attempt: datetime | None = None,
    error: str | None = None,
) -> bool:
    """Write how an attempt ended, for all that went in it at once.

    False when another instance has taken any of the messages over; the others are written.
    """
    values = {
        "state": state,
        "lease_until": None,
        "next_attempt": next_attempt,
        "last_error": error,
        "sent_at": now if state == SENT else None,
    }
    with store.book() as connection:
        changed = [
            connection.execute(update(outbox).where(_mine(row)).values(values)).rowcount
            for row in rows
        ]
    return all(changed)


def advance(store: Store, *rows: Any, part: int) -> None:
    """Write down that so many parts of a message were taken."""
    with store.book() as connection:
        for row in rows:
            connection.execute(update(outbox).where(_mine(row)).values(part=part))


def release(
    store: Store, row: Any, due: datetime, state: str = QUEUED, error: str | None = None
) -> None:
    """Give back a message that was claimed and not tried, or that a receiver has asked to wait for,
    to be taken again when it is due."""
    values = {
        "state": state,
        "attempts": row.attempts - 1,
        "lease_until": None,
        "next_attempt": due,
        **({"last_error": error} if error else {}),
    }
    with store.book() as connection:
        connection.execute(update(outbox).where(_mine(row)).values(values))


def _mine(row: Any) -> ColumnElement[bool]:
    """The row as it was claimed, as long as nobody else has claimed it since."""
    return and_(
        outbox.c.id == row.id,
        outbox.c.state == SENDING,
        outbox.c.owner == row.owner,
        outbox.c.attempts == row.attempts,
    )


def fail_unknown(store: Store, channels: Collection[str], error: str) -> int:
    """Fail what waits for channels that are no longer configured; how many."""
    where = and_(
        outbox.c.state.in_((HELD, QUEUED)),
        outbox.c.channel.not_in(list(channels)),
    )
    with store.book() as connection:
        change = update(outbox).where(where).values(state=FAILED, last_error=error)
        return int(connection.execute(change).rowcount)


def resend(store: Store, number: int, now: datetime, who: str) -> bool:
    """Queue a failed message anew, under the id it has; False when it has not failed.

    `who` asked for it, and stands with the message from then on.
    """
    where = and_(outbox.c.id == number, outbox.c.state == FAILED)
    values = {
        "state": QUEUED,
        "attempts": 0,
        "next_attempt": now,
        "last_error": None,
        "resent_by": who,
        "resent_at": now,
    }
    with store.book() as connection:
        return bool(connection.execute(update(outbox).where(where).values(values)).rowcount)


def messages(store: Store, states: Sequence[str] = (), limit: int = 100) -> Sequence[Any]:
    """Messages of the outbox, the newest first."""
    query = select(outbox).order_by(outbox.c.id.desc()).limit(limit)
    if states:
        query = query.where(outbox.c.state.in_(states))
    with store.read() as connection:
        return connection.execute(query).all()


def counts(store: Store) -> dict[tuple[str, str], int]:
    """How many messages each channel has in each state."""
    query = select(outbox.c.channel, outbox.c.state, func.count()).group_by(
        outbox.c.channel, outbox.c.state
    )
    with store.read() as connection:
        return {(channel, state): count for channel, state, count in connection.execute(query)}

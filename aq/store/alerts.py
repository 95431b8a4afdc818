"""Rules, their changes, states, events, outbox, silences: rows in, rows out, conditional writes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, func, insert, or_, select, update
from sqlalchemy import delete as delete_from

from aq.store.schema import (
    acknowledgement,
    alert_event,
    alert_rule,
    alert_rule_change,
    alert_state,
    notification,
    outbox,
    silence,
)

Row = Any
DIGEST = "digest."  # how the id of a message that gathers quiet hours begins


class ConflictError(Exception):
    """Another instance wrote first."""


def dumps(value: Mapping[str, Any]) -> str:
    """JSON as it is kept: UTF-8, keys in their own order."""
    return json.dumps(value, ensure_ascii=False)


def rules(connection: Connection) -> Sequence[Row]:
    """All rules, by id."""
    return connection.execute(select(alert_rule).order_by(alert_rule.c.id)).all()


def last_revision(connection: Connection, rule: str) -> int:
    """The newest revision a rule ever had, also before it was removed; 0 for a new one."""
    table = alert_rule_change
    return connection.scalar(select(func.max(table.c.revision)).where(table.c.rule == rule)) or 0


def put_rule(connection: Connection, values: Mapping[str, Any], *, expected: int | None) -> bool:
    """Write a rule whose present revision is `expected` (None: not there); False when it is not."""
    if expected is None:
        rule_id = connection.scalar(select(alert_rule.c.id).where(alert_rule.c.id == values["id"]))
        if rule_id is None:
            connection.execute(insert(alert_rule).values(values))
        return rule_id is None
    where = and_(alert_rule.c.id == values["id"], alert_rule.c.revision == expected)
    return bool(connection.execute(update(alert_rule).where(where).values(values)).rowcount)


def remove_rule(connection: Connection, rule: str) -> None:
    """Take a rule away; its changes, the log and where it stood stay."""
    connection.execute(delete_from(alert_rule).where(alert_rule.c.id == rule))


def add_change(connection: Connection, values: Mapping[str, Any]) -> None:
    """Put a change of a rule on record."""
    connection.execute(insert(alert_rule_change).values(values))


def changes(connection: Connection, rule: str | None = None) -> Sequence[Row]:
    """Changes of a rule or of all, the newest first."""
    query = select(alert_rule_change).order_by(alert_rule_change.c.id.desc())
    if rule is not None:
        query = query.where(alert_rule_change.c.rule == rule)
    return connection.execute(query).all()


def states(connection: Connection) -> dict[tuple[str, str], Row]:
    """Where every rule stands, by rule and place."""
    query = select(alert_state).order_by(alert_state.c.rule, alert_state.c.place)
    rows = connection.execute(query)
    return {(row.rule, row.place): row for row in rows}


def put_state(connection: Connection, values: Mapping[str, Any], *, expected: int | None) -> None:
    """Write a state whose row version is `expected` (None: not there).

    Raises `ConflictError` when it is not; a second insert of the same is an ``IntegrityError``.
    """
    if expected is None:
        connection.execute(insert(alert_state).values({**values, "version": 1}))
        return
    where = and_(
        alert_state.c.rule == values["rule"],
        alert_state.c.place == values["place"],
        alert_state.c.version == expected,
    )
    change = update(alert_state).where(where).values({**values, "version": expected + 1})
    if not connection.execute(change).rowcount:
        raise ConflictError


def add_events(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put transitions in the log."""
    if rows:
        connection.execute(insert(alert_event), list(rows))


def add_notifications(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write down who was told which entries of the log."""
    if rows:
        connection.execute(insert(notification), list(rows))


def last_notifications(connection: Connection) -> Sequence[Row]:
    """What each receiver was told last of each rule and place, with the state of its message in the
    outbox (`delivery`, `not_before`; null where it has none)."""
    table = notification
    newest = select(func.max(table.c.id)).group_by(
        table.c.rule, table.c.place, table.c.zone, table.c.receiver
    )
    sent = and_(outbox.c.message == table.c.message, outbox.c.channel == table.c.receiver)
    query = (
        select(table, outbox.c.state.label("delivery"), outbox.c.not_before)
        .select_from(table.outerjoin(outbox, sent))
        .where(table.c.id.in_(newest))
        .order_by(table.c.id)
    )
    return connection.execute(query).all()


def receivers(connection: Connection, events: Sequence[str]) -> dict[str, list[str]]:
    """The channels each of these entries of the log was told to."""
    query = (
        select(notification.c.event, notification.c.receiver)
        .where(notification.c.event.in_(list(events)), notification.c.receiver != "")
        .order_by(notification.c.id)
    )
    by_event: dict[str, list[str]] = {}
    for row in connection.execute(query) if events else ():
        by_event.setdefault(row.event, []).append(row.receiver)
    return by_event


def corrections(connection: Connection, rules: Sequence[str]) -> Sequence[Row]:
    """Entries of these rules that took an earlier one back."""
    table = alert_event
    query = select(
        table.c.id, table.c.rule, table.c.place, table.c.since, table.c.change, table.c.decided_at
    ).where(table.c.rule.in_(list(rules)), table.c.kind == "correction")
    return connection.execute(query).all() if rules else ()


def events(
    connection: Connection,
    *,
    rule: str | None = None,
    place: str | None = None,
    province: int | None = None,
    reasons: Iterable[str] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    hours: tuple[int, int] | None = None,
    before: tuple[datetime, str] | None = None,
    spoken: bool = False,
    limit: int | None = None,
) -> Sequence[Row]:
    """The log, the newest decision first. `since`/`until` bound the decision, `hours` the hour
    judged (both ends inclusive); `before` goes on after an earlier answer's last."""
    table = alert_event
    query: Select[Any] = select(table)
    if rule is not None:
        query = query.where(table.c.rule == rule)
    if place is not None:
        query = query.where(table.c.place == place)
    if province is not None:
        query = query.where(table.c.province == province)
    if reasons:
        query = query.where(table.c.reason.in_(list(reasons)))
    if since is not None:
        query = query.where(table.c.decided_at >= since)
    if until is not None:
        query = query.where(table.c.decided_at <= until)
    if hours is not None:
        query = query.where(table.c.hour.between(*hours))
    if spoken:
        query = query.where(table.c.message.is_not(None))
    if before is not None:
        moment, name = before
        earlier = and_(table.c.decided_at == moment, table.c.id < name)
        query = query.where(or_(table.c.decided_at < moment, earlier))
    query = query.order_by(table.c.decided_at.desc(), table.c.id.desc())
    return connection.execute(query.limit(limit) if limit else query).all()


def last_number(connection: Connection, rule: str, place: str) -> int:
    """How many events a rule ever had in a place, also before it was removed and made again."""
    table = alert_event
    query = select(func.count()).where(table.c.rule == rule, table.c.place == place)
    return int(connection.scalar(query) or 0)


def event(connection: Connection, name: str) -> Row | None:
    """An event by its id."""
    return connection.execute(select(alert_event).where(alert_event.c.id == name)).first()


def add_messages(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Put messages in the outbox."""
    if rows:
        connection.execute(insert(outbox), list(rows))


def held_digest(
    connection: Connection, channel: str, language: str, until: datetime | None
) -> Row | None:
    """The digest of a channel that waits for the end of the same quiet hours."""
    query = select(outbox).where(
        outbox.c.message.startswith(DIGEST),
        outbox.c.channel == channel,
        outbox.c.language == language,
        outbox.c.not_before == until,
        outbox.c.state == "held",
    )
    return connection.execute(query).first()


def set_body(connection: Connection, number: int, body: str) -> bool:
    """Give a waiting message another body; False when it has left meanwhile."""
    where = and_(outbox.c.id == number, outbox.c.state == "held")
    return bool(connection.execute(update(outbox).where(where).values(body=body)).rowcount)


def silences(connection: Connection, *, after: datetime | None = None) -> Sequence[Row]:
    """Silences, the newest first; `after`: only those not over by then."""
    query = select(silence).order_by(silence.c.id.desc())
    if after is not None:
        query = query.where(silence.c.until > after, silence.c.ended_at.is_(None))
    return connection.execute(query).all()


def add_silence(connection: Connection, values: Mapping[str, Any]) -> int:
    """Write a silence; its number."""
    made = insert(silence).values(values).returning(silence.c.id)
    return int(connection.execute(made).scalar_one())


def end_silence(connection: Connection, number: int, now: datetime, who: str) -> bool:
    """End a silence; False when there is none that is not over."""
    where = and_(silence.c.id == number, silence.c.ended_at.is_(None), silence.c.until > now)
    change = update(silence).where(where).values(ended_at=now, ended_by=who)
    return bool(connection.execute(change).rowcount)


def acknowledge(connection: Connection, values: Mapping[str, Any]) -> bool:
    """Write down who has seen an event; False when someone had before."""
    stored = select(acknowledgement.c.event).where(acknowledgement.c.event == values["event"])
    if connection.scalar(stored) is not None:
        return False
    connection.execute(insert(acknowledgement).values(values))
    return True


def acknowledgements(connection: Connection, names: Sequence[str]) -> dict[str, Row]:
    """Who has seen which of these events."""
    if not names:
        return {}
    query = select(acknowledgement).where(acknowledgement.c.event.in_(names))
    return {row.event: row for row in connection.execute(query)}

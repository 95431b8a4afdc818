"""`doctor`: checks the set-up from the configuration to the newest hour and says what to do."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from aq import runtime as composition
from aq.cli.common import json_option, print_json
from aq.clock import Clock, kst_iso
from aq.errors import AqError
from aq.runtime import Runtime
from aq.status import FeedStatus, feed_status
from aq.store.engine import schema_revisions

LOW_DISK_BYTES = 500 * 1024 * 1024
OK, WARN, FAIL = "ok", "warn", "fail"
ADVICE = {
    "key_missing": "set AQ_FEEDS__AIRKOREA__KEY to the key from data.go.kr",
    "key_not_registered": "check the key; a new one works an hour or two after its approval",
    "key_not_approved": "ask for this service (활용신청) on data.go.kr; it has its own approval",
    "key_expired": "renew the key on data.go.kr",
    "address_refused": "this machine's address is blocked by the feed; ask data.go.kr",
    "quota_used_up": "nothing; calls go on after midnight KST. Ask for a larger quota if it recurs",
    "rate_limited": "nothing; calls go on by themselves",
    "upstream_down": "nothing; polling goes on and fills in when the feed is back",
    "unreachable": "check the network, DNS, proxy and AQ_FEEDS__…__URL",
    "bad_request": "check AQ_FEEDS__…__URL",
    "not_understood": "look at the feed's answer; it may have changed its form",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    state: str
    found: str
    do: str = ""


@click.command()
@json_option
def command(as_json: bool) -> int:
    """Check configuration, store, feeds, quota, clock and disk; say what to do."""
    findings = list(examine())
    if as_json:
        print_json({"findings": [asdict(one) for one in findings]})
    else:
        for one in findings:
            advice = f"\n       -> {one.do}" if one.do else ""
            click.echo(f"{one.state:5} {one.check}: {one.found}{advice}")
    return 1 if any(one.state == FAIL for one in findings) else 0


def examine() -> Iterator[Finding]:
    """All checks; those that need the store end where it cannot be opened."""
    try:
        runtime = composition.start()
    except AqError as error:
        yield Finding("configuration and store", FAIL, str(error), "mend what is named and retry")
        return
    yield Finding("configuration", OK, "read")
    checks: tuple[Callable[[Runtime], Iterator[Finding]], ...] = (_store, _disk, _clock, _feeds)
    for check in checks:
        yield from check(runtime)


def _store(runtime: Runtime) -> Iterator[Finding]:
    have, need = schema_revisions(runtime.store)
    kind = "simulated data" if runtime.store.simulated() else "real data"
    text = f"{runtime.store.engine.dialect.name}, schema {have}, version {runtime.store.version()}"
    state = OK if have == need else FAIL
    yield Finding("store", state, f"{text}, {kind}", "" if state == OK else "aq migrate")


def _disk(runtime: Runtime) -> Iterator[Finding]:
    path = make_url(runtime.settings.database_url).database
    if not runtime.store.is_sqlite or not path:
        return
    free = shutil.disk_usage(Path(path).parent).free
    text = f"{free // 1024**2:,} MiB free beside the store"
    if free < LOW_DISK_BYTES:
        yield Finding("disk", FAIL, text, "make room; the store stops when the disk is full")
    else:
        yield Finding("disk", OK, text)


def _clock(runtime: Runtime) -> Iterator[Finding]:
    now = runtime.clock.now()
    if runtime.clock.start is not None:
        away = Clock().now() - now
        note = f"AQ_CLOCK is set: {kst_iso(now)}, {away} from this machine's clock"
        yield Finding("clock", WARN, note, "unset AQ_CLOCK unless this is a demonstration")
        return
    yield Finding("clock", OK, kst_iso(now))


def _feeds(runtime: Runtime) -> Iterator[Finding]:
    now = runtime.clock.now()
    if not runtime.settings.live_feeds:
        yield Finding("feeds", FAIL, "none is live", ADVICE["key_missing"])
    for one in feed_status(runtime, now):
        if not one.live:
            continue
        yield _feed(one, now - one.newest_hour if one.newest_hour else None)
        for operation, count in one.calls_today.items():
            name = operation.rsplit("/", 1)[-1] or one.feed
            full = one.daily_limit is not None and count >= one.daily_limit
            text = f"{count} of {one.daily_limit or 'unlimited'} calls today"
            advice = ADVICE["quota_used_up"] if full else ""
            yield Finding(f"quota {name}", WARN if full else OK, text, advice)


def _feed(one: FeedStatus, age: timedelta | None) -> Finding:
    check = f"feed {one.feed}"
    if one.reason and one.failing_since:
        text = f"failing since {kst_iso(one.failing_since)}: {one.reason} {one.detail or ''}"
        return Finding(check, FAIL, text.strip(), ADVICE.get(one.reason, ""))
    if age is None or one.newest_hour is None:
        return Finding(check, WARN, "nothing received yet", "aq poll, or wait for the next poll")
    text = f"newest hour {kst_iso(one.newest_hour)}"
    if age > timedelta(hours=2):
        return Finding(check, WARN, f"{text}, late", "aq poll; see the Feeds page")
    return Finding(check, OK, text)

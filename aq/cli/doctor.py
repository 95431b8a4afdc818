"""`doctor`: checks the set-up from the configuration to the newest hour and says what to do."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from sqlalchemy.engine import make_url

from aq import runtime as composition
from aq.cli.common import json_option, print_json
from aq.clock import Clock, kst_iso
from aq.errors import AqError
from aq.http import probe
from aq.notice_status import notice_status
from aq.retention import check
from aq.runtime import Runtime
from aq.status import FeedStatus, feed_status
from aq.store.engine import schema_revisions
from aq.store.measures import outbox_states
from aq.store.runs import FAILED, recent_runs

MOST_SKEW = timedelta(minutes=2)
# Calls that may be on their way while both count.
UNCOUNTED = 5
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
    checks: tuple[Callable[[Runtime], Iterator[Finding]], ...] = (
        *(_store, _disk, _archive, _clock, _network, _feeds, _notices, _messages),
    )
    for one in checks:
        yield from one(runtime)


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


def _archive(runtime: Runtime) -> Iterator[Finding]:
    """Months of station hours in the archive: whether each file is there, and the last run."""
    months = check(runtime.store, whole=False)
    gone = [one.month.file for one in months if one.state != "fine"]
    if gone:
        text = f"{len(gone)} of {len(months)} files are not in {runtime.settings.archive_folder}:"
        do = "put them there, or set retention.folder; what is asked of those months fails"
        yield Finding("archive", WARN, f"{text} {', '.join(gone[:3])}", do)
    elif months:
        rows = sum(one.month.rows for one in months)
        span = f"{months[0].month.name} to {months[-1].month.name}"
        yield Finding("archive", OK, f"{len(months)} months, {span}, {rows:,} station hours")
    last = recent_runs(runtime.store, "retain", 1)
    if last and last[0].state == FAILED:
        error = json.loads(last[0].report or "{}").get("error")
        yield Finding("archive", FAIL, f"the last run failed: {error}", "mend it, then: aq retain")


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
        yield from _pace(one)
        for operation, count in one.calls_today.items():
            name = operation.rsplit("/", 1)[-1] or one.feed
            full = one.daily_limit is not None and count >= one.daily_limit
            text = f"{count} of {one.daily_limit or 'unlimited'} calls today"
            advice = ADVICE["quota_used_up"] if full else ""
            yield Finding(f"quota {name}", WARN if full else OK, text, advice)


def _notices(runtime: Runtime) -> Iterator[Finding]:
    """Each service of forecasts and advisories, and whether its calls keep within the quota."""
    for one in notice_status(runtime, runtime.clock.now()):
        check = f"notices {one.service}"
        if one.failing_since and one.reason:
            text = f"failing since {kst_iso(one.failing_since)}: {one.reason} {one.detail or ''}"
            yield Finding(check, WARN, text.strip(), ADVICE.get(one.reason, ""))
        elif one.last_ok is None:
            yield Finding(check, WARN, "not asked yet", f"aq poll --feed {one.feed}")
        else:
            newest = kst_iso(one.newest) if one.newest else "none yet"
            yield Finding(check, OK, f"newest notice {newest}")
        text = (
            f"{one.calls_today} of {one.daily_limit or 'unlimited'} calls today,"
            f" {one.calls_ahead} to come, {one.calls_planned} planned a day"
        )
        do = "" if one.within else "poll less often: schedule.minutes in config/aq.toml"
        name = one.operation.rsplit("/", 1)[-1]
        yield Finding(f"quota {name}", OK if one.within else WARN, text, do)


def _network(runtime: Runtime) -> Iterator[Finding]:
    """Whether each live feed's host can be reached, and whether its clock and ours agree."""
    for name in runtime.settings.live_feeds:
        found = probe(getattr(runtime.settings.feeds, name).url)
        host, check = found.host, f"network {name}"
        if found.trouble:
            yield Finding(check, FAIL, f"{host}: {found.trouble}", ADVICE["unreachable"])
            continue
        yield Finding(check, OK, f"{host} answers")
        skew = found.skew(datetime.now(UTC))
        if skew is not None and abs(skew) > MOST_SKEW:
            text = f"this machine's clock is {skew.total_seconds():+,.0f} s off that of {host}"
            do = "set the clock by NTP; with a wrong one hours are taken for those to come"
            yield Finding("clock skew", FAIL, text, do)


def _pace(one: FeedStatus) -> Iterator[Finding]:
    """What the store knows of a feed beside whether it answers."""
    if one.pause_until and one.failing_since:
        text = f"failed {one.failures} times in a row; asked again at {kst_iso(one.pause_until)}"
        do = f"once mended, do not wait: aq poll --feed {one.feed}"
        yield Finding(f"pace {one.feed}", WARN, text, do)
    if one.late:
        usual = f", usually {one.usual_minute} min past" if one.usual_minute is not None else ""
        text = f"the next hour is later than usual{usual}"
        yield Finding(f"pace {one.feed}", WARN, text, "nothing; it is asked for at each poll")
    if one.gaps_open or one.gaps_lost:
        text = f"{one.gaps_open} province hours missing and to be had, {one.gaps_lost} lost"
        do = "nothing; they are filled by and by. At once: aq backfill" if one.gaps_open else ""
        yield Finding(f"gaps {one.feed}", WARN if one.gaps_open else OK, text, do)
    for operation, (theirs, ours) in one.counted.items():
        if theirs > ours + UNCOUNTED:
            text = f"{operation}: the source counted {theirs} calls, we made {ours}"
            do = "see who else uses this key; all that share a key should share a store"
            yield Finding(f"quota {one.feed}", WARN, text, do)


def _messages(runtime: Runtime) -> Iterator[Finding]:
    """Messages of alerts that no channel took."""
    with runtime.store.read() as connection:
        failed = outbox_states(connection).get("failed", 0)
    if failed:
        do = "look at the channel's last error, mend its address or secret"
        yield Finding("messages", WARN, f"{failed} could not be delivered", do)


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

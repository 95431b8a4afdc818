"""The checks of `doctor`, each a few lines: what was found, where, and what to do about it."""

import json
import os
import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from aq import context as contexts
from aq.cli.alert_checks import CHECKS as ALERT_CHECKS
from aq.cli.finding import FAIL, OK, WARN, Finding
from aq.context import Context
from aq.domain.clock import Clock, kst_iso
from aq.domain.errors import StoreError
from aq.feeds.airkorea import AIRKOREA
from aq.feeds.http import probe
from aq.feeds.registry import SPECS
from aq.ingest.regrade import left
from aq.ingest.retention import check
from aq.paths import SHIPPED, own_config
from aq.queries.feed_status import (
    FeedStatus,
    NoticeStatus,
    answer_keys,
    failing,
    feed_status,
    notice_status,
    planned_calls,
)
from aq.queries.official_means import (
    official_agreement,
    official_left_out,
    official_services,
)
from aq.queries.zones import unplaced_acts, unplaced_stations
from aq.settings import Settings
from aq.store import outbox
from aq.store.engine import known_revisions, schema_revisions, try_to_write, usable
from aq.store.presence import holders, leftovers, rescued
from aq.store.runs import FAILED, recent_runs
from aq.store.standby import DEGRADED
from aq.store.station_past import unknown_networks

MOST_SKEW = timedelta(minutes=2)
# Calls that may be on their way while both count.
UNCOUNTED = 5
LOW_DISK_BYTES = 500 * 1024 * 1024
STALE = timedelta(hours=2)
MOST_LAG = timedelta(minutes=1)  # of a standby
# What a site's own folder may hold; the first two are laid over the shipped ones key by key.
LAID_OVER = ("aq.toml", "alerts.toml")
REPLACEABLE = (*LAID_OVER, "provinces.*", "zones.csv", "standards/*.toml", "limits/*.toml")
VERSION = re.compile(r'^version = "(.+)"', re.M)
PATIENCE = 5  # seconds for the right to write, which a poll holds for less than one
MESSAGES = 1000  # looked at, the newest
ADVICE = {
    "key_missing": "set {variable} to the key from {portal}",
    "key_not_registered": "check the key; a new one works an hour or two after its approval",
    "key_not_approved": "ask for this service (활용신청) on {portal}; it has its own approval",
    "key_expired": "renew the key on {portal}",
    "address_refused": "this machine's address is blocked by the feed; ask {portal}",
    "quota_used_up": "nothing; calls go on after midnight KST. Ask for a larger quota if it recurs",
    "rate_limited": "nothing; calls go on by themselves",
    "upstream_down": "nothing; polling goes on and fills in when the feed is back",
    "unreachable": "check the network, DNS, proxy and AQ_FEEDS__…__URL",
    "bad_request": "check AQ_FEEDS__…__URL",
    "program_error": "report the fault that the server's log names; look for a newer version",
    "not_understood": "look at the feed's answer; it may have changed its form",
}


def checks(settings: Settings) -> Iterator[Finding]:
    """All lines; those that read the store end where it cannot be read."""
    yield from own_files()
    yield from _disk(settings)
    yield from _clock_findings(settings)
    yield from _network(settings)
    if settings.public_doubt:
        yield Finding("address", WARN, settings.public_doubt, "then links lead to the pages")
    where, file = _store_address(settings)
    if file is not None and not file.exists():
        yield _not_made(file)
        return
    try:
        context = contexts.assemble(settings, reader=True)
        with closing(context.store):
            schema = _schema(context, where)
            yield schema
            if schema.state != OK:
                return
            yield from _writing(context, where)
            yield from _standby(context)
            for check in READING:
                yield from check(context)
    except StoreError as error:
        do = "mend what is named; it stands where AQ_DATABASE_URL says. A copy: aq restore"
        yield Finding("store", FAIL, f"{where}: {error}", do)


def own_files() -> Iterator[Finding]:
    """The site's own files that stand before shipped ones, whose later corrections they hide."""
    own, copies = own_config(), []
    for shipped in sorted(path for pattern in REPLACEABLE for path in SHIPPED.glob(pattern)):
        name = shipped.relative_to(SHIPPED).as_posix()
        file = own / name
        if not file.is_file() or file.samefile(shipped):
            continue
        here, there = file.read_bytes(), shipped.read_bytes()
        if here == there:
            copies.append(f"{name} (the same)")
        elif name in LAID_OVER:
            ours, theirs = (tomllib.loads(text.decode()) for text in (here, there))
            if 2 * (same := same_values(ours, theirs)) > (of := same_values(theirs, theirs)):
                copies.append(f"{name} ({same} of {of} values the same)")
        else:
            versions = [VERSION.search(text.decode()) for text in (here, there)]
            older, newer = (version[1] if version else "" for version in versions)
            copies.append(f"{name} ({f'{older}, shipped {newer}' if newer else 'another one'})")
    if copies:
        do = (
            "delete there what you did not change, and of aq.toml and alerts.toml keep what differs"
            f" (diff -r {SHIPPED} {own}); a standard of your own has an id of its own"
        )
        text = f"{own} hides later corrections of {len(copies)} shipped files: {', '.join(copies)}"
        yield Finding("own files", WARN, text, do)


def same_values(ours: Any, theirs: Any) -> int:
    """How many values of two TOML files are the same; tables of an array are told by their id."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return sum(same_values(ours[key], theirs[key]) for key in ours.keys() & theirs.keys())
    tables = [
        {table["id"]: table for table in value if isinstance(table, dict) and "id" in table}
        for value in (ours, theirs)
        if isinstance(value, list)
    ]
    return same_values(*tables) if len(tables) == 2 and all(tables) else int(ours == theirs)


def _store_address(settings: Settings) -> tuple[str, Path | None]:
    """(the store's address without its password, its file when it is one)."""
    file = settings.store_file
    if file is not None:
        return str(file), file.absolute()
    return settings.store_address, None


def _folder(file: Path) -> Path:
    """The folder of a file, or the nearest above that is there."""
    return next(folder for folder in file.parents if folder.exists())


def _not_made(file: Path) -> Finding:
    if not _folder(file).is_dir() or not os.access(_folder(file), os.W_OK):
        text = f"{file} is not there and cannot be made: {_folder(file)} may not be written to"
        return Finding("store", FAIL, text, "give the folder to this user, or set AQ_DATABASE_URL")
    using, saved, left = holders(file), rescued(file), leftovers(file)
    if using or saved or left:
        open_in = f"; process {', '.join(map(str, using))} still has it open" if using else ""
        copy = f"; saved: {saved[-1]}" if saved else ""
        copy += f"; of it is left: {', '.join(map(str, left))}" if left else ""
        do = f"stop the server and workers, then: aq restore {saved[-1] if saved else 'FILE'}"
        return Finding("store", FAIL, f"{file} was deleted{open_in}{copy}", do)
    do = "nothing: the server, a worker or aq migrate makes it. If it was lost: aq restore"
    return Finding("store", WARN, f"{file} is not there yet", do)


def _schema(context: Context, where: str) -> Finding:
    have, need = schema_revisions(context.store)
    text = f"{where}: schema {have}"
    if have is None:
        return Finding("store", WARN, f"{where}: empty", "aq migrate, or start the server")
    if have not in known_revisions() and usable(context.store, have):
        text = f"{text}, newer than this program's {need}, which may still use it"
        return Finding("store", WARN, text, "nothing; update this instance too")
    if have not in known_revisions():
        text = f"{text}, newer than this program can read ({need})"
        return Finding("store", FAIL, text, "update the program, or aq restore an older copy")
    if have != need:
        do = "aq backup, then aq migrate; the start of server or worker brings it up to date too"
        return Finding("store", FAIL, f"{text} is old, this program needs {need}", do)
    kind = "simulated data" if context.store.simulated() else "real data"
    return Finding("store", OK, f"{text}, version {context.store.version()}, {kind}")


def _writing(context: Context, where: str) -> Iterator[Finding]:
    """Whether the store can be written to."""
    try:
        try_to_write(context.store, PATIENCE)
    except StoreError as error:
        holder = f"fuser {where}" if context.store.is_sqlite else "pg_stat_activity"
        do = (
            "locked: a large import holds it for a minute, nothing to do; if it stays, end what"
            f" holds it ({holder}). Read-only: give file and folder to the user of the server"
        )
        yield Finding("writing", FAIL, f"{where} took no write for {PATIENCE} s: {error}", do)


def _standby(context: Context) -> Iterator[Finding]:
    """Whether reads go to the standby, and how late it is."""
    standby = context.store.standby
    if standby is None:
        return
    wrong, status = standby.look(), standby.status()
    where = context.settings.read_address
    if wrong is not None:
        yield Finding("standby", FAIL, f"{where}: {wrong}", "mend AQ_READ_URL")
    elif status.state == DEGRADED:
        do = "nothing for readers: the primary answers them. Start it; docs/operations.md, Standby"
        yield Finding("standby", WARN, f"{where} is not read: {status.reason}", do)
    elif (status.lag_seconds or 0) > MOST_LAG.total_seconds():
        text = f"{where} is {status.lag_seconds:.0f} s behind, at version {status.version}"
        yield Finding("standby", WARN, text, "see pg_stat_replication on the primary")
    else:
        yield Finding("standby", OK, f"{where} is read, at version {status.version}")


def _disk(settings: Settings) -> Iterator[Finding]:
    file = _store_address(settings)[1]
    if file is None:
        return
    folder = _folder(file)
    free = shutil.disk_usage(folder).free
    text = f"{free // 1024**2:,} MiB free in {folder}"
    if free < LOW_DISK_BYTES:
        do = "make room (old copies, logs); nothing can be stored while it is full"
        yield Finding("disk", FAIL, f"{text}, less than {LOW_DISK_BYTES // 1024**2}", do)
    else:
        yield Finding("disk", OK, text)


def _archive_findings(context: Context) -> Iterator[Finding]:
    """Months of station hours in the archive: whether each file is there, and the last run."""
    months = check(context.store, whole=False)
    gone = [archived.month.file for archived in months if archived.state != "fine"]
    if gone:
        text = f"{len(gone)} of {len(months)} files are not in {context.settings.archive_folder}:"
        do = "put them there, or set retention.folder; what is asked of those months fails"
        yield Finding("archive", WARN, f"{text} {', '.join(gone[:3])}", do)
    elif months:
        rows = sum(archived.month.rows for archived in months)
        span = f"{months[0].month.name} to {months[-1].month.name}"
        yield Finding("archive", OK, f"{len(months)} months, {span}, {rows:,} station hours")
    last = recent_runs(context.store, "retain", 1)
    if last and last[0].state == FAILED:
        error = json.loads(last[0].report or "{}").get("error")
        yield Finding("archive", FAIL, f"the last run failed: {error}", "mend it, then: aq retain")


def _clock_findings(settings: Settings) -> Iterator[Finding]:
    now = settings.the_clock.now()
    if settings.the_clock.start is not None:
        away = timedelta(seconds=round((Clock().now() - now).total_seconds()))
        note = f"AQ_CLOCK is set: {kst_iso(now)}, {away} from this machine's clock"
        yield Finding("clock", WARN, note, "unset AQ_CLOCK unless this is a demonstration")
        return
    yield Finding("clock", OK, kst_iso(now))


def _feed_findings(context: Context) -> Iterator[Finding]:
    now = context.clock.now()
    if not context.settings.live_feeds:
        yield Finding("feeds", FAIL, "none is live", _advice(AIRKOREA.name, "key_missing"))
    for status in feed_status(context, now):
        if not status.live:
            continue
        yield _newest_hour_finding(status, now - status.newest_hour if status.newest_hour else None)
        yield from _pace(status)
        for operation, count in status.calls_today.items():
            name = operation.rsplit("/", 1)[-1] or status.feed
            full = status.daily_limit is not None and count >= status.daily_limit
            text = f"{count} of {status.daily_limit or 'unlimited'} calls today"
            advice = ADVICE["quota_used_up"] if full else ""
            yield Finding(f"quota {name}", WARN if full else OK, text, advice)


def _notice_findings(context: Context) -> Iterator[Finding]:
    """Each service of forecasts and advisories, and whether its calls keep within the quota."""
    for status in notice_status(context, context.clock.now()):
        check = f"notices {status.service}"
        if status.failing_since and status.reason:
            yield Finding(check, WARN, _failing(status), _advice(status.feed, status.reason))
        elif status.last_ok is None:
            yield Finding(check, WARN, "not asked yet", f"aq poll --feed {status.feed}")
        else:
            newest = kst_iso(status.newest) if status.newest else "none yet"
            yield Finding(check, OK, f"newest notice {newest}")
        text = (
            f"{status.calls_today} of {status.daily_limit or 'unlimited'} calls today,"
            f" {status.calls_ahead} to come, {status.calls_planned} planned a day"
        )
        do = "" if status.within else "poll less often: schedule.minutes in config/aq.toml"
        name = status.operation.rsplit("/", 1)[-1]
        yield Finding(f"quota {name}", OK if status.within else WARN, text, do)


def _plan(context: Context) -> Iterator[Finding]:
    """The calls a day of each feed with a limit, when all goes well, by operation."""
    now = context.clock.now()
    for name in context.settings.live_feeds:
        calls, limit = planned_calls(context, name, now), context.settings.daily_limit(name)
        if limit is None or not calls:
            continue
        operation, most = calls.most_common(1)[0]
        told = operation.rpartition("/")[2] or name
        total, do = calls.total(), "poll less often: schedule.minutes in config/aq.toml"
        text = f"{total} calls a day in {len(calls)} operations, most of {told}: {most} of {limit}"
        if len(calls) > 1:
            kept = "keep it too" if total <= limit else f"would be {total - limit} above it"
            text += "; the limit is meant for each operation; were it the key's for all together,"
            text += f" they {kept}"
        fits = total <= limit
        yield Finding(f"plan {name}", OK if fits else WARN, text, "" if fits else do)


def _keys(context: Context) -> Iterator[Finding]:
    """Answers whose keys are not as documented."""
    names: dict[str, dict[str, list[str]]] = {}
    for key in answer_keys(context):
        names.setdefault(key.operation, {}).setdefault(key.change, []).append(key.name)
    do = "no value was changed by it; look for a newer program, or compare config/contracts"
    for operation, changes in names.items():
        text = "; ".join(f"{change}: {', '.join(those)}" for change, those in changes.items())
        yield Finding(f"answer {operation.rpartition('/')[2]}", WARN, text, do)


def _official_means(context: Context) -> Iterator[Finding]:
    """Upstream's own means of cities and stations: whether they come, and how ours agree."""
    for service in official_services(context):
        name = service.operation.rpartition("/")[2]
        if service.failing_since and service.reason:
            text = f"fails since {kst_iso(service.failing_since)}: {service.reason}"
            yield Finding(f"means {name}", WARN, text, _advice(AIRKOREA.name, service.reason))
    left = ", ".join(f"{kind} {count}" for kind, count in official_left_out(context).items())
    if "outside_window" in left:
        left += " (a day or month that upstream does not keep: neither rows nor an error came)"
    if left:
        yield Finding("means", OK, f"left out of the last reading: {left}")
    for line in official_agreement(context):
        text = (
            f"{100 * line.same / line.hours:.1f} % of {line.hours:,} as printed, largest"
            f" difference {line.largest} {line.unit} ({line.where}, {line.period})"
        )
        yield Finding(f"means {line.series} {line.pollutant}", OK, text)


def _zones(context: Context) -> Iterator[Finding]:
    """Acts and stations of no known zone."""
    now = context.clock.now()
    acts, stations = unplaced_acts(context, now), unplaced_stations(context, now)
    told = "; ".join(f"{count} of {kind}" for kind, count in stations.items())
    found = f"urban stations of no known zone: {told}"
    if not acts:
        yield Finding("zones", OK, found)
        return
    names = ", ".join(f"{district} {zone} ({n})" for (district, zone), n in acts.most_common(5))
    do = "the acts are kept as they came; add the zones to zones.csv"
    yield Finding("zones", WARN, f"acts of a year in zones not in the table: {names}; {found}", do)


def _networks(context: Context) -> Iterator[Finding]:
    """Stations whose rows count for no mean because nothing tells their network."""
    with context.store.read() as connection:
        unknown = [
            network
            for name in context.settings.selection.of_stations.feeds
            for network in unknown_networks(connection, name)
        ]
    if not unknown:
        yield Finding("networks", OK, "the network of every station with rows is known")
        return
    names = ", ".join(f"{one.name} {one.code or ''}".rstrip() for one in unknown[:5])
    rows = sum(one.rows for one in unknown)
    found = f"{rows:,} hours of {len(unknown)} stations count for no mean: {names}"
    do = "aq import a list of stations that names them with their network and year"
    yield Finding("networks", WARN, f"network unknown: {found}", do)


def _network(settings: Settings) -> Iterator[Finding]:
    """Whether each live feed's host can be reached, and whether its clock and ours agree."""
    for name in settings.live_feeds:
        answer = probe(settings.feeds.of(name).url)
        host, check = answer.host, f"network {name}"
        if answer.trouble:
            yield Finding(check, FAIL, f"{host}: {answer.trouble}", ADVICE["unreachable"])
            continue
        yield Finding(check, OK, f"{host} answers")
        skew = answer.skew(datetime.now(UTC))
        if skew is not None and abs(skew) > MOST_SKEW:
            text = f"this machine's clock is {skew.total_seconds():+,.0f} s off that of {host}"
            do = "set the clock by NTP; with a wrong one hours are taken for those to come"
            yield Finding("clock skew", FAIL, text, do)


def _pace(status: FeedStatus) -> Iterator[Finding]:
    """What the store knows of a feed beside whether it answers."""
    if status.pause_until and status.failing_since:
        again = kst_iso(status.pause_until)
        text = f"failed {status.failures} times in a row; asked again at {again}"
        do = f"once mended, do not wait: aq poll --feed {status.feed}"
        yield Finding(f"pace {status.feed}", WARN, text, do)
    if status.late:
        minute = status.usual_minute
        usual = f", usually {minute} min past" if minute is not None else ""
        text = f"the next hour is later than usual{usual}"
        yield Finding(f"pace {status.feed}", WARN, text, "nothing; it is asked for at each poll")
    if status.gaps_open or status.gaps_lost:
        text = f"{status.gaps_open} province hours missing and to be had, {status.gaps_lost} lost"
        do = "nothing; they are filled by and by. At once: aq backfill" if status.gaps_open else ""
        yield Finding(f"gaps {status.feed}", WARN if status.gaps_open else OK, text, do)
    for operation, (theirs, ours) in status.counted.items():
        if theirs > ours + UNCOUNTED:
            text = f"{operation}: the source counted {theirs} calls, we made {ours}"
            do = "see who else uses this key; all that share a key should share a store"
            yield Finding(f"quota {status.feed}", WARN, text, do)


def _jobs(context: Context) -> Iterator[Finding]:
    """Jobs whose newest run failed; polls and the archive have lines of their own."""
    for job in failing(context.store, context.clock.now()):
        if job.name.startswith("poll:") or job.name == "retain":
            continue
        text = f"failed at {kst_iso(job.at)}: {job.error}"
        do = "it runs again by itself; a fault of the program stands in the server's log"
        yield Finding(f"job {job.name}", WARN, text, do)


def _grades(context: Context) -> Iterator[Finding]:
    """Whether stored grades are those of the standards as they are now."""
    days = left(context.store, context.stored_standards)
    if days:
        text = f"{days:,} province days still lack the grades of the present standards"
        do = "nothing: a server or worker rebuilds them (aq regrade does it at once); pages reckon"
        yield Finding("grades", WARN, text, f"{do} grades from the values meanwhile")


def _messages(context: Context) -> Iterator[Finding]:
    """Channels that did not take a message, given up or still tried."""
    states = (outbox.FAILED, outbox.QUEUED)
    messages = outbox.messages(context.store, states, MESSAGES)
    missed = [message for message in messages if message.last_error]
    missed.sort(key=lambda message: str(message.channel))  # each channel's newest stays first
    for channel, ones in groupby(missed, key=lambda message: str(message.channel)):
        rows = list(ones)
        lost = sum(message.state == outbox.FAILED for message in rows)
        text = f"{lost} messages given up, {len(rows) - lost} tried again: {rows[0].last_error}"
        do = (
            f"mend the channel's address or secret (config/alerts.toml), try it: aq rules"
            f" test-channel {channel}; what was given up is sent again from the Alerts page"
        )
        yield Finding(f"channel {channel}", WARN, text, do)


def _advice(feed: str, reason: str) -> str:
    spec = SPECS[feed]
    portal = SPECS[spec.host].key_from["en"]
    return ADVICE.get(reason, "").format(portal=portal, variable=spec.key_variable)


def _failing(status: FeedStatus | NoticeStatus) -> str:
    since = kst_iso(status.failing_since) if status.failing_since else ""
    return f"failing since {since}: {status.reason} {status.detail or ''}".strip()


def _newest_hour_finding(status: FeedStatus, age: timedelta | None) -> Finding:
    check = f"feed {status.feed}"
    if status.reason and status.failing_since:
        return Finding(check, FAIL, _failing(status), _advice(status.feed, status.reason))
    if age is None or status.newest_hour is None:
        return Finding(check, WARN, "nothing received yet", "aq poll, or wait for the next poll")
    text = f"newest hour {kst_iso(status.newest_hour)}"
    if age > STALE:
        poll = f"last asked {kst_iso(status.last_ok)}" if status.last_ok else "not asked yet"
        do = f"is a server or worker running (AQ_SCHEDULER)? At once: aq poll --feed {status.feed}"
        return Finding(check, WARN, f"{text}, stale: {poll}", do)
    return Finding(check, OK, text)


READING: tuple[Callable[[Context], Iterator[Finding]], ...] = (
    *(_archive_findings, _feed_findings, _notice_findings, _keys, _networks, _zones, _jobs),
    *(_plan, _official_means, _grades, _messages, *ALERT_CHECKS),
)

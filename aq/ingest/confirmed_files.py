"""Confirmed files into the store: a file is one transaction, so it is there whole or not at all."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aq.context import Context
from aq.domain import quality
from aq.domain.clock import floor_hour, from_hour_number, hour_number, kst_iso
from aq.domain.model import Reading, RowIssue, Station, Upstream
from aq.domain.pollutants import KEYS, pollutants
from aq.feeds.confirmed import files as archive
from aq.feeds.confirmed.cells import MISSING
from aq.feeds.confirmed.content import Content
from aq.feeds.confirmed.rows import Hours
from aq.feeds.registry import FEED_IDS, FEED_NAMES
from aq.ingest.collect import ISSUES_KEPT, follow, station_rule
from aq.ingest.retention import read_manifest
from aq.store import Txn
from aq.store.archive import files as archives
from aq.store.archive import months as retained
from aq.store.bulk import put_new_hours
from aq.store.hours import put_station_hours
from aq.store.schema import UPSTREAM_GRADES
from aq.store.station_past import Unknown, unknown_networks
from aq.store.stations import Directory
from aq.store.upsert import Written

# A file of which less can be taken is another file than we think, and is refused whole.
LEAST_TAKEN = 0.95
CELLS_SHOWN = 3
# What of a row cannot be read; a bad value leaves the rest of its row.
UNREAD = frozenset({"bad_row", "bad_station", "unknown_province", "bad_time", "bad_value"})


@dataclass(kw_only=True)
class ImportReport:
    """What was read of a file, what was stored, what was skipped and why.

    `left_out` are rows that gave no hour, by reason, `lost` counts those that were not read whole;
    `skipped` counts issues of any kind. `refused` says why nothing was stored, and `checked` that
    nothing was meant to be.
    """

    file: str
    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    counts: Written = field(default_factory=Written)
    flagged: int = 0
    unknown: list[Unknown] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    issues: list[RowIssue] = field(default_factory=list)
    unread: list[RowIssue] = field(default_factory=list)
    stations: set[str] = field(default_factory=set)
    hours: tuple[int, int] | None = None
    refused: str | None = None
    checked: bool = False

    @property
    def stored(self) -> int:
        """Rows that were not there before."""
        return self.counts.new

    @property
    def changed(self) -> int:
        """Rows that were there with another content; the earlier one is kept as a revision."""
        return self.counts.changed

    @property
    def unchanged(self) -> int:
        """Rows that were there already."""
        return self.counts.same

    @property
    def readable(self) -> int:
        """Rows that can be stored."""
        return self.rows - self.left_out.total()

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        first, last = self.hours or (None, None)
        return {
            "file": self.file,
            "refused": self.refused,
            "checked": self.checked,
            "rows": self.rows,
            "readable": self.readable,
            "stored": self.stored,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "flagged": self.flagged,
            "unknown_network": sum(station.rows for station in self.unknown),
            "unknown_network_stations": [station.code or station.name for station in self.unknown],
            "stations": len(self.stations),
            "first_hour": kst_iso(from_hour_number(first)) if first else None,
            "last_hour": kst_iso(from_hour_number(last)) if last else None,
            "skipped": dict(self.skipped),
            "issues": [
                {"kind": issue.kind, "where": issue.where, "detail": issue.detail}
                for issue in self.issues
            ],
        }

    def _read(self, batch: archive.FileBatch) -> None:
        self.rows += batch.rows
        self.lost += batch.lost
        self.left_out += batch.left_out
        self.skipped += batch.left_out
        for issue in batch.issues:
            if issue.kind not in batch.left_out:
                self.skipped[issue.kind] += 1
            if len(self.issues) < ISSUES_KEPT:
                self.issues.append(issue)
            if issue.kind in UNREAD and len(self.unread) < CELLS_SHOWN:
                self.unread.append(issue)
        hours = batch.hours
        if len(hours):
            names = {hours.stations[number] for number in set(hours.station.tolist())}
            self.stations |= {station.code or station.name for station in names}
            self._cover(int(hours.hour.min()), int(hours.hour.max()))

    def _cover(self, first: int, last: int) -> None:
        known = self.hours or (first, last)
        self.hours = (min(first, known[0]), max(last, known[1]))

    def _judge(self, partial: bool) -> None:
        """Refuse a file of which too little can be taken, unless a part of it is wanted."""
        if partial or self.rows - self.lost >= LEAST_TAKEN * self.rows:
            return
        cells = "; ".join(f"{issue.where}: {issue.kind} {issue.detail}" for issue in self.unread)
        self.refused = (
            f"only {self.rows - self.lost:,} of {self.rows:,} rows can be taken whole, under"
            f" {LEAST_TAKEN:.0%}; nothing is stored. The first that cannot: {cells}."
            " Mend the file, or take what can be read with --partial"
        )


def import_file(
    context: Context,
    path: Path,
    progress: Callable[[float], None] = lambda _share: None,
    *,
    partial: bool = False,
    check: bool = False,
) -> ImportReport:
    """Read one confirmed file into the store, all of it or nothing.

    A file of which less than `LEAST_TAKEN` of the rows can be taken is refused (the report says
    so) unless `partial`; with `check` nothing is stored in any case. `progress` is called with the
    share done, 0 to 1. Raises `InputError` for a file that cannot be read, before anything is
    written.
    """
    now = context.clock.now()
    report = ImportReport(file=path.name, checked=check)
    with closing(Content()) as content:
        for batch in archive.read(path, now):
            content.append(batch)
            report._read(batch)
            progress(0.5 * batch.share)
        report._judge(partial)
        if not report.refused and not check:
            _store(context, content, report, progress)
    progress(1.0)
    return report


def _store(
    context: Context, content: Content, report: ImportReport, progress: Callable[[float], None]
) -> None:
    """Write the tables one by one, each with all that follows from it: an import that was stopped
    goes on where it was."""
    name = archive.info.name
    done = 0
    for part in content.parts():
        with context.store.write(f"import {report.file}") as txn:
            txn.mark_simulated(False)
            directory = Directory(txn, station_rule(context.settings.provinces))
            for hours in content.batches(part):
                _put(context, txn, hours, directory, report)
                done += len(hours)
                progress(0.5 + 0.4 * done / content.rows)
            follow(txn, directory, context.stored_standards)
    first, last = report.hours or (0, 0)
    with context.store.read() as connection:
        report.unknown = unknown_networks(connection, name, first, last)


def _put(
    context: Context, txn: Txn, hours: Hours, directory: Directory, report: ImportReport
) -> None:
    """Write some hours: in columns where none of them is flagged or stored already."""
    name, now = archive.info.name, context.clock.now()
    columns = hours.station, hours.hour, hours.values
    if not _doubtful(hours, hour_number(floor_hour(now))) and put_new_hours(
        txn, name, hours.stations, columns, directory
    ):
        report.counts += Written(new=len(hours))
        return
    readings = quality.flag(hours.readings(), now, confirmed=True)
    report.counts += put_station_hours(txn, name, readings, directory)
    report.flagged += sum(1 for reading in readings if reading.flags)


def _doubtful(hours: Hours, latest: int) -> bool:
    """Whether `quality.flag` would mark any of these confirmed values."""
    ranges = {key: pollutant.span for key, pollutant in pollutants().items()}
    return bool((hours.hour > latest).any()) or any(
        bool(((column != MISSING) & ((column < ranges[key][0]) | (column > ranges[key][1]))).any())
        for key, column in hours.values.items()
    )


def import_archive(
    context: Context, path: Path, progress: Callable[[float], None] = lambda _share: None
) -> ImportReport:
    """Read an archive of station hours, its manifest beside it, into the store again.

    A month that this store has archived in this very file comes back as it was, with what it
    replaced. Into any other store go the rows that are not there; rows that are there with another
    content stay, because an archive is older knowledge. Raises `InputError` for a file that is no
    archive or not what its manifest speaks of, before anything is written.
    """
    content = read_manifest(path)
    report = ImportReport(file=path.name)
    with context.store.write(f"import {path.name}") as txn:
        own = [m for m in retained.months(txn.connection) if m.sha256 == content["sha256"]]
        if own:
            retained.bring_back(txn, own[0])
            report.rows = own[0].rows + own[0].replaced
            report.counts = Written(new=own[0].rows)
            report.hours = (own[0].first_hour, own[0].last_hour)
        else:
            _read_archive(context, txn, path, content, report, progress)
    progress(1.0)
    return report


def _read_archive(
    context: Context,
    txn: Txn,
    path: Path,
    content: Mapping[str, Any],
    report: ImportReport,
    progress: Callable[[float], None],
) -> None:
    txn.mark_simulated(bool(content["simulated"]))
    directory = Directory(txn, station_rule(context.settings.provinces))
    stations = {station["id"]: _station(station) for station in content["stations"]}
    said = _said(content, stations)
    for rows in archives.groups(path):
        present = retained.present_of(rows)
        report.rows += len(rows)
        # What was replaced belongs to versions of the store that wrote the file.
        report.skipped["replaced"] += len(rows) - len(present)
        by_feed: dict[str, list[Reading]] = {}
        for row in present:
            reading = _reading(row, _named(said, stations, row))
            by_feed.setdefault(FEED_NAMES[row["feed"]], []).append(reading)
        for name, readings in by_feed.items():
            counts = put_station_hours(txn, name, readings, directory, only_new=True)
            report.counts += counts
            report.skipped["known otherwise"] += len(readings) - counts.new - counts.same
            report.flagged += sum(1 for reading in readings if reading.flags)
            report._cover(min(row["hour"] for row in present), max(row["hour"] for row in present))
        report.stations |= {station.code or station.name for station in stations.values()}
        progress(0.9 * min(1.0, report.rows / max(1, content["rows"])))
    follow(txn, directory, context.stored_standards)
    report.skipped = +report.skipped


def _station(facts: Mapping[str, Any]) -> Station:
    items = facts["items"]
    given = {name: value for name, value in facts.items() if name not in ("id", "items")}
    return Station(**given, items=None if items is None else tuple(items.split()))


Said = Mapping[tuple[int, int], list[tuple[int, Station]]]


def _said(content: Mapping[str, Any], stations: Mapping[int, Station]) -> Said:
    """By station and feed (from hour, station as its rows named it), the last first; an archive of
    the first version says nothing of it."""
    found: dict[tuple[int, int], list[tuple[int, Station]]] = {}
    for words in content.get("statements", ()):
        facts = {name: words[name] for name in ("sido", "name", "network", "address")}
        station = replace(stations[words["station"]], **facts)
        key = words["station"], FEED_IDS[words["feed"]]
        found.setdefault(key, []).insert(0, (words["from_hour"], station))
    return found


def _named(said: Said, stations: Mapping[int, Station], row: Mapping[str, Any]) -> Station:
    """The station of a row as the row named it."""
    named = said.get((row["station"], row["feed"]), ())
    found = next((station for first, station in named if first <= row["hour"]), None)
    return found or stations[row["station"]]


def _reading(row: Mapping[str, Any], station: Station) -> Reading:
    marks = row["grades"] or ""
    grades = {f: int(g) for f, g in zip(UPSTREAM_GRADES, marks, strict=False) if g.isdigit()}
    said = {name: row[name] for name in ("khai", "khai_grade", "pm10_24h", "pm25_24h")}
    return Reading(
        station=station,
        hour=from_hour_number(row["hour"]),
        values={key: row[key] for key in KEYS if row[key] is not None},
        flags=json.loads(row["flags"]) if row["flags"] else {},
        upstream=Upstream(**said, grades=grades),
    )

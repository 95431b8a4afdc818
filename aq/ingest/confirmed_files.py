"""Confirmed files into the store: a file is one transaction, so it is there whole or not at all."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aq.context import Context
from aq.domain import quality
from aq.domain.clock import from_hour_number, kst_iso
from aq.domain.model import Reading, RowIssue, Station, Upstream
from aq.domain.pollutants import KEYS
from aq.domain.sources import FEED_IDS, FEED_NAMES
from aq.feeds.confirmed import files as archive
from aq.ingest.collect import ISSUES_KEPT, follow_moved, station_rule
from aq.ingest.retention import read_manifest
from aq.store import Txn
from aq.store.archive import files as archives
from aq.store.archive import months as retained
from aq.store.hours import Slot, aggregate, put_station_hours
from aq.store.rollups import refresh
from aq.store.schema import UPSTREAM_GRADES
from aq.store.stations import Directory
from aq.store.upsert import Written


@dataclass(kw_only=True)
class ImportReport:
    """What was read of a file, what was stored, what was skipped and why."""

    file: str
    rows: int = 0
    counts: Written = field(default_factory=Written)
    flagged: int = 0
    unknown_network: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    issues: list[RowIssue] = field(default_factory=list)
    stations: set[str] = field(default_factory=set)
    hours: tuple[int, int] | None = None

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

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        first, last = self.hours or (None, None)
        return {
            "file": self.file,
            "rows": self.rows,
            "stored": self.stored,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "flagged": self.flagged,
            "unknown_network": self.unknown_network,
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
        self.rows += batch.answer.rows
        self.unknown_network += batch.unknown_network
        for issue in batch.answer.issues:
            self.skipped[issue.kind] += 1
            if len(self.issues) < ISSUES_KEPT:
                self.issues.append(issue)

    def _took(self, readings: list[Reading], touched: set[Slot]) -> None:
        self.flagged += sum(1 for reading in readings if reading.flags)
        self.stations |= {one.station.code or one.station.name for one in readings if one.station}
        hours = [hour for _, hour in touched]
        if hours:
            first, last = self.hours or (hours[0], hours[0])
            self.hours = (min(first, *hours), max(last, *hours))


def import_file(
    context: Context, path: Path, progress: Callable[[float], None] = lambda _share: None
) -> ImportReport:
    """Read one confirmed file into the store.

    `progress` is called with the share done, 0 to 1. Raises `InputError` for a file that cannot
    be read, before anything is written.
    """
    now = context.clock.now()
    report = ImportReport(file=path.name)
    name = archive.info.name
    touched: set[Slot] = set()
    with context.store.write(f"import {path.name}") as txn:
        txn.mark_simulated(False)
        directory = Directory(txn, station_rule(context.settings.provinces))
        for batch in archive.read(path, now):
            readings = quality.flag(batch.answer.readings, now, confirmed=True)
            counts, slots = put_station_hours(txn, name, readings, directory)
            touched |= slots
            report.counts += counts
            report._read(batch)
            report._took(readings, slots)
            progress(0.9 * _share(batch))
        changed = aggregate(txn, name, touched, directory)
        refresh(txn, FEED_IDS[name], changed, context.stored_standards)
        follow_moved(txn, directory, context.stored_standards)
    progress(1.0)
    return report


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
    stations = {one["id"]: _station(one) for one in content["stations"]}
    touched: dict[str, set[Slot]] = {}
    for rows in archives.groups(path):
        present = retained.present_of(rows)
        report.rows += len(rows)
        # What was replaced belongs to versions of the store that wrote the file.
        report.skipped["replaced"] += len(rows) - len(present)
        by_feed: dict[str, list[Reading]] = {}
        for row in present:
            reading = _reading(row, stations)
            by_feed.setdefault(FEED_NAMES[row["feed"]], []).append(reading)
        for name, readings in by_feed.items():
            counts, slots = put_station_hours(txn, name, readings, directory, only_new=True)
            touched.setdefault(name, set()).update(slots)
            report.counts += counts
            report.skipped["known otherwise"] += len(readings) - counts.new - counts.same
            report._took(readings, slots)
        progress(0.9 * min(1.0, report.rows / max(1, content["rows"])))
    for name, slots in touched.items():
        changed = aggregate(txn, name, slots, directory)
        refresh(txn, FEED_IDS[name], changed, context.stored_standards)
    follow_moved(txn, directory, context.stored_standards)
    report.skipped = +report.skipped


def _station(facts: Mapping[str, Any]) -> Station:
    items = facts["items"]
    given = {name: value for name, value in facts.items() if name not in ("id", "items")}
    return Station(**given, items=None if items is None else tuple(items.split()))


def _reading(row: Mapping[str, Any], stations: Mapping[int, Station]) -> Reading:
    marks = row["grades"] or ""
    grades = {f: int(g) for f, g in zip(UPSTREAM_GRADES, marks, strict=False) if g.isdigit()}
    said = {name: row[name] for name in ("khai", "khai_grade", "pm10_24h", "pm25_24h")}
    return Reading(
        station=stations[row["station"]],
        hour=from_hour_number(row["hour"]),
        values={key: row[key] for key in KEYS if row[key] is not None},
        flags=json.loads(row["flags"]) if row["flags"] else {},
        upstream=Upstream(**said, grades=grades),
    )


def _share(batch: archive.FileBatch) -> float:
    within = batch.done / batch.total if batch.total else 0.0
    return (batch.part_number - 1 + within) / batch.parts

"""Confirmed files into the store: a file is one transaction, so it is there whole or not at all."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aq import quality
from aq.clock import from_hour_number, kst_iso
from aq.collect import ISSUES_KEPT, station_rule
from aq.feeds import archive
from aq.model import Reading, RowIssue
from aq.runtime import Runtime
from aq.schema import FEED_IDS
from aq.store.hours import Slot, aggregate, put_station_hours
from aq.store.rollups import refresh
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
    runtime: Runtime, path: Path, progress: Callable[[float], None] = lambda _share: None
) -> ImportReport:
    """Read one confirmed file into the store.

    `progress` is called with the share done, 0 to 1. Raises `InputError` for a file that cannot
    be read, before anything is written.
    """
    now = runtime.clock.now()
    report = ImportReport(file=path.name)
    name = archive.info.name
    touched: set[Slot] = set()
    with runtime.store.write(f"import {path.name}") as txn:
        txn.mark_simulated(False)
        directory = Directory(txn, station_rule(runtime.settings.provinces))
        for batch in archive.read(path, now):
            readings = quality.flag(batch.answer.readings, now, confirmed=True)
            counts, slots = put_station_hours(txn, name, readings, directory)
            touched |= slots
            report.counts += counts
            report._read(batch)
            report._took(readings, slots)
            progress(0.9 * _share(batch))
        changed = aggregate(txn, name, touched, directory)
        refresh(txn, FEED_IDS[name], changed, runtime.stored_standards)
    progress(1.0)
    return report


def _share(batch: archive.FileBatch) -> float:
    within = batch.done / batch.total if batch.total else 0.0
    return (batch.part_number - 1 + within) / batch.parts

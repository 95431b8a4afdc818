"""Old station hours into the archive: a Parquet file a month, read back, then dropped here.

Killed anywhere, a month is whole in the store or whole in the archive: its file is written and
compared with the store before one transaction drops the rows and records the file.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from aq import __version__
from aq.domain.clock import from_hour_number, kst, kst_iso, month_hours
from aq.domain.errors import ArchiveError, InputError, StoreError
from aq.domain.pollutants import KEYS, pollutants
from aq.domain.report import Report
from aq.feeds.registry import FEED_NAMES, INFO
from aq.store import Connection, Store
from aq.store.archive import files as archives
from aq.store.archive import months as retained
from aq.store.archive.months import Content, Month
from aq.store.engine import state_of
from aq.store.reads import committed_at
from aq.store.station_past import statements_within

FORM = 1
# Months that one run of the scheduler archives; a command does all.
A_RUN = 6
STALE, ABANDONED_SECONDS = ".part", 3600


@dataclass(kw_only=True)
class RetainReport(Report):
    """What a run archived, what is still to do, and what went wrong."""

    SHOWN = ("ok", "at", "folder", "months", "waiting", "note")

    at: datetime
    folder: str
    months: list[dict[str, Any]] = field(default_factory=list)
    waiting: int = 0
    note: str | None = None
    error: StoreError | None = None

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return super().as_dict() | {"error": str(self.error) if self.error else None}


def manifest_path(path: Path) -> Path:
    """Where the manifest of an archive stands."""
    return path.with_name(f"{path.name}.manifest.json")


def kept_from(now: datetime, months: int) -> int:
    """The first hour that stays when station hours older than so many months go."""
    here = kst(now)
    past = here.year * 12 + here.month - 1 - months
    return month_hours(past // 12, past % 12 + 1)[0]


def retain(
    store: Store,
    folder: Path,
    months: int,
    now: datetime,
    *,
    most: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> RetainReport:
    """Archive every whole month of station hours older than `months` months, oldest first.

    Stopped and begun again it goes on where it was. Two at once do no harm: one of them records
    a month, and the other leaves it. Never raises for what the store or the disk does.
    """
    report = RetainReport(at=now, folder=str(folder))
    if not months:
        report.note = "retention is off: retention.station_months is 0"
        return report
    try:
        with store.read() as connection:
            due = retained.months_before(connection, kept_from(now, months))
        report.waiting = len(due)
        for done, month in enumerate(due[:most]):
            progress(done, len(due[:most]))
            made = _archive_month(store, folder, month, now)
            report.waiting -= 1
            if made is not None:
                report.months.append(made)
        progress(1, 1)
    except StoreError as error:
        report.error = error
    except OSError as error:
        report.error = StoreError(f"{folder}: {error.strerror or error}; nothing was dropped")
    return report


def _archive_month(store: Store, folder: Path, month: int, now: datetime) -> dict[str, Any] | None:
    """Write, compare and drop one month; None when another instance did or it changed meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    first, last = month_hours(month // 100, month % 100)
    with store.read() as connection:
        kept = retained.months(connection, first, last)
        if not kept:
            version, simulated = state_of(connection)
            had = retained.content(connection, month)
            path = folder / f"station-hours-{retained.month_name(month)}.v{version}.parquet"
            with _moved_into_place(path) as part:
                archives.write(part, archives.days(connection, first, last))
                if not archives.holds(part, archives.days(connection, first, last)):
                    raise StoreError(
                        f"{path.name}, read back, differs from the store; nothing was dropped"
                    )
                content = _manifest(connection, part, path.name, month, had, version, simulated)
            _write_manifest(path, content)
    if kept:
        # Rows came beside an archived month, from a program of an older schema: one again, next.
        with store.write(f"bring back {kept[0].name}") as txn:
            retained.bring_back(txn, kept[0])
        return _archive_month(store, folder, month, now)
    archived = Month(
        month=month,
        first_hour=first,
        last_hour=last,
        file=path.name,
        sha256=content["sha256"],
        rows=had.rows,
        replaced=had.replaced,
        version=version,
        retained_at=now,
    )
    with store.write(f"retain {archived.name}") as txn:
        there = retained.months(txn.connection, first, last)
        same = not there and retained.content(txn.connection, month) == had
        if same:
            retained.drop(txn, archived)
    if not same:
        if not any(other.file == archived.file for other in there):
            for leftover in (path, manifest_path(path)):
                leftover.unlink(missing_ok=True)
        return None
    names = ("file", "rows", "replaced_rows", "bytes", "sha256")
    return {"month": archived.name, **{name: content[name] for name in names}}


@contextmanager
def _moved_into_place(path: Path) -> Iterator[Path]:
    """A new file in the folder, moved into place when all went well. Leftovers of runs that were
    killed are cleared away."""
    for leftover in path.parent.glob(f".*{STALE}"):
        if time.time() - leftover.stat().st_mtime > ABANDONED_SECONDS:
            leftover.unlink(missing_ok=True)
    part = path.with_name(f".{path.stem}.{os.getpid()}{STALE}")
    try:
        yield part
        os.replace(part, path)
        _settle(path.parent)
    finally:
        part.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """See the folder's entries on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_manifest(path: Path, content: dict[str, Any]) -> None:
    target = manifest_path(path)
    with _moved_into_place(target) as part, part.open("wb") as file:
        file.write((json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode())
        file.flush()
        os.fsync(file.fileno())


def _manifest(
    connection: Connection,
    part: Path,
    name: str,
    month: int,
    had: Content,
    version: int,
    simulated: bool,
) -> dict[str, Any]:
    """What to say of an archive, in JSON's types; enough to read it into an empty store."""
    feeds, edges, stations = retained.described(connection, month)
    hours = [kst_iso(from_hour_number(hour)) for hour in edges]
    moment = committed_at(connection, version)
    return {
        "archive": FORM,
        "file": name,
        "month": retained.month_name(month),
        "rows": had.rows,
        "replaced_rows": had.replaced,
        "min_time": hours[0] if hours else None,
        "max_time": hours[1] if hours else None,
        "bytes": part.stat().st_size,
        "sha256": archives.digest(part),
        "zone": "+09:00",
        "as_of": {"version": version, "committed_at": kst_iso(moment) if moment else None},
        "schema": archives.about_columns(),
        "units": {
            key: {"unit": pollutants()[key].unit, "scale": pollutants()[key].scale} for key in KEYS
        },
        "feeds": [
            {
                "feed": info.name,
                "title": info.title,
                "kind": info.kind,
                "status": info.status,
                "licence": info.licence,
                "attribution": info.attribution,
                "link": info.link,
            }
            for info in (INFO[name] for name in feeds)
        ],
        "simulated": simulated,
        "stations": [
            {key: value for key, value in row.items() if key not in ("province", "listed_at")}
            for row in stations
        ],
        # What the rows said of their stations: each holds until the next of station and feed.
        "statements": [
            {
                "station": number,
                "feed": FEED_NAMES[feed],
                "from_hour": said.first,
                "sido": said.sido,
                "name": said.name,
                "network": said.network,
                "address": said.address,
            }
            for number, feed, said in statements_within(
                connection, *month_hours(month // 100, month % 100)
            )
        ],
        "software": {"aq": __version__, "pyarrow": installed("pyarrow")},
    }


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of an archive, once the file has been found to be the one it speaks of.

    Raises `InputError` for anything else.
    """
    place = manifest_path(path)
    try:
        content = json.loads(place.read_text("utf-8"))
        digest = archives.digest(path)
    except OSError as error:
        what = f"{error.filename}: {error.strerror}"
        raise InputError(
            f"{what}; an archive is read with its manifest beside it", "file"
        ) from None
    except (ValueError, RecursionError):
        raise InputError(f"{place.name} is not readable as JSON", "file") from None
    if not isinstance(content, dict) or content.get("archive") != FORM:
        raise InputError(f"{place.name} is no manifest of an archive of form {FORM}", "file")
    if content.get("sha256") != digest:
        raise InputError(f"{path.name} is not the file its manifest speaks of (SHA-256)", "file")
    return content


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One archived month and what its file was found to be: fine, missing, changed, unreadable."""

    month: Month
    state: str
    path: Path


def check(store: Store, *, whole: bool) -> list[Checked]:
    """Every archived month with the state of its file; `whole` also reads and sums each."""
    checked = []
    with store.read() as connection:
        for month in retained.months(connection):
            try:
                path = retained.path_of(connection, month)
            except ArchiveError:
                path = Path(month.file)
            checked.append(Checked(month=month, state=_file_state(path, month, whole), path=path))
    return checked


def _file_state(path: Path, month: Month, whole: bool) -> str:
    if not path.is_file():
        return "missing"
    if not whole:
        return "fine"
    try:
        if archives.digest(path) != month.sha256:
            return "changed"
        rows = sum(len(group) for group in archives.groups(path))
    except (OSError, ArchiveError):
        return "unreadable"
    return "fine" if rows == month.rows + month.replaced else "changed"

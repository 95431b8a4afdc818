"""A pass of publishing: what has changed is written, what is gone is taken away, the rest stays."""

import hashlib
import json
import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from aq import __version__
from aq.context import Context
from aq.domain.clock import day_bounds, floor_hour, kst_day, kst_iso
from aq.domain.errors import AqError
from aq.domain.report import Report
from aq.memory import uncollected
from aq.queries.written import changed_since
from aq.web.public.moment import MOMENTS
from aq.web.publish import history
from aq.web.publish.entries import INDEX, Entry, calendars, entries
from aq.web.publish.target import Target, opened
from aq.web.site import published_site

MANIFEST = "manifest.json"
FORMAT = 1
NOT_KNOWN = (
    "server.public_url is not set: links are relative, the folder has no sitemap, and cards of"
    " links lack their picture where it must have a whole address"
)
TRIES = 3  # for answers that are all of one version while others write
# Without a new version values still grow late; a folder is made anew at least this often.
AT_LEAST_EVERY = timedelta(minutes=30)
log = logging.getLogger(__name__)
Files = dict[str, dict[str, Any]]  # path -> what the manifest says of it


@dataclass(slots=True)
class Published(Report):
    """What a pass did: paths written, left as they were, and removed."""

    SHOWN: ClassVar[tuple[str, ...]] = (
        *("ok", "at", "version", "hour", "files", "written", "unchanged", "removed", "bytes"),
        *("note", "error"),
    )
    at: datetime
    version: int = -1
    hour: datetime | None = None
    files: int = 0
    written: int = 0
    unchanged: int = 0
    removed: int = 0
    bytes: int = 0  # written
    note: str | None = None
    error: dict[str, Any] | None = None


@dataclass(slots=True)
class _Pass:
    target: Target
    before: Files
    report: Published
    after: Files = field(default_factory=dict)
    history_version: int = -1

    def put(self, path: str, body: bytes, media_type: str, **more: Any) -> None:
        """Write a file unless the same content stands there."""
        digest = hashlib.sha256(body).hexdigest()
        kept = self.before.get(path)
        if kept and kept["sha256"] == digest and self.target.size(path) == len(body):
            self.after[path] = {**kept, **more}
            self.report.unchanged += 1
            return
        if kept is None and self.target.is_taken(path):
            if path == INDEX:
                return
            raise AqError(
                f"{path} stands there already and was not published: name an empty folder, or move"
                " that file away. Nothing is kept"
            )
        self.target.write(path, body, media_type)
        self.after[path] = {
            "sha256": digest,
            "bytes": len(body),
            "media_type": media_type,
            "changed_at": kst_iso(self.report.at),
            **more,
        }
        self.report.written += 1
        self.report.bytes += len(body)

    def keep(self, path: str) -> None:
        """Leave a file as it is."""
        self.after[path] = self.before[path]
        self.report.unchanged += 1

    def clear(self) -> None:
        """Take away what an earlier pass wrote and this one has not."""
        for path in self.before.keys() - self.after.keys():
            self.target.remove(path)
            self.report.removed += 1


def publish(context: Context, address: str) -> Published:
    """Bring a folder or an address up to date with the store.

    All answers are of one version of the store; a folder's files change once all are ready, the
    manifest last. Raises `AqError`; what stands there is then the earlier pass, unless the words
    of the error say what is not.
    """
    with opened(address) as target, uncollected():
        manifest = _manifest(target, address)
        now = context.clock.minute()
        report = Published(at=now, note=None if context.settings.server.public_url else NOT_KNOWN)
        doing = _Pass(target, manifest.get("files", {}), report)
        _whole_days(context, doing, manifest)
        made, version = _answers(context)
        for entry, body in made:
            doing.put(entry.path, body, entry.media_type)
        report.version, report.hour = version, MOMENTS.of(context).hour
        report.files = len(doing.after)
        content = _content(context, doing)
        doing.clear()
        target.write(MANIFEST, content, "application/json")
        target.finish()
        return report


def published_version(address: str) -> tuple[int, datetime | None]:
    """The store version of a published folder, and when it was made; -1 where there is none."""
    with opened(address) as target:
        manifest = _manifest(target, address)
    made = manifest.get("as_of")
    return manifest.get("version", -1), datetime.fromisoformat(made) if made else None


def renew(context: Context, address: str) -> Published:
    """`publish` where the store has changed since, or values may have grown late."""
    version, made = published_version(address)
    if version > context.store.version():  # by a process whose standby is not so late
        context = replace(context, store=context.store.primary)
    now = context.clock.now()
    if version == context.store.version() and made and made <= now < made + AT_LEAST_EVERY:
        return Published(at=now, version=version)
    return publish(context, address)


def failed(context: Context, error: AqError) -> Published:
    """The report of a pass that an error ended."""
    words = {"reason": "not_published", "message": str(error)}
    return Published(at=context.clock.now(), error=words)


def _manifest(target: Target, address: str) -> dict[str, Any]:
    content = target.read(MANIFEST)
    if content is None:
        return {}
    try:
        manifest: dict[str, Any] = json.loads(content)
        if manifest["format"] != FORMAT:
            raise AqError(f"{address} was published by another release; publish to a new folder")
    except (ValueError, KeyError, TypeError):
        raise AqError(
            f"{address}/{MANIFEST} is none of a published folder: name an empty one, or remove it"
        ) from None
    return manifest


def _whole_days(context: Context, doing: _Pass, manifest: dict[str, Any]) -> None:
    """Years of the history, and calendars: files whose days or hours are others than before, or
    that were made by other standards or for another site."""
    now, version = doing.report.at, context.store.version()
    known = manifest.get("history_version", -1)
    doing.history_version = version
    same = manifest.get("recipe") == history.recipe(context) and known <= version
    newest = floor_hour(day_bounds(kst_day(now))[0])
    changed = changed_since(context, known, newest) if same else None
    for file in (*history.year_files(context, now), *calendars(context)):
        kept = doing.before.get(file.path, {})
        stands = kept.get("days") == file.days and not file.touched(changed)
        if same and stands and doing.target.size(file.path) == kept["bytes"]:
            doing.keep(file.path)
        else:
            doing.put(file.path, file.make(), file.media_type, days=file.days)


def _answers(context: Context) -> tuple[list[tuple[Entry, bytes]], int]:
    """All answers, of one version of the store as far as writers let it."""
    for _ in range(TRIES):
        version = context.store.version()
        site = published_site(context.settings)
        made = [(entry, entry.make()) for entry in entries(context, site)]
        if context.store.version() == version:
            break
    return made, version


def _content(context: Context, doing: _Pass) -> bytes:
    report = doing.report
    manifest = {
        "format": FORMAT,
        "as_of": kst_iso(report.at),
        "hour": kst_iso(report.hour) if report.hour else None,
        "current_until": _until(context, report.hour),
        "version": report.version,
        "simulated": context.store.simulated(),
        "software": f"aq {__version__}",
        "history_version": doing.history_version,
        "recipe": history.recipe(context),
        "files": dict(sorted(doing.after.items())),
    }
    return json.dumps(manifest, ensure_ascii=False, indent=1).encode()


def _until(context: Context, hour: datetime | None) -> str | None:
    """Until when the values may be shown as current."""
    hours = timedelta(hours=context.settings.display.hide_after_hours)
    return kst_iso(hour + hours) if hour else None

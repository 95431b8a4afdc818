"""The manifest beside an exported file: what was asked, of which state, and whose data it is."""

import json
from collections.abc import Mapping
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from aq import __version__
from aq.context import Context
from aq.domain.clock import kst_iso
from aq.domain.errors import InputError
from aq.domain.standards import Standard
from aq.export.about import rounding, units
from aq.export.columns import ZONE, Column
from aq.export.files import digest_of
from aq.export.pipeline import Tally
from aq.export.query import ExportQuestion
from aq.export.vocabulary import vocabulary
from aq.feeds.registry import EVERY
from aq.paths import config_file
from aq.store.reads import committed_at

FORM = 1
# Their releases decide the bytes of these formats.
_MAKERS = {"parquet": "pyarrow", "xlsx": "xlsxwriter"}


def manifest_path(path: Path) -> Path:
    """Where the manifest of a file stands by default."""
    return path.with_name(f"{path.name}.manifest.json")


def manifest(
    context: Context,
    question: ExportQuestion,
    tally: Tally,
    digest: str,
    size: int,
    name: str | None,
) -> dict[str, Any]:
    """What to say of a file, in JSON's types."""
    return {
        "manifest": FORM,
        "file": name,
        "question": question.as_dict(),
        "as_of": as_of(context, question.version),
        "rows": tally.rows,
        "min_time": tally.first,
        "max_time": tally.last,
        "bytes": size,
        "sha256": digest,
        "zone": ZONE,
        "schema": [_column(column) for column in question.columns],
        "units": units(question),
        "vocabulary": vocabulary(units(question)),
        "standards": [_standard(standard) for standard in question.standards],
        "feeds": [_feed(name) for name in question.selection.feeds],
        "simulated": context.store.simulated(),
        "software": software(question.format),
    }


def software(form: str) -> dict[str, str]:
    """Releases of this program and of the library that writes a format."""
    maker = _MAKERS.get(form)
    return {"aq": __version__, **({maker: installed(maker)} if maker else {})}


def as_of(context: Context, version: int) -> dict[str, Any]:
    """A store version and when it was committed."""
    with context.store.read() as connection:
        moment = committed_at(connection, version)
    return {"version": version, "committed_at": kst_iso(moment) if moment else None}


def _column(column: Column) -> dict[str, Any]:
    return {"name": column.name, "type": column.kind, "about": column.about}


def _standard(standard: Standard) -> dict[str, Any]:
    path = config_file(f"standards/{standard.id}.toml")
    return {
        "id": standard.id,
        "version": standard.version,
        "file": f"standards/{path.name}",
        "hash": standard.hash,
        "file_sha256": digest_of(path) if path.exists() else None,
        "rounding": rounding(standard, tuple(standard.pollutants)),
        "sources": [f"{it.what}, {it.where}, read {it.read}" for it in standard.sources],
    }


def _feed(name: str) -> dict[str, Any]:
    info = EVERY[name]
    return {
        "feed": name,
        "title": info.title,
        "kind": info.kind,
        "status": info.status,
        "licence": info.licence,
        "attribution": info.attribution,
        "link": info.link,
        "resolution": info.resolution,
    }


def manifest_bytes(content: Mapping[str, Any]) -> bytes:
    """A manifest as it is written."""
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def read_manifest(path: Path) -> dict[str, Any]:
    """A manifest that was written by `manifest`; raises `InputError` for anything else."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: no manifest can be read: {error.strerror}", "manifest") from None
    except (ValueError, RecursionError):
        raise InputError(f"{path}: not readable as JSON; not a manifest", "manifest") from None
    if not isinstance(content, dict) or content.get("manifest") != FORM:
        raise InputError(f"{path}: not a manifest of this program's form {FORM}", "manifest")
    return content

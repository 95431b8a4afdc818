"""A zip that explains itself: tables, the manifest of each, and Frictionless' datapackage.json.

Data Package version 2 (datapackage.org/standard): tools that know it read the tables with their
types, and people read in the same file what each column says, in English and Korean.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from aq.context import Context
from aq.domain.errors import InputError
from aq.export.about import units
from aq.export.columns import (
    BOOLEAN,
    DAY,
    INSTANT,
    INTEGER,
    NUMBER,
    READINGS,
    TEXT,
    TIME,
    ZONE_LEVEL,
    Column,
)
from aq.export.files import Digest
from aq.export.manifest import manifest, manifest_bytes, manifest_path
from aq.export.pipeline import MEDIA_TYPES, Progress, Tally, answer
from aq.export.query import ExportQuestion
from aq.export.vocabulary import LICENCES, POLLUTANTS, UCUM
from aq.i18n import text_in

DESCRIPTOR = "datapackage.json"
PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
# What a zip's tables are called, whatever the zip is, so that the same question has the same bytes.
NAME = "air"
PACKAGED = ("csv", "parquet")
TITLE = "Air quality of South Korea's 17 provinces"
# A member of a zip has a time; the clock's would make other bytes of the same answer.
TIME_OF_MEMBERS = (1980, 1, 1, 0, 0, 0)
TYPES = {
    TEXT: "string",
    NUMBER: "number",
    INTEGER: "integer",
    BOOLEAN: "boolean",
    DAY: "date",
    INSTANT: "datetime",
}
OF_GRAIN = {"hour": "datetime", "day": "date", "month": "yearmonth", "year": "year"}
# What is told of one row and no other: by province every cell of these is there.
KEY = ("code", "pollutant", "at")
STATION_KEY = ("code", "station", "station_code", "network", "pollutant", "at")
ZONE_KEY = ("zone_id", "pollutant", "at")


@dataclass(frozen=True, slots=True)
class Table:
    """A file with the question it answers and its manifest."""

    question: ExportQuestion
    manifest: Mapping[str, Any]


def datapackage(tables: Sequence[Table], *, name: str) -> dict[str, Any]:
    """The descriptor of some files beside it, in JSON's types; the file of each is the one that
    its manifest names."""
    feeds = {feed["feed"]: feed for table in tables for feed in table.manifest["feeds"]}
    committed = [table.manifest["as_of"]["committed_at"] for table in tables]
    simulated = any(table.manifest["simulated"] for table in tables)
    return {
        "$schema": PROFILE,
        "name": name,
        "title": f"{TITLE} (SIMULATED)" if simulated else TITLE,
        "keywords": ["air quality", "South Korea", "대기질"],
        **({"created": max(filter(None, committed))} if any(committed) else {}),
        "sources": [
            {"title": feed["attribution"], **({"path": feed["link"]} if feed["link"] else {})}
            for feed in feeds.values()
        ],
        "licenses": [
            _licence(words) for words in dict.fromkeys(feed["licence"] for feed in feeds.values())
        ],
        "simulated": simulated,
        "resources": [_resource(table) for table in tables],
    }


def _licence(words: str) -> dict[str, str]:
    name, path = LICENCES[words]
    return {**({"name": name} if name else {}), "path": path, "title": words}


def _resource(table: Table) -> dict[str, Any]:
    question, told = table.question, table.manifest
    dialect = {"dialect": {"header": True, "delimiter": ","}} if question.format == "csv" else {}
    return {
        "name": Path(told["file"]).stem.lower(),
        "type": "table",
        "path": told["file"],
        "format": question.format,
        "mediatype": MEDIA_TYPES[question.format].split(";")[0],
        "encoding": "utf-8",
        "bytes": told["bytes"],
        "hash": f"sha256:{told['sha256']}",
        "rows": told["rows"],
        **dialect,
        "schema": schema(question),
    }


def schema(question: ExportQuestion) -> dict[str, Any]:
    """The Table Schema of an answer's columns, with its key where all of it is among them."""
    names = [column.name for column in question.columns]
    key = ZONE_KEY if question.level == ZONE_LEVEL else KEY
    keys: dict[str, Any] = {}
    if question.level == "station":
        # A station that upstream gives no code has null there, which a primary key may not have.
        if set(STATION_KEY) <= set(names):
            keys = {"uniqueKeys": [list(STATION_KEY)]}
    elif question.kind in (READINGS, ZONE_LEVEL) and set(key) <= set(names):
        keys = {"primaryKey": list(key)}
    return {
        "fields": [_field(question, column) for column in question.columns],
        "missingValues": [""],
        **keys,
    }


def _field(question: ExportQuestion, column: Column) -> dict[str, Any]:
    kind = OF_GRAIN[question.grain] if column.kind == TIME else TYPES[column.kind]
    return {
        "name": column.name,
        "type": kind,
        "description": column.described(text_in("en")),
        "description_ko": column.described(text_in("ko")),
        **(_unit(question) if "`unit`" in column.message else {}),
        **({"unit": "1"} if column.name == "coverage" else {}),
        **({"unit": "h"} if column.name.rpartition(".")[2].startswith("hours") else {}),
    }


def _unit(question: ExportQuestion) -> dict[str, Any]:
    """The unit in UCUM and the CF standard name; by pollutant where rows are of several."""
    by_key = {key: UCUM[unit] for key, unit in units(question).items()}
    names = {key: POLLUTANTS[key][0] for key in by_key}
    one_unit = len(set(by_key.values())) == 1
    return {
        **({"unit": next(iter(by_key.values()))} if one_unit else {"units": by_key}),
        **(
            {"standard_name": next(iter(names.values()))}
            if len(names) == 1
            else {"standard_names": names}
        ),
    }


class _Sink:
    """What a zip writes, taken away as it comes: it cannot be gone back in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Keep a piece until it is taken."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def take(self) -> bytes:
        """All there is since it was last asked."""
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def package_bytes(
    context: Context,
    questions: Sequence[ExportQuestion],
    written: list[Table],
    progress: Progress = lambda _share: None,
) -> Iterator[bytes]:
    """The zip of some questions' answers, of one store version, in pieces; the tables are added to
    `written` as they are finished."""
    sink = _Sink()
    with ZipFile(sink, "w") as archive:  # type: ignore[call-overload] # what it needs of a file
        for number, question in enumerate(questions):
            grain = f"-{question.grain}" if len(questions) > 1 else ""
            name, tally, digest = f"{NAME}{grain}.{question.format}", Tally(), Digest()

            def done(share: float, before: int = number) -> None:
                progress((before + share) / len(questions))

            with archive.open(_member(name), "w", force_zip64=True) as member:
                for piece in answer(context.store, question, tally, done):
                    member.write(piece)
                    digest.update(piece)
                    yield sink.take()
            told = manifest(context, question, tally, digest.hex, digest.size, name)
            archive.writestr(_member(manifest_path(Path(name)).name), manifest_bytes(told))
            written.append(Table(question, told))
        described = datapackage(written, name=NAME)
        archive.writestr(_member(DESCRIPTOR), manifest_bytes(described))
    yield sink.take()


def _member(name: str) -> ZipInfo:
    info = ZipInfo(name, TIME_OF_MEMBERS)
    # Parquet is compressed already.
    info.compress_type = ZIP_STORED if name.endswith(".parquet") else ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def check_packaged(questions: Sequence[ExportQuestion]) -> None:
    """Raises `InputError` for a format that is not packaged."""
    for question in questions:
        if question.format not in PACKAGED:
            raise InputError(f"a zip holds {' or '.join(PACKAGED)}", "format")


def unpacked(file: Path, folder: Path) -> list[Path]:
    """The tables of a zip, written to a folder with their manifests.

    Raises `InputError` for a zip that was not made here.
    """
    with ZipFile(file) as archive:
        names = archive.namelist()
        manifests = [name for name in names if name.endswith(".manifest.json")]
        if not manifests or DESCRIPTOR not in names or any("/" in name for name in names):
            raise InputError(f"{file} holds no exported tables with their manifests", "file")
        archive.extractall(folder)
    return [folder / name.removesuffix(".manifest.json") for name in manifests]

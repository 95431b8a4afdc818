"""The one way from a question to bytes: command, route and page all come here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby, islice
from operator import itemgetter

from aq.export import notices as official
from aq.export import zones
from aq.export.columns import READINGS, ZONE_LEVEL
from aq.export.csv_json import csv_bytes, json_bytes, jsonl_bytes
from aq.export.hours import hour_pieces
from aq.export.periods import pooled_pieces
from aq.export.query import ExportQuestion
from aq.export.reader import Cells, Part, Piece, Reader, reading
from aq.store import Store, resumed

# Rows by which the size of a long answer is judged.
MEASURED_ROWS = 2000
Progress = Callable[[float], None]
_TEXT = {"csv": csv_bytes, "json": json_bytes, "jsonl": jsonl_bytes}
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "jsonl": "application/x-ndjson; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(slots=True)
class Tally:
    """What an answer held, counted while it was made."""

    rows: int = 0
    first: str | None = None
    last: str | None = None


def answer(
    store: Store, question: ExportQuestion, tally: Tally, progress: Progress = lambda _share: None
) -> Iterator[bytes]:
    """The bytes of an answer in pieces. `progress` is called with the share done, 0 to 1."""

    def made() -> Iterator[bytes]:
        tally.rows, tally.first, tally.last = 0, None, None
        with reading(store, question) as reader:
            yield from _written(question, _pieces(reader, tally, progress))

    return resumed(made)


def estimate(store: Store, question: ExportQuestion) -> int:
    """The most rows the answer can have, from the hours and places the store knows."""
    with reading(store, question) as reader:
        return _most(reader)


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of an answer and how large all of it is.

    `estimate` are its rows, `size` its bytes: exact where it is `whole`, else at most that many
    rows and about that size.
    """

    columns: tuple[str, ...]
    rows: list[Cells]
    estimate: int
    size: int
    whole: bool


def sample(store: Store, question: ExportQuestion, count: int) -> Sample:
    """The first `count` rows of an answer, and its size by that of its first thousands."""
    measured: list[Piece] = []
    seen = 0
    with reading(store, question) as reader:
        if question.grain == "hour":
            # No more hours than the rows that are measured.
            step = 1 + MEASURED_ROWS // max(1, len(reader.places) * len(question.keys))
        else:
            step = reader.step
        for piece in _pieces(replace(reader, step=step), Tally(), lambda _share: None):
            measured.append(piece.rows_from(0, MEASURED_ROWS - seen))
            seen += len(piece)
            if seen >= MEASURED_ROWS:
                break
        whole = seen < MEASURED_ROWS
        estimate = seen if whole else _most(reader)
    size = sum(len(piece) for piece in _written(question, iter(measured)))
    if not whole:
        size = round(size * estimate / MEASURED_ROWS)
    names = tuple(column.name for column in question.columns)
    rows = islice((row for piece in measured for row in piece.rows()), count)
    return Sample(names, list(rows), estimate, size, whole)


def _written(question: ExportQuestion, pieces: Iterator[Piece]) -> Iterator[bytes]:
    """Rows in the format asked for."""
    if question.format in _TEXT:
        return _TEXT[question.format](question, pieces)
    # Loaded only for these formats.
    from aq.export.parquet_xlsx import parquet_bytes, xlsx_bytes  # noqa: PLC0415

    return (parquet_bytes if question.format == "parquet" else xlsx_bytes)(question, pieces)


def _pieces(reader: Reader, tally: Tally, progress: Progress) -> Iterator[Piece]:
    for piece in _all_columns(reader):
        progress(piece.share)
        if piece:
            tally.rows += len(piece)
            tally.first = tally.first or piece.first
            tally.last = piece.last
            yield _picked(reader.question, piece)


def _all_columns(reader: Reader) -> Iterator[Piece]:
    if reader.question.kind == ZONE_LEVEL:
        return zones.pieces(reader)
    if reader.question.kind != READINGS:
        return official.pieces(reader)
    return hour_pieces(reader) if reader.question.grain == "hour" else pooled_pieces(reader)


def _most(reader: Reader) -> int:
    """The most rows there can be."""
    if reader.question.kind == ZONE_LEVEL:
        return zones.most_rows(reader)
    return reader.hourly_rows if reader.question.kind == READINGS else official.most_rows(reader)


def _picked(question: ExportQuestion, piece: Piece) -> Piece:
    """The columns asked for; neighbours of one part stay together."""
    if question.columns == question.all_columns:
        return piece
    owners = [(part, place) for part in piece.parts for place in range(part.width)]
    wanted = [owners[question.all_columns.index(column)] for column in question.columns]
    parts = []
    for part, some in groupby(wanted, itemgetter(0)):
        places = [place for _, place in some]
        cells = [tuple([cell[place] for place in places]) for cell in part.cells]
        parts.append(Part(cells, part.which))
    return replace(piece, parts=tuple(parts))

"""The one way from a question to bytes: command, route and page all come here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aq.export import official
from aq.export.columns import READINGS
from aq.export.hours import hour_moments
from aq.export.pooled import pooled_moments
from aq.export.question import Question
from aq.export.source import Cells, Moment, Reader, Row, flat, reading
from aq.export.text import csv_bytes, json_bytes, jsonl_bytes
from aq.store import Store

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
    store: Store, asked: Question, tally: Tally, progress: Progress = lambda _share: None
) -> Iterator[bytes]:
    """The bytes of an answer in pieces. `progress` is called with the share done, 0 to 1."""
    with reading(store, asked) as reader:
        yield from _written(asked, _pieces(reader, tally, progress))


def estimate(store: Store, asked: Question) -> int:
    """The most rows the answer can have, from the hours and places the store knows."""
    with reading(store, asked) as reader:
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


def sample(store: Store, asked: Question, count: int) -> Sample:
    """The first `count` rows of an answer, and its size by that of its first thousands."""
    measured: list[Row] = []
    whole = True
    with reading(store, asked) as reader:
        for rows in _pieces(reader, Tally(), lambda _share: None):
            measured += rows
            if len(measured) >= MEASURED_ROWS:
                whole = False
                break
        estimate = len(measured) if whole else _most(reader)
    size = sum(len(piece) for piece in _written(asked, iter([measured])))
    if not whole:
        size = round(size * estimate / len(measured))
    names = tuple(one.name for one in asked.columns)
    return Sample(names, [flat(row) for row in measured[:count]], estimate, size, whole)


def _written(asked: Question, pieces: Iterator[list[Row]]) -> Iterator[bytes]:
    """Rows in the format asked for."""
    if asked.format in _TEXT:
        return _TEXT[asked.format](asked, pieces)
    # Loaded only for these formats.
    from aq.export.binary import parquet_bytes, xlsx_bytes  # noqa: PLC0415

    return (parquet_bytes if asked.format == "parquet" else xlsx_bytes)(asked, pieces)


def _pieces(reader: Reader, tally: Tally, progress: Progress) -> Iterator[list[Row]]:
    asked = reader.asked
    moments = _moments(reader)
    pick = _picker(asked)
    for moment in moments:
        progress(moment.share)
        if moment.rows:
            tally.rows += len(moment.rows)
            tally.first = tally.first or moment.at
            tally.last = moment.at
            yield [pick(row) for row in moment.rows] if pick else moment.rows


def _moments(reader: Reader) -> Iterator[Moment]:
    if reader.asked.kind != READINGS:
        return official.moments(reader)
    return hour_moments(reader) if reader.asked.grain == "hour" else pooled_moments(reader)


def _most(reader: Reader) -> int:
    """The most rows there can be."""
    return reader.hourly_rows if reader.asked.kind == READINGS else official.most_rows(reader)


def _picker(asked: Question) -> Callable[[Row], Row] | None:
    """The columns asked for, as rows of one part; None for all of them."""
    if asked.columns == asked.all_columns:
        return None
    places = [asked.all_columns.index(one) for one in asked.columns]

    def picked(row: Row) -> Row:
        cells = flat(row)
        return (tuple([cells[place] for place in places]),)

    return picked

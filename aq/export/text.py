"""CSV, JSON and JSON lines, as bytes in pieces."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from aq.export.columns import BOOLEAN, INTEGER, NUMBER, Column
from aq.export.question import Question
from aq.export.source import Row

Pieces = Iterable[list[Row]]
BOM = b"\xef\xbb\xbf"
# What a spreadsheet may take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FLAGS = {True: "true", False: "false", None: ""}


def csv_bytes(asked: Question, pieces: Pieces) -> Iterator[bytes]:
    """A header and a line per row; an empty cell is null."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    if asked.bom:
        yield BOM
    writer.writerow([one.name for one in asked.columns])
    foreign = [n for n, one in enumerate(asked.columns) if one.foreign]
    flags = [n for n, one in enumerate(asked.columns) if one.kind == BOOLEAN]
    for rows in pieces:
        for row in rows:
            cells = list(row)
            for n in foreign:
                cells[n] = harmless(cells[n])
            for n in flags:
                cells[n] = _FLAGS[cells[n]]
            writer.writerow(cells)
        yield _drained(out)
    yield _drained(out)


def _drained(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode()


@lru_cache(20_000)
def harmless(text: str | None) -> str | None:
    """Text that no spreadsheet takes for a formula: a leading apostrophe makes it text."""
    return f"'{text}" if text and text.startswith(FORMULA) else text


def jsonl_bytes(asked: Question, pieces: Pieces) -> Iterator[bytes]:
    """One object a line."""
    encode = _encoder(asked.columns)
    for rows in pieces:
        yield "".join([f"{encode(row)}\n" for row in rows]).encode()


def json_bytes(asked: Question, pieces: Pieces) -> Iterator[bytes]:
    """One document: the question, what the columns say, the items."""
    encode = _encoder(asked.columns)
    head = {
        "question": asked.as_dict(),
        "columns": {one.name: one.about for one in asked.columns},
    }
    text = json.dumps(head, ensure_ascii=False)
    yield f'{text[:-1]}, "items": ['.encode()
    first = True
    for rows in pieces:
        if rows:
            yield (("\n" if first else ",\n") + ",\n".join(map(encode, rows))).encode()
            first = False
    yield b"\n]}\n"


def _encoder(columns: tuple[Column, ...]) -> Callable[[Row], str]:
    """Numbers stand in JSON as their exact decimal text."""
    names = [f"{json.dumps(one.name)}: " for one in columns]
    ways = [_WAYS.get(one.kind, _quoted) for one in columns]

    def encode(row: Row) -> str:
        cells = [name + way(cell) for name, way, cell in zip(names, ways, row, strict=True)]
        return f"{{{', '.join(cells)}}}"

    return encode


@lru_cache(20_000)
def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)


def _bare(cell: Any) -> str:
    return "null" if cell is None else str(cell)


def _flag(cell: bool | None) -> str:
    return _FLAGS[cell] or "null"


_WAYS: dict[str, Callable[[Any], str]] = {NUMBER: _bare, INTEGER: _bare, BOOLEAN: _flag}

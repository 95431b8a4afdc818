"""CSV, JSON and JSON lines, as bytes in pieces."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from aq.export.columns import BOOLEAN, INTEGER, NUMBER, Column
from aq.export.question import Question
from aq.export.source import Cells, Row

Pieces = Iterable[list[Row]]
BOM = b"\xef\xbb\xbf"
# What a spreadsheet may take for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Texts of a kind of part that are remembered.
REMEMBERED = 20_000
_FLAGS = {True: "true", False: "false", None: ""}


def csv_bytes(asked: Question, pieces: Pieces) -> Iterator[bytes]:
    """A header and a line per row; an empty cell is null."""
    if asked.bom:
        yield BOM
    yield _csv_line([one.name for one in asked.columns]).encode()
    lines = csv_lines(asked.columns, _harmless_cells)
    for rows in pieces:
        yield lines(rows).encode()


def csv_lines(
    columns: tuple[Column, ...], cells: Callable[[tuple[Column, ...], Cells], Iterable[Any]]
) -> Callable[[list[Row]], str]:
    """A function from rows to lines; `cells` makes of a part's cells those that are printed."""

    def part(of: tuple[Column, ...], given: Cells) -> str:
        if len(of) == len(columns):
            return _csv_line(cells(of, given))[:-1]
        # A line of one empty cell is written as "", which none of several parts is.
        return _csv_line([*cells(of, given), None])[:-2]

    encode = _by_parts(columns, part, ",")
    return lambda rows: "".join([f"{encode(row)}\n" for row in rows])


def _csv_line(cells: Iterable[Any]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def plain_cells(columns: tuple[Column, ...], cells: Cells) -> Iterator[Any]:
    """The cells as they are, booleans in small letters."""
    return (
        _FLAGS[cell] if column.kind == BOOLEAN else cell
        for column, cell in zip(columns, cells, strict=True)
    )


def _harmless_cells(columns: tuple[Column, ...], cells: Cells) -> Iterator[Any]:
    for column, cell in zip(columns, plain_cells(columns, cells), strict=True):
        yield harmless(cell) if column.foreign else cell


def _by_parts(
    columns: tuple[Column, ...], encode: Callable[[tuple[Column, ...], Cells], str], between: str
) -> Callable[[Row], str]:
    """The text of a row, part by part.

    The parts of a long answer repeat (a place, a value with its grade, a source), so the text of
    each is remembered with the part itself, found again by its identity.
    """
    known: dict[int, tuple[Cells, str]] = {}

    def text_of(part: Cells, start: int) -> str:
        if len(known) >= REMEMBERED:
            known.clear()
        text = encode(columns[start : start + len(part)], part)
        known[id(part)] = part, text
        return text

    def row_text(row: Row) -> str:
        if len(row) == 1:
            return encode(columns, row[0])
        texts, start = [], 0
        for part in row:
            found = known.get(id(part))
            if found is not None and found[0] is part:
                texts.append(found[1])
            else:
                texts.append(text_of(part, start))
            start += len(part)
        return between.join(texts)

    return row_text


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

    def part(of: tuple[Column, ...], given: Cells) -> str:
        return ", ".join(
            f"{json.dumps(one.name)}: {_WAYS.get(one.kind, _quoted)(cell)}"
            for one, cell in zip(of, given, strict=True)
        )

    encode = _by_parts(columns, part, ", ")
    return lambda row: f"{{{encode(row)}}}"


def _quoted(text: str | None) -> str:
    return json.dumps(text, ensure_ascii=False)


def _bare(cell: Any) -> str:
    return "null" if cell is None else str(cell)


def _flag(cell: bool | None) -> str:
    return _FLAGS[cell] or "null"


_WAYS: dict[str, Callable[[Any], str]] = {NUMBER: _bare, INTEGER: _bare, BOOLEAN: _flag}

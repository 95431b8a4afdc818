"""Confirmed data as text: its encoding, its separator, its rows; streamed, never held whole."""

import codecs
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, TextIO

from aq.feeds.confirmed.containers import refusal
from aq.feeds.confirmed.header import EXPECTED, MOST_OF_TITLE
from aq.feeds.confirmed.rows import BadRow, Row

_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# In this order: UTF-8 refuses nearly every CP949 text, CP949 accepts many UTF-8 ones.
_WITHOUT_BOM = ("utf-8", "cp949")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextForm:
    """How a text is to be read: its encoding, its separator, its number of lines."""

    encoding: str
    delimiter: str
    lines: int


def detect(opener: Callable[[], IO[bytes]], where: str) -> TextForm:
    """Find the form of a text by reading it through once, strictly.

    Raises `InputError` for an empty file, for bytes that are no text, and for a text that is
    neither UTF-8 (with or without BOM), UTF-16 with BOM, nor CP949.
    """
    with opener() as stream:
        start = stream.read(4)
    if not start:
        raise refusal(where, f"the file is empty; {EXPECTED}")
    marked = [encoding for bom, encoding in _BOMS if start.startswith(bom)]
    for encoding in marked or _WITHOUT_BOM:
        try:
            return _form(opener, encoding, where)
        except UnicodeDecodeError:
            continue
    tried = " nor ".join(marked or ("UTF-8", "CP949"))
    raise refusal(where, f"its bytes are neither {tried} text; save it as CSV in UTF-8; {EXPECTED}")


def _form(opener: Callable[[], IO[bytes]], encoding: str, where: str) -> TextForm:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines, head = 0, ""
    with opener() as stream:
        while chunk := stream.read(_CHUNK):
            text = decoder.decode(chunk)
            if "\0" in text:
                raise refusal(where, f"it is no text; {EXPECTED}")
            lines += text.count("\n")
            head = head or text.lstrip()[:4096]
        decoder.decode(b"", final=True)
    delimiter = max(",\t;", key=head.count)
    return TextForm(encoding=encoding, delimiter=delimiter, lines=lines)


def text_rows(text: TextIO, form: TextForm) -> Iterator[Row]:
    """(line, cells) of each row; lines that make no row come as `BadRow`.

    A quoted cell may hold line breaks. A quote left open would swallow the lines after it, so a
    row of several lines that has not the header's cells, or holds a line that looks like a row of
    its own, is given back as the number of lines it took.
    """
    reader = csv.reader(text, delimiter=form.delimiter)
    line = width = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield line + 1, BadRow(reader.line_num - line, str(error))
        else:
            if cells is None:
                return
            taken = reader.line_num - line
            if taken > 1 and _swallows(cells, width, form.delimiter):
                detail = f"a quote opened here closes {taken - 1} lines later; none of them is read"
                yield line + 1, BadRow(taken, detail)
            else:
                yield line + 1, cells
                width = width or (len(cells) if sum(map(bool, cells)) > MOST_OF_TITLE else 0)
        line = reader.line_num


def _swallows(cells: list[str], width: int, delimiter: str) -> bool:
    """Whether a row of several lines is one whose quote was left open."""
    if len(cells) != width and (width or len(cells) == 1):
        return True
    most = max(1, len(cells) // 2)
    inner = (part for cell in cells for part in cell.splitlines()[1:])
    return any(part.count(delimiter) >= most for part in inner)

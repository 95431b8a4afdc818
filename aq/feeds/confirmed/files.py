"""The `archive` feed: AirKorea's confirmed history files, from disk to readings, streamed."""

import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import IO

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    load_workbook,
)

from aq.domain.model import Answer, RowIssue
from aq.feeds.confirmed import ARCHIVE
from aq.feeds.confirmed.cells import EPOCH_1900, EPOCH_1904, is_blank, shown, text_of
from aq.feeds.confirmed.containers import (
    check_members,
    check_workbook,
    is_workbook,
    member_name,
    refusal,
    zip_errors,
)
from aq.feeds.confirmed.header import (
    EXPECTED,
    Columns,
    header_words,
    is_title,
    is_units,
    map_header,
)
from aq.feeds.confirmed.rows import BadRow, Hours, Row, RowParser
from aq.feeds.confirmed.text import TextForm, detect, text_rows

info = ARCHIVE

BATCH_ROWS = 20_000
_MOST_TITLES = 10
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"  # .xls, and any workbook with a password
_DATA_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls"})
_DATE_1904 = re.compile(rb"<workbookPr\b[^>]*\bdate1904\s*=\s*[\"'](?:1|true)")
_PACKED_SUFFIXES = frozenset({".zip", ".7z", ".rar", ".gz", ".tar", ".tgz", ".alz", ".egg"})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBatch:
    """Up to `BATCH_ROWS` rows of one table of a file.

    Attributes
    ----------
    hours : the station hours the rows give
    rows : rows read
    left_out, lost : rows that gave no hour by reason, and rows not read whole: `rows.Parsed`
    issues : what was not taken or not understood, with places like ``file:sheet:row``
    part : the table: ``file``, ``file:sheet`` or ``file/member:sheet``
    part_number, parts : which table of how many, from 1
    first_row, last_row : lines of the table this batch covers, 0 when it has no rows
    done, total : rows of the table read so far, and its rows where known (blank ones included)
    """

    hours: Hours
    rows: int
    left_out: Counter[str]
    lost: int
    issues: Sequence[RowIssue]
    part: str
    part_number: int
    parts: int
    first_row: int
    last_row: int
    done: int
    total: int | None

    @property
    def answer(self) -> Answer:
        """The same in the nouns of a feed, an object a row."""
        return _answer(self.hours, self.rows, self.issues)

    @property
    def share(self) -> float:
        """How much of the file is read, 0 to 1."""
        within = min(1.0, self.done / self.total) if self.total else 0.0
        return (self.part_number - 1 + within) / self.parts


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows of one table from its first, how many there are, and day 0 of a workbook's times."""

    rows: Iterator[Row]
    total: int
    epoch: date | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """A table that can be opened any number of times."""

    where: str
    open: Callable[[], AbstractContextManager[_Table]]


def read(path: Path, now: datetime) -> Iterator[FileBatch]:
    """Read a confirmed file (xlsx, xls, csv, or a zip of them) as batches.

    Every table's header is looked at before the first batch is given, so that a file that cannot
    be taken changes nothing. Single bad rows become issues and the rest is read.

    Raises
    ------
    InputError : the file, a member or a header cannot be read; says which and what is expected
    """
    with ExitStack() as stack:
        parts, skipped = _parts(path, stack)
        if len(parts) > 1:
            parts, empty = _checked(parts)
            skipped += empty
        for number, part in enumerate(parts, 1):
            with part.open() as table:
                yield from _batches(part, table, now, (number, len(parts)), skipped)
            skipped = []


def tables(path: Path, stack: ExitStack) -> Iterator[tuple[str, Iterator[Row]]]:
    """(place, numbered rows) of every table of a file, whatever it holds; opened by `stack`.

    Raises `InputError` for a file that cannot be read.
    """
    for part in _parts(path, stack)[0]:
        yield part.where, stack.enter_context(part.open()).rows


def parse_rows(
    header: Sequence[Hashable],
    rows: Iterable[tuple[int, Sequence[Hashable]]],
    where: str,
    now: datetime,
) -> Answer:
    """The answer of one whole table: `header` cells and numbered `rows`. Pure.

    `where` (``file:sheet``) begins the place of every issue. Raises `InputError` for a header that
    is not one of confirmed hourly station data.
    """
    numbered = iter(rows)
    first = next(numbered, None)
    columns = map_header(header, where, first[1] if first else None)
    parser = RowParser(columns, where, now)
    found = parser.parse(chain([first] if first else [], numbered))
    return _answer(found.hours, found.rows, (*parser.header_issues(), *found.issues))


def _answer(hours: Hours, rows: int, issues: Sequence[RowIssue]) -> Answer:
    named = [hours.stations[number] for number in sorted(set(hours.station.tolist()))]
    return Answer(rows=rows, readings=hours.readings(), stations=tuple(named), issues=tuple(issues))


def _checked(parts: Sequence[_Part]) -> tuple[list[_Part], list[RowIssue]]:
    """The tables that hold anything, their headers checked, and an issue for each that does not.

    A spare empty sheet is common; a file of nothing else is refused.
    """
    filled: list[_Part] = []
    for part in parts:
        with part.open() as table:
            if _header(table, part.where):
                filled.append(part)
    if not filled:
        raise refusal(parts[0].where, f"nothing stands in it; {EXPECTED}")
    return filled, [
        RowIssue(kind="empty_sheet", where=part.where) for part in parts if part not in filled
    ]


@dataclass(frozen=True, slots=True)
class _Head:
    """The columns of a table, its first row of data, and the lines beside its header."""

    columns: Columns
    first: Row | None
    beside: Sequence[RowIssue]


def _header(table: _Table, where: str) -> _Head | None:
    """The columns by the first row that is neither blank nor a title; None without any row."""
    filled = (row for row in table.rows if isinstance(row[1], BadRow) or not is_blank(row[1]))
    beside: list[RowIssue] = []
    header = next(filled, None)
    if header is None:
        return None
    title = header
    while header and len(beside) < _MOST_TITLES and not isinstance(header[1], BadRow):
        if not is_title(header[1], where):
            break
        beside.append(_beside(header, where))
        header = next(filled, None)
    if header is None or not (isinstance(header[1], BadRow) or header_words(header[1], {})):
        header = title
    if isinstance(header[1], BadRow):
        raise refusal(where, f"its header cannot be read ({header[1].detail}); {EXPECTED}")
    first = next(filled, None)
    columns = map_header(header[1], where, _cells(first))
    if first and not isinstance(first[1], BadRow) and is_units(first[1], columns, where):
        beside.append(_beside(first, where))
        first = next(filled, None)
        columns = map_header(header[1], where, _cells(first))
    return _Head(columns, first, beside)


def _cells(row: Row | None) -> Sequence[Hashable] | None:
    return None if row is None or isinstance(row[1], BadRow) else row[1]


def _beside(row: Row, where: str) -> RowIssue:
    """A line of titles or units, which is told and holds no hour."""
    text = " ".join(text_of(cell) for cell in _cells(row) or () if text_of(cell))
    return RowIssue(kind="title_line", where=f"{where}:{row[0]}", detail=shown(text))


def _batches(
    part: _Part, table: _Table, now: datetime, place: tuple[int, int], skipped: Sequence[RowIssue]
) -> Iterator[FileBatch]:
    """The batches of one table; one without rows still gives a batch that says so."""
    head = _header(table, part.where)
    if head is None:
        raise refusal(part.where, f"nothing stands in it; {EXPECTED}")
    columns, first = head.columns, head.first
    parser = RowParser(columns, part.where, now, table.epoch)
    before = [*skipped, *head.beside, *parser.header_issues()]
    if first is None:
        before.append(RowIssue(kind="no_rows", where=part.where, detail="a header and no rows"))
    rows = chain([first] if first else [], table.rows)
    done = 0
    while (chunk := list(islice(rows, BATCH_ROWS))) or before:
        if not done:
            _refuse_days(chunk, columns, part.where)
        parsed = parser.parse(chunk)
        done += len(chunk)
        yield FileBatch(
            hours=parsed.hours,
            rows=parsed.rows,
            left_out=parsed.left_out,
            lost=parsed.lost,
            issues=(*before, *parsed.issues),
            part=part.where,
            part_number=place[0],
            parts=place[1],
            first_row=chunk[0][0] if chunk else 0,
            last_row=chunk[-1][0] if chunk else 0,
            done=done,
            total=table.total,
        )
        before = []


def _refuse_days(rows: Sequence[Row], columns: Columns, where: str) -> None:
    """Refuse a table whose every time is a date cell: one such cell is midnight, all are days."""
    cells = [
        row[columns.hour]
        for _, row in rows
        if not isinstance(row, BadRow) and len(row) > columns.hour and not is_blank(row)
    ]
    if len(set(cells)) > 1 and all(type(cell) is date for cell in cells):
        raise refusal(
            where,
            "seems to hold daily means of stations, because its times are days without an hour; "
            "days are computed here from hours and are not imported",
        )


def _parts(path: Path, stack: ExitStack) -> tuple[list[_Part], list[RowIssue]]:
    """The tables of a file and what in it is not one; everything opened is left to `stack`."""
    where = path.name
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise refusal(str(path), f"cannot be read: {error.strerror}") from None
    if start == _OLE_MAGIC:
        return _sheets(stack.enter_context(path.open("rb")), where, stack), []
    if start not in _ZIP_MAGIC:
        return [_text_part(lambda: path.open("rb"), where)], []
    file = stack.enter_context(path.open("rb"))
    with zip_errors(where):
        archive = stack.enter_context(zipfile.ZipFile(file))
    if is_workbook(archive):
        return _sheets(file, where, stack), []
    check_members(archive, where)
    return _members(archive, where, stack)


def _text_part(opener: Callable[[], IO[bytes]], where: str) -> _Part:
    return _Part(where, partial(_open_text, opener, detect(opener, where)))


@contextmanager
def _open_text(opener: Callable[[], IO[bytes]], form: TextForm) -> Iterator[_Table]:
    with opener() as stream, TextIOWrapper(stream, form.encoding, newline="") as text:
        yield _Table(text_rows(text, form), max(form.lines - 1, 0))


def _members(
    archive: zipfile.ZipFile, where: str, stack: ExitStack
) -> tuple[list[_Part], list[RowIssue]]:
    """The tables in a zip. Members are read in place; their names are only ever printed."""
    parts: list[_Part] = []
    skipped: list[RowIssue] = []
    for member in archive.infolist():
        name = PurePosixPath(member.filename)
        place = f"{where}/{member_name(member)}"
        if member.is_dir() or "__MACOSX" in name.parts or name.name.startswith("."):
            continue
        if name.suffix.lower() in _PACKED_SUFFIXES:
            raise refusal(place, "a packed file inside a packed file; unpack it and import that")
        if name.suffix.lower() not in _DATA_SUFFIXES:
            skipped.append(RowIssue(kind="unknown_member", where=place, detail="not xlsx or csv"))
            continue
        with zip_errors(place):
            parts += _member_parts(archive, member, place, stack)
    if not parts:
        raise refusal(where, f"nothing in it is xlsx or csv; {EXPECTED}")
    return parts, skipped


def _member_parts(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str, stack: ExitStack
) -> list[_Part]:
    with archive.open(member) as stream:
        start = stream.read(4)
        if start not in _ZIP_MAGIC and start != _OLE_MAGIC:
            return [_text_part(partial(archive.open, member), where)]
        file = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack closes it
        file.write(start)
        copyfileobj(stream, file)
    file.seek(0)
    if start in _ZIP_MAGIC:
        with zipfile.ZipFile(file) as inner:
            if not is_workbook(inner):
                problem = "a packed file inside a packed file; unpack it and import that"
                raise refusal(where, problem)
    return _sheets(file, where, stack)


def _sheets(file: IO[bytes], where: str, stack: ExitStack) -> list[_Part]:
    """The sheets of a workbook, after its members were checked."""
    epoch = _epoch(file, where)
    file.seek(0)
    try:
        workbook = load_workbook(file)
    except PasswordError:
        raise refusal(where, "protected by a password; save it without one") from None
    except CalamineError as error:
        raise refusal(where, f"not a workbook that can be read ({error}); {EXPECTED}") from None
    stack.callback(workbook.close)
    parts = [
        _Part(f"{where}:{sheet.name}", partial(_open_sheet, workbook, sheet.name, where, epoch))
        for sheet in workbook.sheets_metadata
        if sheet.typ == SheetTypeEnum.WorkSheet
    ]
    if not parts:
        raise refusal(where, f"no sheet in it; {EXPECTED}")
    return parts


def _epoch(file: IO[bytes], where: str) -> date | None:
    """Day 0 of a checked workbook's times; None for an .xls, of which it is not read."""
    if file.read(4) == _OLE_MAGIC:
        return None
    check_workbook(file, where)
    with zip_errors(where), zipfile.ZipFile(file) as archive:
        return EPOCH_1904 if _DATE_1904.search(archive.read("xl/workbook.xml")) else EPOCH_1900


@contextmanager
def _open_sheet(
    workbook: CalamineWorkbook, name: str, where: str, epoch: date | None
) -> Iterator[_Table]:
    try:
        sheet = workbook.get_sheet_by_name(name)
    except CalamineError as error:
        raise refusal(f"{where}:{name}", f"the sheet cannot be read ({error})") from None
    yield _Table(enumerate(sheet.iter_rows(), 1), max(sheet.height - 1, 0), epoch)

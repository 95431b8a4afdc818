"""Zip containers, workbooks included: how far they may unfold, and no member taken at its word."""

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from aq.domain.errors import InputError

# A national month is 270 MB of sheet XML in 27 MB, and 18-fold with 550,000 blank rows (2024).
MAX_UNPACKED = 2 << 30  # bytes, all members together
MAX_RATIO = 200  # unpacked to packed, of one member
RATIO_FROM = 1 << 20  # bytes unpacked below which the ratio says nothing
MAX_MEMBERS = 1000
_CHUNK = 1 << 20

# The workbook reader makes a full table of all cells between the first and the last one. A lone
# cell at XFD1048576 would be one of 17 billion, so cells beyond column Z are refused unread.
# Blank cells (a tag that closes itself) take no part in it.
_FAR_CELL = tuple(
    re.compile(
        rb"%b(?:[A-Za-z]{2,3}\d+|[A-Za-z]\d{7,}|\d{7,})%b(?:[^>]{0,150}[^>/])?>" % (quote, quote)
    )
    for quote in (b'"', b"'")
)
_ADDRESS = re.compile(rb"([A-Za-z]*)(\d+)")
_LAST_ROW = 1_048_576
_OVERLAP = 200


def refusal(where: str, problem: str) -> InputError:
    """A file that cannot be taken; nothing of it was stored."""
    return InputError(f"{where}: {problem}", "file", code="bad_file")


@contextmanager
def zip_errors(where: str) -> Iterator[None]:
    """Translate what a broken or foreign zip raises into an `InputError` naming it."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, UnicodeDecodeError) as error:
        # OSError: a damaged directory points before the beginning of the file
        raise refusal(where, f"the file is damaged ({error}); fetch it again") from None
    except NotImplementedError as error:
        raise refusal(where, f"packed in a way that cannot be read ({error})") from None


def check_members(archive: zipfile.ZipFile, where: str) -> None:
    """Refuse a container that is encrypted or would unfold beyond the limits.

    The sizes are those the container declares; reading stops at them and checks the CRC, so one
    that lies is found damaged rather than unpacked.
    """
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise refusal(where, f"{len(members)} members; at most {MAX_MEMBERS} are read")
    if any(member.flag_bits & 0x1 for member in members):
        raise refusal(where, "protected by a password; save it without one")
    total = sum(member.file_size for member in members)
    if total > MAX_UNPACKED:
        raise refusal(where, f"unfolds to {total:,} bytes; at most {MAX_UNPACKED:,} are read")
    for member in members:
        if member.file_size > max(RATIO_FROM, MAX_RATIO * member.compress_size):
            raise refusal(
                where,
                f"the member {member_name(member)} unfolds more than {MAX_RATIO}-fold, as no real "
                "data do",
            )


def member_name(member: zipfile.ZipInfo) -> str:
    """A member's name for reports: Korean names packed on Korean Windows are CP949."""
    name = member.filename
    if not member.flag_bits & 0x800:
        try:
            name = name.encode("cp437").decode("cp949")
        except UnicodeError:
            name = member.filename
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Whether a zip is an xlsx workbook."""
    return "xl/workbook.xml" in archive.namelist()


def check_workbook(file: IO[bytes], where: str) -> None:
    """Read every member of a workbook once: limits, CRC, and no cell far outside the table."""
    with zip_errors(where), zipfile.ZipFile(file) as archive:
        check_members(archive, where)
        for member in archive.infolist():
            with archive.open(member) as stream:
                _scan(stream, where, member.filename.startswith("xl/worksheets/"))


def _scan(stream: IO[bytes], where: str, is_sheet: bool) -> None:
    tail = b""
    while chunk := stream.read(_CHUNK):
        if is_sheet:
            _refuse_far_cells(tail + chunk, where)
            tail = chunk[-_OVERLAP:]


def _refuse_far_cells(xml: bytes, where: str) -> None:
    for pattern in _FAR_CELL:
        for match in pattern.finditer(xml):
            address = _ADDRESS.search(match[0])
            if address is None or (len(address[1]) < 2 and int(address[2]) <= _LAST_ROW):
                continue
            raise refusal(
                where,
                f"something stands in cell {address[0].decode('ascii')}, far outside the 12 "
                "columns of confirmed data; remove it and save the workbook again",
            )

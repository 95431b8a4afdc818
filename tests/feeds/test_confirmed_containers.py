"""Confirmed files in zips and workbooks: members, bombs, damage."""

import io
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aq.domain.errors import InputError
from aq.feeds.confirmed import containers as archive_zip
from tests.archive_files import (
    collect,
    csv_text,
    kinds,
    readings,
    refused,
    row,
    workbook_bytes,
    zip_bytes,
    zipped,
)


def test_a_zip_gives_its_workbooks_and_texts_and_says_what_it_left(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "2024.zip",
        {
            "../../1월.csv": csv_text([row()]).encode("cp949"),
            "b/2.xlsx": workbook_bytes(row("2024100102")),
            "__MACOSX/._2.xlsx": b"x",
            "설명.hwp": b"x",
        },
    )
    before = set(tmp_path.parent.rglob("*"))
    batches = collect(path)
    assert [(b.part, b.part_number, b.parts) for b in batches] == [
        ("2024.zip/../../1월.csv", 1, 2),
        ("2024.zip/b/2.xlsx:a", 2, 2),
    ]
    assert kinds(batches) == {"unknown_member": 1, "empty_sheet": 1}
    assert sum(len(batch.answer.readings) for batch in batches) == 2
    assert set(tmp_path.parent.rglob("*")) == before


def test_one_bad_member_refuses_the_whole_zip_before_a_batch(tmp_path: Path) -> None:
    good = csv_text([row()]).encode()
    path = zipped(tmp_path / "a.zip", {"1.csv": good, "2.csv": b"x,y\n1,2\n"})
    assert "a.zip/2.csv" in refused(path)


@pytest.mark.parametrize("name", ["inner.zip", "inner.csv"])
def test_a_zip_in_a_zip_is_refused(tmp_path: Path, name: str) -> None:
    inner = zipped(tmp_path / "inner", {"1.csv": csv_text([row()]).encode()})
    assert "inside a packed file" in refused(zipped(tmp_path / "o.zip", {name: inner.read_bytes()}))


def test_a_zip_of_nothing_useful_is_refused(tmp_path: Path) -> None:
    assert "nothing in it is xlsx or csv" in refused(zipped(tmp_path / "a.zip", {"a.pdf": b"%PDF"}))
    assert "nothing in it is xlsx or csv" in refused(zipped(tmp_path / "b.zip", {}))


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(tmp_path / "ratio.zip", {"1.csv": b"0" * (3 << 20)})
    assert "200-fold" in refused(bomb)
    workbook = zipped(
        tmp_path / "ratio.xlsx",
        {"xl/workbook.xml": b"<x/>", "xl/worksheets/sheet1.xml": b" " * (3 << 20)},
    )
    assert "200-fold" in refused(workbook)
    many = zipped(tmp_path / "many.zip", {f"{i}.csv": b"a" for i in range(1001)})
    assert "1001 members" in refused(many)
    monkeypatch.setattr(archive_zip, "MAX_UNPACKED", 100)
    assert "unfolds to" in refused(zipped(tmp_path / "big.zip", {"1.csv": b"a" * 101}))


def edited(source: bytes, path: Path, change: Callable[[bytes], bytes]) -> Path:
    """A copy of a workbook with its first sheet's XML changed."""
    with zipfile.ZipFile(io.BytesIO(source)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    members["xl/worksheets/sheet1.xml"] = change(members["xl/worksheets/sheet1.xml"])
    return zipped(path, members)


@pytest.mark.parametrize(
    "far",
    [
        b'<row r="9"><c r="XFD9"><v>1</v></c></row>',
        b"<row r='9'><c r='aaa9' t='n'><v>1</v></c></row>",
        b'<row r="4000000000"><c r="A4000000000"><v>1</v></c></row>',
        b'<row r="4000000000"><c><v>1</v></c></row>',
    ],
)
def test_a_lone_cell_far_away_does_not_become_a_table_of_billions(
    tmp_path: Path, far: bytes
) -> None:
    path = edited(
        workbook_bytes(row()),
        tmp_path / "far.xlsx",
        lambda xml: xml.replace(b"</sheetData>", far + b"</sheetData>"),
    )
    assert "far outside" in refused(path)


def test_blank_cells_far_away_are_harmless(tmp_path: Path) -> None:
    path = edited(
        workbook_bytes(row()),
        tmp_path / "styled.xlsx",
        lambda xml: xml.replace(b"</row></sheetData>", b'<c r="AB2" s="0"/></row></sheetData>'),
    )
    assert len(readings(path)) == 1


WHOLE_FILES = {
    "csv": csv_text([row(), row("2024100102")]).encode("cp949"),
    "xlsx": workbook_bytes(row(), row("2024100102")),
    "zip": zip_bytes({"1.csv": csv_text([row()]).encode(), "2.xlsx": workbook_bytes(row())}),
}


@pytest.mark.parametrize("kind", ["zip", "xlsx"])
def test_a_damaged_or_locked_file_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    content = bytearray(workbook_bytes(row()))
    if kind == "zip":
        zipped(path, {"1.csv": csv_text([row()]).encode()})
        content = bytearray(path.read_bytes())
    middle = content.index(b"PK\x01\x02") // 2 if kind == "zip" else 200
    locked = bytes(content).replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01"
    )
    content[middle : middle + 8] = bytes(byte ^ 0x55 for byte in content[middle : middle + 8])
    path.write_bytes(content)
    assert "damaged" in refused(path) or "packed in a way" in refused(path)
    path.write_bytes(locked)
    assert "password" in refused(path)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_file_with_bytes_changed_is_read_or_refused(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(WHOLE_FILES)))
    content = bytearray(WHOLE_FILES[kind])
    start = data.draw(st.integers(0, len(content) - 1))
    content[start : start + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=8))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{kind}"
        path.write_bytes(content)
        try:
            told, found = "", readings(path)
        except InputError as error:
            told, found = str(error), []
    assert len(found) <= 3
    assert not told or f"a.{kind}" in told


def test_korean_member_names_of_windows_are_readable() -> None:
    member = zipfile.ZipInfo("시월.csv".encode("cp949").decode("cp437"))
    assert archive_zip.member_name(member) == "시월.csv"
    hostile = zipfile.ZipInfo("\x1b[2J.csv")
    assert "\x1b" not in archive_zip.member_name(hostile)

"""Confirmed history files: their headers, rows, cells and encodings."""

import unicodedata
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from aq.domain.clock import KST
from aq.domain.errors import InputError
from aq.domain.model import CONFIRMED, OBSERVED, URBAN, Station
from aq.domain.pollutants import pollutants
from aq.feeds.confirmed import files as archive
from aq.feeds.confirmed import rows as archive_rows
from aq.feeds.confirmed.files import info
from tests.archive_files import (
    HEADER,
    NOW,
    SAMPLES,
    collect,
    csv_text,
    kinds,
    parsed,
    readings,
    refused,
    row,
    write_xlsx,
)


def test_the_feed_says_what_it_is() -> None:
    assert (info.name, info.kind, info.status) == ("archive", OBSERVED, CONFIRMED)
    assert "에어코리아" in info.attribution
    assert "KOGL type 3" in info.licence


def test_a_workbook_gives_stations_hours_and_exact_values(tmp_path: Path) -> None:
    path = tmp_path / "202410.xlsx"
    write_xlsx(path, {"10월": [HEADER, row(2024100101), row(2024100102, pm25="", so2=0.0)]})
    (batch,) = collect(path)
    first, second = batch.answer.readings
    assert first.hour == datetime(2024, 9, 30, 16, tzinfo=UTC)
    assert first.values == {"so2": 29, "co": 50, "o3": 210, "no2": 120, "pm10": 310, "pm25": 120}
    assert first.station == Station(
        name="가상동",
        sido="대전",
        code="525001",
        network=URBAN,
        address="대전 가상구 시험로 1",
    )
    assert "pm25" not in second.values
    assert second.values["so2"] == 0
    assert batch.answer.stations == (first.station,)
    assert first.station is second.station
    assert (batch.part, batch.first_row, batch.last_row) == ("202410.xlsx:10월", 2, 3)
    assert (batch.done, batch.total) == (2, 2)


@pytest.mark.parametrize(
    "hour",
    [
        2024123124.0,
        2024123124,
        "2024123124",
        " 2024-12-31 24:00",
        "2024123124.0",
        datetime(2025, 1, 1),  # noqa: DTZ001 - a workbook's date cell has no offset
    ],
)
def test_t02_24_00_of_31_december_is_new_year(hour: object) -> None:
    (one,) = parsed(row(hour)).readings
    assert one.hour == datetime(2025, 1, 1, tzinfo=KST)


def test_t02_24_00_and_00_00_are_one_hour() -> None:
    answer = parsed(row("2024123124"), row("2025010100", pm10=99))
    assert [issue.kind for issue in answer.issues] == ["conflict"]
    assert [one.values["pm10"] for one in answer.readings] == [310]


@pytest.mark.parametrize(
    "hour", ["2024123125", "2024123024.5", "2024-12-31 24:01", "9999123124", "", True, "2024133101"]
)
def test_t02_what_is_no_full_hour_is_an_issue(hour: object) -> None:
    answer = parsed(row(), row(hour))
    assert len(answer.readings) == 1
    assert [(issue.kind, issue.where) for issue in answer.issues] == [
        ("bad_time", "file.xlsx:month:3")
    ]


def test_t11_pm25_above_pm10_is_kept() -> None:
    (one,) = parsed(row(pm10=10, pm25=14)).readings
    assert (one.values["pm10"], one.values["pm25"]) == (100, 140)


@pytest.mark.parametrize(
    ("cell", "scaled"),
    [
        (2.8999999999999998e-3, 29),
        ("2.8999999999999998E-3", 29),
        (0.00285, 29),
        ("2.8499999999999999E-3", 29),
        ("0.0028", 28),
        ("2.9E-3", 29),
        (0, 0),
        ("0.000", 0),
        ("-", None),
        ("-999.000", None),
        (-999, None),
        ("", None),
        ("NA", None),
        (None, None),
    ],
)
def test_t37_the_decimal_that_was_meant(cell: object, scaled: int | None) -> None:
    answer = parsed(row(so2=cell))
    assert answer.readings[0].values.get("so2") == scaled
    assert answer.issues == ()


def month(year: int, number: int, dead: str) -> list[list[Any]]:
    """A month of two stations, roadside and urban; the urban one has no PM10 at all."""
    start = date(year, number, 1)
    days = [start + timedelta(days) for days in range(31)]
    hours = [int(f"{day:%Y%m%d}{hour:02}") for day in days for hour in range(1, 25)]
    stations: list[dict[str, object]] = [
        {"code": "525002", "name": dead, "pm10": ""},
        {"code": "525003", "name": "큰길", "network": "도로변대기"},
    ]
    return [row(hour, **cells) for cells in stations for hour in hours]


def test_t37_month_workbooks_with_blank_rows_and_a_pollutant_missing(tmp_path: Path) -> None:
    own = tmp_path / "own_2024_12.xlsx"
    book = xlsxwriter.Workbook(own, {"constant_memory": True})
    sheet, grey = book.add_worksheet("Daejeon"), book.add_format({"bg_color": "#eeeeee"})
    rows = [HEADER, *month(2024, 12, "문창동")]
    for number, cells in enumerate(rows):
        sheet.write_row(number, 0, cells)
    for number in range(len(rows), len(rows) + 20_000):
        for column in range(12):
            sheet.write_blank(number, column, None, grey)
    book.close()
    for path in [own, *sorted((SAMPLES / "history").glob("airkorea_2024_1*.xlsx"))]:
        batches = collect(path)
        found = [one for batch in batches for one in batch.answer.readings]
        assert not kinds(batches)
        assert len(found) == sum(batch.answer.rows for batch in batches)
        assert {one.station.sido for one in found if one.station} == {"대전"}
        assert {one.station.network for one in found if one.station} == {URBAN, "도로변대기"}
        stations = {one.station for one in found}
        assert len(found) % len(stations) == 0
        if path.stem.endswith("_12"):
            assert max(one.hour for one in found) == datetime(2025, 1, 1, tzinfo=KST)
        if path == own or path.stem.endswith("_10"):
            dead = [one for one in found if one.station and one.station.name == "문창동"]
            assert len(dead) == 744
            assert not any("pm10" in one.values for one in dead)


def test_blank_rows_between_rows_are_not_rows(tmp_path: Path) -> None:
    path = tmp_path / "gaps.xlsx"
    write_xlsx(path, {"a": [[""], HEADER, row(), *[[""] * 12] * 50, row("2024100102", pm10=-1)]})
    (batch,) = collect(path)
    assert batch.answer.rows == 2
    assert [issue.where for issue in batch.answer.issues] == ["gaps.xlsx:a:54"]


def test_t38_not_applicable_statistics_tables_are_refused_as_unknown_headers(
    tmp_path: Path,
) -> None:
    path = tmp_path / "kosis.csv"
    path.write_text("구분(1),구분(2),2024.01\n경기도,도평균,45\n경기도,광주시,12*\n", "utf-8")
    assert "no column of a known pollutant" in refused(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_t39_text_in_every_encoding(tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(csv_text([row(), row("2024100102")], delimiter).encode(encoding))
    found = readings(path)
    assert [one.station.name for one in found if one.station] == ["가상동", "가상동"]
    assert found[0].values["so2"] == 29


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"\n\n , \n", "nothing stands in it"),
        (b"\xef\xbb\xbf\xff\xfe\xfd,1\n", "neither utf-8-sig text"),
        (b"\xff\xff\xff\x80,1\n", "neither UTF-8 nor CP949"),
        (b"a\x00b\n", "no text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not a workbook that can be read"),
        (b"PK\x03\x04 and no more", "damaged"),
        (b"hello, world\n", "hello, world"),
        ('"지역,망\n측정소코드\n'.encode(), "header cannot be read"),
    ],
)
def test_t39_what_is_no_confirmed_file_says_so(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    message = refused(path)
    assert says in message
    assert "odd.csv" in message


def test_a_file_that_is_not_there_or_a_folder_is_named(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "nowhere.csv")
    assert str(tmp_path) in refused(tmp_path)


@pytest.mark.parametrize("lie", ["이산화탄소", "이산화탄소(ppm)", "PM20", "CO2", "pm 20(㎍/㎥)"])
def test_t40_a_header_that_lies_is_refused(lie: str) -> None:
    header = [lie if name == "NO2" else name for name in HEADER]
    with pytest.raises(InputError, match=r"the column .* says"):
        parsed(row(), header=header)


def test_t40_unknown_columns_are_reported_once() -> None:
    answer = parsed([*row(), "1"], [*row("2024100102"), "2"], header=[*HEADER, "NOx"])
    assert [(issue.kind, issue.detail) for issue in answer.issues] == [("unknown_column", "NOx")]
    assert len(answer.readings) == 2
    assert set(answer.readings[0].values) == set(pollutants())


@pytest.mark.parametrize("unit", ["SO2(ppb)", "SO2(㎍/㎥)", "PM10(ppm)"])
def test_t40_a_foreign_unit_is_refused(unit: str) -> None:
    header = [unit if unit.startswith(name) else name for name in HEADER]
    with pytest.raises(InputError, match="the unit of confirmed data"):
        parsed(row(), header=header)


def test_t40_two_columns_of_one_meaning_are_refused() -> None:
    with pytest.raises(InputError, match=r"two columns mean pm25: 'PM25' and 'PM2\.5'"):
        parsed([*row(), 1], header=[*HEADER, "PM2.5"])


def test_older_headers_and_other_orders_are_known() -> None:
    header = [
        "측정소명",
        "측정소 코드",
        "지역",
        "일시",
        "PM2.5(㎍/㎥)",
        "SO2(ppm)",
        "오존농도(ppm)",
    ]
    answer = parsed(["가상동", 525001.0, "대전", "2014-01-01 01:00", 5, 0.01, 0.02], header=header)
    (one,) = answer.readings
    assert one.values == {"pm25": 50, "so2": 100, "o3": 200}
    assert one.station == Station(name="가상동", sido="대전", code="525001")


def test_composed_and_decomposed_korean_are_the_same_station(tmp_path: Path) -> None:
    path = tmp_path / "mac.csv"
    path.write_text(unicodedata.normalize("NFD", csv_text([row()])), "utf-8")
    (one,) = readings(path)
    assert one.station == parsed(row()).readings[0].station


def test_t41_identical_rows_are_duplicates_and_different_ones_conflicts() -> None:
    other = {"code": "525009", "name": "옆동"}
    answer = parsed(row(), row(), row(pm10=77), row(**other), row("2024100102"))
    assert [(issue.kind, issue.where[-1]) for issue in answer.issues] == [
        ("duplicate", "3"),
        ("conflict", "4"),
    ]
    assert answer.issues[0].detail == "대전 가상동 2024-10-01T01:00:00+09:00"
    assert [one.values["pm10"] for one in answer.readings] == [310, 310, 310]


def test_t41_duplicates_are_found_across_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "BATCH_ROWS", 2)
    path = tmp_path / "a.csv"
    rows = [row(), row("2024100102"), row("2024100103"), row(pm10=1), row("2024100102")]
    path.write_text(csv_text(rows), "utf-8")
    batches = collect(path)
    assert [(b.first_row, b.last_row, b.done, b.total) for b in batches] == [
        (2, 3, 2, 5),
        (4, 5, 4, 5),
        (6, 6, 5, 5),
    ]
    assert kinds(batches) == {"conflict": 1, "duplicate": 1}


def test_t41_negative_numbers_are_missing_and_said(tmp_path: Path) -> None:
    answer = parsed(row(pm10=-99, co="-0.01", o3="맑음", no2="1e300", so2=True))
    assert answer.readings[0].values == {"pm25": 120}
    assert Counter(issue.kind for issue in answer.issues) == {"negative_value": 2, "bad_value": 3}
    assert "pm10 -99" in [issue.detail for issue in answer.issues]


def test_t42_not_applicable_renamed_fields_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "renamed.csv"
    path.write_text("MSRMT_DT,SAREA_NM,MSRSTN_NM,PM,FPM\n202105111500,도심권,중구,59,20\n", "utf-8")
    assert "MSRMT_DT" in refused(path)


def test_a_day_without_an_hour_among_hours_is_one_bad_row() -> None:
    answer = parsed(row("20241001"), row())
    assert [issue.kind for issue in answer.issues] == ["bad_time"]
    assert len(answer.readings) == 1


def test_hours_after_now_are_skipped() -> None:
    answer = parsed(row("2026112321"), row("2026112322"))
    assert [one.hour for one in answer.readings] == [NOW + timedelta(hours=1)]
    assert [issue.kind for issue in answer.issues] == ["future_hour"]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ({"region": "평양 중구", "address": ""}, "unknown_province"),
        ({"region": "", "address": ""}, "unknown_province"),
        ({"name": " "}, "bad_station"),
        ({"code": "52500"}, "bad_station"),
    ],
)
def test_a_station_nobody_knows_is_an_issue(cells: dict[str, object], kind: str) -> None:
    answer = parsed(row(**cells), row())
    assert [issue.kind for issue in answer.issues] == [kind]
    assert len(answer.readings) == 1


@pytest.mark.parametrize(
    ("region", "address", "sido"),
    [
        ("서울특별시 중구", "", "서울"),
        ("경기 광주시", "경기 광주시 어딘가", "경기"),
        ("", "전라북도 전주시", "전북"),
        ("전남광주 동구", "전남광주통합특별시 동구 1", "전남광주"),
        ("전남광주 동구", "", "광주"),
        ("전남광주 목포시", "", "전남"),
        ("전남광주", "", "전남광주"),
    ],
)
def test_the_province_label_of_a_region(region: str, address: str, sido: str) -> None:
    (one,) = parsed(row(region=region, address=address)).readings
    assert one.station is not None
    assert one.station.sido == sido


def test_a_missing_network_is_counted_and_never_guessed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text([row(network=""), row("2024100102")]), "utf-8")
    (batch,) = collect(path)
    assert [one.station.network for one in batch.answer.readings if one.station] == [None, URBAN]


def test_rows_of_another_width_are_not_shifted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = csv_text([row(), row("2024100102"), row("2024100103")]).splitlines()
    lines[2] += ",3층"
    lines[3] += ",,"
    path.write_text("\n".join([*lines, "대전,도시대기"]), "utf-8")
    (batch,) = collect(path)
    assert [(issue.kind, issue.where) for issue in batch.answer.issues] == [
        ("bad_row", "a.csv:3"),
        ("bad_row", "a.csv:5"),
    ]
    assert len(batch.answer.readings) == 2


def test_an_open_quote_counts_every_line_it_takes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = csv_text([row(f"20241001{hour:02}") for hour in range(1, 6)]).splitlines()
    lines[2] = '"' + lines[2]
    lines[4] += '"'
    path.write_text("\n".join(lines), "utf-8")
    (batch,) = collect(path)
    assert (batch.answer.rows, len(batch.answer.readings)) == (5, 2)
    assert [(issue.kind, issue.where) for issue in batch.answer.issues] == [("bad_row", "a.csv:3")]


def test_a_monstrous_field_is_one_issue(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = csv_text([row(), row("2024100102", address="가" * 200_000), row("2024100103")])
    path.write_text(lines, "utf-8")
    batches = collect(path)
    assert kinds(batches)["bad_row"] == 1
    assert sum(len(batch.answer.readings) for batch in batches) == 2


def test_city_means_and_daily_means_are_named_and_refused(tmp_path: Path) -> None:
    made = {
        "city.csv": "일시,미세먼지,초미세먼지,이산화탄소\n2018-01-01 01:00,31,17,0.02\n",
        "daily.csv": "측정일시,측정소명,미세먼지농도(㎍/㎥)\n20220101,가상구,25\n",
    }
    for name, text in made.items():
        (tmp_path / name).write_bytes(text.encode("cp949", "replace"))
    assert "hourly means of a whole city" in refused(tmp_path / "city.csv")
    assert "이산화탄소" in refused(tmp_path / "city.csv")
    daily = [tmp_path / "daily.csv"]
    daily += (SAMPLES / "history").glob("seoul_stations_daily_2022.csv")
    for path in daily:
        assert "daily means of stations" in refused(path)
    for path in (SAMPLES / "history").glob("seoul_hourly_avg*.csv"):
        assert "hourly means of a whole city" in refused(path)


def test_a_header_without_rows_says_so(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text(csv_text([]), "utf-8")
    (batch,) = collect(path)
    assert (batch.answer.rows, kinds([batch])) == (0, {"no_rows": 1})


def test_marks_of_the_hours_seen_stay_small() -> None:
    parser_rows = [
        (n, row(f"202401{d:02}{h:02}"))
        for n, (d, h) in enumerate(((d, h) for d in range(1, 32) for h in range(1, 25)), 2)
    ]
    columns = archive.map_header(HEADER, "a", None)
    parser = archive_rows.RowParser(columns, "a", NOW)
    found = parser.parse(parser_rows)
    assert len(found.hours) == 744
    assert len(parser._marks) <= 4


@pytest.mark.parametrize("cell", ["-999", "-999.000", -999, -999.0])
def test_t57_the_official_mark_of_missing(cell: object) -> None:
    answer = parsed(row(pm10=cell))
    assert "pm10" not in answer.readings[0].values
    assert answer.issues == ()

"""Confirmed files as people have them: hours, codes and headers in every spelling, all or told."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import xlwt
from click.testing import CliRunner

from aq.cli.import_ import command
from aq.context import Context, selection_of
from aq.domain.clock import day_bounds, parse_day
from aq.domain.provinces import find_province
from aq.ingest.confirmed_files import import_file
from aq.queries.items import page
from aq.queries.question import PastQuestion
from tests.archive_files import CASES, HEADER, csv_text, refused, row, write_xlsx, zipped
from tests.conftest import NOW
from tests.ingest.test_confirmed_files import HOURLY, runtime_at

DAY = datetime(2024, 10, 1)  # noqa: DTZ001 - a workbook's times have no offset
ENDS = [DAY + timedelta(hours=hour) for hour in range(1, 25)]
MEAN = 41.5  # of PM10 30 to 53


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = runtime_at(f"sqlite:///{tmp_path}/aq.db", NOW.isoformat())
    yield made
    made.store.close()


def a_day(written: Callable[[datetime], object], **cells: object) -> list[list[Any]]:
    return [row(written(end), pm10=30 + n, **cells) for n, end in enumerate(ENDS)]


def day_mean(context: Context, province: str = "대전", day: str = "2024-10-01") -> float | None:
    (item,) = page(
        context.store,
        PastQuestion(
            provinces=(find_province(province),),
            keys=("pm10",),
            after=day_bounds(parse_day(day))[0],  # type: ignore[arg-type]
            until=day_bounds(parse_day(day))[1],  # type: ignore[arg-type]
            grain="day",
            standard=HOURLY,
            selection=selection_of("archive"),
        ),
        10,
        None,
    )[0]
    value: float | None = item["value"]
    return value


def half_day(end: datetime) -> tuple[str, int]:
    return ("오전" if end.hour < 12 else "오후"), end.hour % 12 or 12


def labelled(end: datetime) -> tuple[datetime, int]:
    """The day and the hour 01-24 of an hour's end."""
    start = end - timedelta(hours=1)
    return start, start.hour + 1


SPELLINGS: dict[str, Callable[[datetime], object]] = {
    "label": lambda t: f"{labelled(t)[0]:%Y%m%d}{labelled(t)[1]:02}",
    "number": lambda t: int(f"{labelled(t)[0]:%Y%m%d}{labelled(t)[1]:02}"),
    "float": lambda t: f"{labelled(t)[0]:%Y%m%d}{labelled(t)[1]:02}.0",
    "dashes and 24:00": lambda t: f"{labelled(t)[0]:%Y-%m-%d} {labelled(t)[1]:02}:00",
    "one digit": lambda t: f"{t:%Y-%m-%d} {t.hour}:00",
    "one digit of all": lambda t: f"{t.year}-{t.month}-{t.day} {t.hour}:00",
    "seconds": lambda t: f"{t:%Y-%m-%d %H:%M:%S}",
    "fractions": lambda t: f"{t:%Y-%m-%d %H:%M:%S}.000",
    "slashes": lambda t: f"{t.year}/{t.month}/{t.day} {t.hour}:00",
    "dots": lambda t: f"{t:%Y.%m.%d %H:%M}",
    "dots and blanks": lambda t: f"{t.year}. {t.month}. {t.day}. {t.hour}:00",
    "halves": lambda t: f"{t:%Y-%m-%d} {half_day(t)[0]} {half_day(t)[1]}:00",
    "halves, seconds": lambda t: f"{t:%Y-%m-%d} {half_day(t)[0]} {half_day(t)[1]}:00:00",
    "AM, PM": lambda t: f"{t:%Y-%m-%d %I:%M} {'AM' if t.hour < 12 else 'PM'}",
    "Korean": lambda t: f"{t.year}년 {t.month}월 {t.day}일 {t.hour}시",
    "ISO": lambda t: f"{t:%Y-%m-%dT%H:%M}",
    "ISO, offset": lambda t: f"{t:%Y-%m-%dT%H:%M:%S}+09:00",
    "ISO, UTC": lambda t: f"{t - timedelta(hours=9):%Y-%m-%dT%H:%M:%S}Z",
    "digits": lambda t: f"{t:%Y%m%d%H%M}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_t48_every_way_to_write_an_hour_gives_the_whole_day(
    context: Context, tmp_path: Path, spelling: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(a_day(SPELLINGS[spelling])), "utf-8")
    report = import_file(context, path)
    assert (report.rows, report.stored, report.skipped) == (24, 24, {})
    assert day_mean(context) == MEAN


def dated_workbook(path: Path, off: float = 0.0, **options: Any) -> Path:
    """A day with real date cells; `off` seconds beside the hour, as fractions of a day come out."""
    book = xlsxwriter.Workbook(path, options)
    sheet, style = book.add_worksheet("a"), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for number, cells in enumerate([HEADER, *a_day(lambda end: end + timedelta(seconds=off))]):
        for column, cell in enumerate(cells):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell, style)
            else:
                sheet.write(number, column, cell)
    book.close()
    return path


@pytest.mark.parametrize("off", [0.0, 0.4, -0.4, 1.0, -1.0])
@pytest.mark.parametrize("date_1904", [False, True])
def test_t48_date_cells_give_hour_24_and_may_be_a_second_off(
    context: Context, tmp_path: Path, off: float, date_1904: bool
) -> None:
    path = dated_workbook(tmp_path / "a.xlsx", off, date_1904=date_1904)
    assert import_file(context, path).stored == 24
    assert day_mean(context) == MEAN


@pytest.mark.parametrize("date_1904", [False, True])
def test_t48_days_as_plain_numbers_are_of_the_workbook_s_own_system(
    context: Context, tmp_path: Path, date_1904: bool
) -> None:
    zero = datetime(1904, 1, 1) if date_1904 else datetime(1899, 12, 30)  # noqa: DTZ001
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx", {"date_1904": date_1904})
    sheet = book.add_worksheet("a")
    for number, cells in enumerate([HEADER, *a_day(lambda end: (end - zero) / timedelta(days=1))]):
        sheet.write_row(number, 0, cells)
    book.close()
    assert import_file(context, tmp_path / "a.xlsx").stored == 24
    assert day_mean(context) == MEAN


def test_t48_date_cells_alone_are_days_and_no_hours(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet, style = book.add_worksheet("a"), book.add_format({"num_format": "yyyy-mm-dd"})
    for number, cells in enumerate([HEADER, *(row(DAY + timedelta(days=n)) for n in range(5))]):
        for column, cell in enumerate(cells):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell, style)
            else:
                sheet.write(number, column, cell)
    book.close()
    assert "daily means of stations" in refused(tmp_path / "a.xlsx")


def xls(path: Path, rows: Sequence[Sequence[Any]], *, dates_1904: bool = False) -> Path:
    book = xlwt.Workbook()
    book.dates_1904 = dates_1904
    sheet, style = book.add_sheet("a"), xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm")
    for number, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            if isinstance(cell, datetime):
                sheet.write(number, column, cell, style)
            else:
                sheet.write(number, column, cell)
    book.save(path)
    return path


@pytest.mark.parametrize("spelling", ["label", "number", "date"])
def test_an_old_workbook_is_read(context: Context, tmp_path: Path, spelling: str) -> None:
    written = SPELLINGS.get(spelling, lambda end: end)
    assert import_file(context, xls(tmp_path / "a.xls", [HEADER, *a_day(written)])).stored == 24
    assert day_mean(context) == MEAN


def test_a_year_s_zip_of_every_kind_of_table(context: Context, tmp_path: Path) -> None:
    rows = a_day(SPELLINGS["label"])
    write_xlsx(tmp_path / "2.xlsx", {"a": [HEADER, *rows[8:16]]})
    xls(tmp_path / "3.xls", [HEADER, *rows[16:]])
    members = {name: (tmp_path / name).read_bytes() for name in ("2.xlsx", "3.xls")}
    path = zipped(tmp_path / "2024.zip", {"1.csv": csv_text(rows[:8]).encode("cp949"), **members})
    assert import_file(context, path).stored == 24
    assert day_mean(context) == MEAN


@pytest.mark.parametrize(
    "cells",
    [
        {"code": "525001.0"},
        {"code": 525001.0},
        {"code": "'525001"},
        {"code": " 525001 "},
        {"network": "도시"},
        {"network": "도시대기측정망"},
        {"network": "도시 대기 측정망"},
        {"network": " 도시대기 "},
        {"address": "대전 가상구\n시험로 1"},
        {"address": "대전 가상구\r\n시험로 1", "name": '가상"동'},
        {"region": "대전광역시 가상구"},
    ],
)
def test_cells_as_people_have_them(
    context: Context, tmp_path: Path, cells: dict[str, object]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(a_day(SPELLINGS["label"], **cells)), "utf-8", newline="")
    report = import_file(context, path)
    assert (report.stored, report.skipped) == (24, {})
    assert day_mean(context) == MEAN


@pytest.mark.parametrize(
    ("region", "province"),
    [
        ("강원자치도 강릉시", "강원"),
        ("전북자치도 전주시", "전북"),
        ("제주자치도 제주시", "제주"),
        ("세종자치시", "세종"),
        ("부산시 중구", "부산"),
        ("울산시 남구", "울산"),
        ("충청북도 청주시", "충북"),
    ],
)
def test_provinces_by_every_spelling(
    context: Context, tmp_path: Path, region: str, province: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(a_day(SPELLINGS["label"], region=region, address=region)), "utf-8")
    assert import_file(context, path).stored == 24
    assert day_mean(context, province) == MEAN


@pytest.mark.parametrize(
    ("pm10", "pm25"),
    [
        ("PM-10", "PM-2.5"),
        ("미세먼지(PM10)", "초미세먼지(PM2.5)"),
        ("미세먼지(PM-10)", "초미세먼지(PM-2.5)"),
        ("미세먼지 PM10", "미세먼지 PM2.5"),
        ("미세먼지(PM10)(㎍/㎥)", "미세먼지(PM2.5)[㎍/㎥]"),
        ("PM10(㎍/㎥)", "PM2.5 (µg/m³)"),
        ("PM10 [ug/m3]", "PM₂.₅"),
        ("미세먼지\n(PM10)", "초미세먼지\n(PM2.5)"),
        ("PM10 농도(㎍/㎥)", "PM25 농도(㎍/㎥)"),
    ],
)
def test_headers_by_every_spelling(context: Context, tmp_path: Path, pm10: str, pm25: str) -> None:
    text = io.StringIO()
    header = [{"PM10": pm10, "PM25": pm25, "SO2": "아황산가스(SO2, ppm)"}.get(h, h) for h in HEADER]
    csv.writer(text).writerows([header, *a_day(SPELLINGS["label"])])
    path = tmp_path / "a.csv"
    path.write_text(text.getvalue(), "utf-8")
    report = import_file(context, path)
    assert (report.stored, report.skipped) == (24, {})
    assert day_mean(context) == MEAN


@pytest.mark.parametrize("header", ["초미세먼지(PM10)", "오존(NO2)", "측정일시(UTC)"])
def test_t40_a_header_that_says_two_things_is_refused(tmp_path: Path, header: str) -> None:
    place = "측정일시" if "측정일시" in header else "PM25"
    text = csv_text([row()]).replace(place, header, 1)
    (tmp_path / "a.csv").write_text(text, "utf-8")
    assert header in refused(tmp_path / "a.csv")


TITLE, UNITS = "2024년 10월 대기오염도 (확정)", ["", "", "", "", "", "ppm", "ppm", "(ppm)", "ppm"]
UNITS += ["㎍/㎥", "㎍/m³", ""]


@pytest.mark.parametrize("delimiter", [",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949"])
def test_lines_of_titles_and_units_beside_the_header_are_told_and_hold_no_hour(
    context: Context, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    rows = a_day(SPELLINGS["label"], address="대전 가상구\n시험로 1")
    units = [cell.replace("³", "3") for cell in UNITS]
    body = csv_text([units, *rows], delimiter)
    path = tmp_path / "a.csv"
    path.write_bytes(f"{TITLE}\n\n단위{delimiter}ppm\n{body}".encode(encoding))
    report = import_file(context, path)
    assert (report.rows, report.stored, report.skipped) == (24, 24, {"title_line": 3})
    assert [issue.where for issue in report.issues] == ["a.csv:1", "a.csv:3", "a.csv:5"]
    assert day_mean(context) == MEAN


def test_a_workbook_with_a_title_and_units_is_read(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, {"10월": [[TITLE], [], HEADER, UNITS, *a_day(SPELLINGS["number"])], "b": []})
    report = import_file(context, path)
    assert (report.stored, report.lost, day_mean(context)) == (24, 0, MEAN)


@pytest.mark.parametrize("at", ["title", "units"])
def test_a_foreign_unit_beside_the_header_refuses_the_file(tmp_path: Path, at: str) -> None:
    units = [*UNITS[:5], "ppb", *UNITS[6:]]
    body = csv_text([units if at == "units" else UNITS, row()])
    path = tmp_path / "a.csv"
    path.write_text(f"{TITLE} 단위: {'ppb' if at == 'title' else 'ppm'}\n{body}", "utf-8")
    assert "ppm" in refused(path)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "-",
        "--",
        "–",
        "null",
        "NULL",
        "N/A",
        "nan",
        "결측",
        "통신장애",
        "점검 및 교정",
        "-999",
        " ",
    ],
)
def test_t08_every_word_for_no_value_is_a_missing_one(
    context: Context, tmp_path: Path, cell: str
) -> None:
    rows = a_day(SPELLINGS["label"])
    rows[3][9] = cell
    path = tmp_path / "a.csv"
    path.write_text(csv_text(rows), "utf-8")
    report = import_file(context, path)
    assert (report.stored, report.skipped) == (24, {})
    assert day_mean(context) == pytest.approx((MEAN * 24 - 33) / 23, abs=0.001)


def test_a_file_without_a_header_row_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(csv_text([row(), row("2024100102")]).splitlines()[1:]), "utf-8")
    assert "no header row" in refused(path)


def test_a_network_nobody_knows_is_named(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(a_day(SPELLINGS["label"], network="우주대기")), "utf-8")
    report = import_file(context, path)
    assert report.stored == 24
    assert ("unknown_network", "우주대기 is no known network") in [
        (issue.kind, issue.detail) for issue in report.issues
    ]


def run(context: Context, *arguments: str) -> Any:
    return CliRunner(env={"AQ_DATABASE_URL": str(context.settings.database_url)}).invoke(
        command, arguments, standalone_mode=False
    )


def test_t49_a_file_of_which_a_part_can_be_read_is_refused_whole(
    context: Context, tmp_path: Path
) -> None:
    rows = a_day(SPELLINGS["label"])
    for number, cell in ((3, "어제 3시"), (5, "2024-10-01 5:30"), (9, "10/01/24 9:00"), (11, "?")):
        rows[number][4] = cell
    path = tmp_path / "a.csv"
    path.write_text(csv_text(rows), "utf-8")
    answer = run(context, str(path))
    assert answer.return_value == 1
    assert "only 20 of 24 rows" in answer.output
    for line, cell in ((5, "어제 3시"), (7, "2024-10-01 5:30"), (11, "10/01/24 9:00")):
        assert f"a.csv:{line}: bad_time {cell}" in answer.output
    assert "?" not in answer.output
    assert context.store.version() == 0
    partial = run(context, "--partial", str(path))
    assert partial.return_value == 0
    assert "24 rows read: 20 stored, 0 changed, 0 unchanged, 4 not taken (4 bad_time)" in (
        partial.output
    )


def test_t49_values_nobody_can_read_refuse_a_file_too(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(a_day(SPELLINGS["label"], so2="0,003")), "utf-8")
    report = import_file(context, path)
    assert "only 0 of 24 rows" in (report.refused or "")
    assert "bad_value so2 0,003" in (report.refused or "")


def test_every_row_is_accounted_for_by_reason(context: Context, tmp_path: Path) -> None:
    rows = a_day(SPELLINGS["label"]) * 5
    rows = [[*cells[:2], f"52500{n // 24}", *cells[3:]] for n, cells in enumerate(rows)]
    rows[0][4], rows[1][0], rows[1][11] = "?", "평양", ""
    rows[2][9] = -1
    (tmp_path / "a.csv").write_text(
        csv_text([*rows, rows[30], [*rows[31][:9], 99, 9, ""]]), "utf-8"
    )
    report = import_file(context, tmp_path / "a.csv")
    assert report.left_out == {"bad_time": 1, "unknown_province": 1, "duplicate": 1, "conflict": 1}
    assert (report.rows, report.stored, report.readable) == (122, 118, 118)
    again = run(context, str(tmp_path / "a.csv")).output
    assert "122 rows read: 0 stored, 0 changed, 118 unchanged, 4 not taken (" in again
    assert "cells without a value (1 negative_value)" in again


def test_check_reads_and_reports_and_stores_nothing(context: Context, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(csv_text(a_day(SPELLINGS["label"])), "utf-8")
    answer = run(context, "--check", str(path))
    assert (answer.return_value, context.store.version()) == (0, 0)
    assert "24 rows read: 24 can be taken; nothing is stored" in answer.output
    path.write_text(csv_text(a_day(lambda end: f"{end:%d %b}")), "utf-8")
    told = run(context, "--check", "--json", str(path))
    assert told.return_value == 1
    assert json.loads(told.stdout)["files"][0]["refused"].startswith("only 0 of 24 rows")


def test_a_quote_left_open_does_not_swallow_rows_in_silence(
    context: Context, tmp_path: Path
) -> None:
    lines = csv_text(a_day(SPELLINGS["label"])).splitlines()
    head, tail = lines[4].rsplit(",", 1)
    lines[4] = f'{head},"{tail}'
    lines[5] += '"'
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8")
    report = import_file(context, tmp_path / "a.csv", partial=True)
    assert (report.rows, report.stored, report.left_out) == (24, 22, {"bad_row": 2})


WHOLE = {
    "dt_exact.xlsx": 24,
    "dt_typed.xlsx": 744,
    **dict.fromkeys(("x_hm.csv", "x_hms.csv", "x_ampm.csv", "code_float.csv", "addr_nl.csv"), 24),
    **dict.fromkeys(("h_dash.csv", "h_paren.csv", "net_0.csv", "net_1.csv"), 24),
    "gangwon_short.csv": 48,
}


def test_the_shared_cases_are_stored_whole(context: Context) -> None:
    """Read where they are; the same kinds of our own stand above."""
    for name, rows in WHOLE.items():
        for path in CASES.glob(name):
            report = import_file(context, path, check=True)
            assert (report.refused, report.readable, report.skipped) == (None, rows, {})
    for path in CASES.glob("x_*.csv"):
        import_file(context, path)
        assert day_mean(context, "서울") == MEAN

"""Confirmed workbooks into the store, beside pandas with openpyxl."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from aq.domain.clock import day_bounds, kst
from aq.domain.model import Reading
from aq.domain.pollutants import pollutants
from bench import data
from bench.data import Stores, environment, open_runtime, say
from bench.report import Case, below, faster
from bench.way import timed

HEADER = [
    "지역",
    "망",
    "측정소코드",
    "측정소명",
    "측정일시",
    "SO2",
    "CO",
    "O3",
    "NO2",
    "PM10",
    "PM25",
    "주소",
]
NUMBERS = ("so2", "co", "o3", "no2", "pm10", "pm25")
SMALL, NATIONAL = 65, 650  # stations
MONTH, DAYS = date(2025, 10, 1), 31
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACK = "http://schemas.openxmlformats.org/package/2006"


def _readings(stations: int) -> Iterator[Reading]:
    from aq.simulator.world import World, history

    since = day_bounds(MONTH)[0]
    for batch in history(World(stations, data.SEED), since, since + timedelta(days=DAYS)):
        yield from batch


def write_workbook(path: Path, readings: Iterable[Reading]) -> None:
    """A month as AirKorea's workbooks have it: shared strings, numbers, empty cells for gaps.

    Written as XML by hand: a writer of workbooks would take longer than the import.
    """
    shared: dict[str, int] = {}

    def text(column: str, row: int, words: str) -> str:
        number = shared.setdefault(words, len(shared))
        return f'<c r="{column}{row}" t="s"><v>{number}</v></c>'

    letters = "ABCDEFGHIJKL"
    rows = ["".join(text(c, 1, h) for c, h in zip(letters, HEADER, strict=True))]
    digits = {key: (pollutants()[key].scale, pollutants()[key].digits) for key in NUMBERS}
    for number, one in enumerate(readings, 2):
        station, hour = one.station, kst(one.hour)
        assert station is not None
        label = hour if hour.hour else hour - timedelta(days=1)
        stamp = int(label.strftime("%Y%m%d")) * 100 + (hour.hour or 24)
        cells = [
            text("A", number, f"{station.sido} 시험구"),
            text("B", number, station.network or ""),
            f'<c r="C{number}"><v>{station.code}</v></c>',
            text("D", number, station.name),
            f'<c r="E{number}"><v>{stamp}</v></c>',
        ]
        for letter, key in zip("FGHIJK", NUMBERS, strict=True):
            value = None if key in one.flags else one.values.get(key)
            if value is not None:
                scale, places = digits[key]
                cells.append(f'<c r="{letter}{number}"><v>{value / scale:.{places}f}</v></c>')
        cells.append(text("L", number, station.address or ""))
        rows.append("".join(cells))
    sheet = "".join(f'<row r="{n}">{row}</row>' for n, row in enumerate(rows, 1))
    strings = "".join(f"<si><t>{escape(one)}</t></si>" for one in shared)
    _pack(path, sheet, strings)


def _pack(path: Path, sheet: str, strings: str) -> None:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACK}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.'
        'relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}.sharedStrings+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{_PACK}/relationships"><Relationship Id="r1"'
        f' Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>'
        '<sheet name="month" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACK}/relationships">'
        f'<Relationship Id="r1" Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{_REL}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{sheet}</sheetData>'
        "</worksheet>",
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        for name, content in parts.items():
            packed.writestr(name, _HEAD + content)


def ours(url: str, path: str) -> Callable[[], int]:
    """`aq import` of a file into an empty store: rows, revisions, province hours, grades, days."""
    from aq.ingest.confirmed_files import import_file

    context = open_runtime(url)
    return lambda: import_file(context, Path(path)).rows


def plain(url: str, path: str) -> Callable[[], int]:
    """pandas with openpyxl, and the table with `to_sql`."""
    import pandas as pd
    from sqlalchemy import create_engine

    engine = create_engine(url)

    def work() -> int:
        frame = pd.read_excel(path, engine="openpyxl")
        frame.to_sql("plain", engine, if_exists="append", index=False)
        return len(frame)

    return work


def limit(path: str) -> Callable[[], int]:
    """Reading the cells and nothing else."""
    from python_calamine import CalamineWorkbook

    def work() -> int:
        book: Any = CalamineWorkbook.from_path(path)
        return len(book.get_sheet_by_index(0).to_python()) - 1

    return work


def run(stores: Stores) -> list[Case]:
    """A tenth of the country beside pandas, and the whole country for a month."""
    given = environment("sqlite://")
    cases = []
    for stations in (SMALL, NATIONAL):
        say(f"a workbook of {stations} stations …")
        path = stores.folder / f"month{stations}.xlsx"
        write_workbook(path, _readings(stations))
        url = f"sqlite:///{stores.folder / f'import{stations}.db'}"
        say("import")
        mine = timed("workbooks:ours", url, path, runs=1, warm=False, environment=given)
        bare = timed("workbooks:limit", path, runs=1, warm=False, environment=given)
        other = None
        if stations == SMALL:
            say("pandas")
            where = f"sqlite:///{stores.folder / 'plain.db'}"
            other = timed("workbooks:plain", where, path, runs=1, warm=False, environment=given)
        if mine.result != bare.result or (other and other.result != mine.result):
            raise SystemExit(f"the ways differ: {mine.result}, {bare.result}")
        cases.append(
            Case(
                bench="import",
                case=f"workbook of a month, {stations} stations",
                runs=1,
                ours=mine.seconds,
                ours_mb=mine.peak_mb,
                plain=other and other.seconds,
                plain_mb=other and other.peak_mb,
                limit=bare.seconds,
                limit_mb=bare.peak_mb,
                goals=(faster("pandas with openpyxl", other.seconds, mine.seconds, 5),)
                if other
                else (below("s", mine.seconds, 60),),
            )
        )
        for file in stores.folder.glob(f"*{stations}.*"):
            file.unlink()
        (stores.folder / "plain.db").unlink(missing_ok=True)
    return [*cases, _years(stores, given)]


def _years(stores: Stores, given: Mapping[str, str]) -> Case:
    """One zip with a table for each of ten years: as much memory as a single year takes."""
    peaks, seconds = [], 0.0
    for years in (1, 10):
        say(f"import of {years} years")
        path = stores.folder / f"zip{years}.zip"
        write_years(path, years)
        url = f"sqlite:///{stores.folder / f'zip{years}.db'}"
        done = timed("workbooks:ours", url, path, runs=1, warm=False, environment=given)
        peaks.append(done.peak_mb)
        seconds = done.seconds
        for file in stores.folder.glob(f"zip{years}.*"):
            file.unlink()
    return Case(
        bench="import",
        case="a zip of ten years, 4 stations",
        runs=1,
        ours=seconds,
        ours_mb=peaks[1],
        limit_mb=peaks[0],
        goals=(below("× the memory of one year", peaks[1] / peaks[0], 1.1),),
    )


def write_years(path: Path, years: int, stations: int = 4) -> None:
    """A zip with a CSV of every hour of each year before `MONTH`'s, made by counting."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for year in range(MONTH.year - years, MONTH.year):
            first = date(year, 1, 1)
            days = (first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days))
            rows = (
                f"서울 중구,도시대기,11112{number},동{number},{day:%Y%m%d}{hour:02},0.003,0.5,"
                f"0.0{10 + hour},0.0{12 + number},{20 + (day.day + hour) % 60},{9 + hour},"
                for day in days
                for hour in range(1, 25)
                for number in range(stations)
            )
            archive.writestr(f"{year}.csv", "\n".join([",".join(HEADER), *rows]))

"""A year's zip: a table for each month, whatever its kind; killed in the middle and done again."""

import subprocess
import sys
from datetime import date
from pathlib import Path

from sqlalchemy import func, select

from aq.context import start
from aq.ingest.confirmed_files import import_file
from aq.settings import load
from aq.store.schema import province_day, station_hour
from chaos.places import contents
from tests.archive_files import csv_text, row, workbook_bytes, zipped
from tests.conftest import NOW

# It waits within the transaction of a table, about halfway, until it is killed.
PROGRAM = """
import sys
from pathlib import Path
from aq.context import start
from aq.ingest.confirmed_files import import_file

def progress(share):
    if share > 0.7:
        print("half", flush=True)
        sys.stdin.read()

import_file(start(), Path(sys.argv[1]), progress)
"""
STATIONS = (("525001", "가상동"), ("525002", "시험동"))


def year(path: Path) -> Path:
    """A day of each month of 2023, the last day of the year among them, for two stations."""
    members: dict[str, bytes] = {}
    for month in range(1, 13):
        day = date(2023, month, 31 if month == 12 else 1)
        rows = [
            row(f"{day:%Y%m%d}{hour:02}", code=code, name=name, pm10=20 + hour + month)
            for code, name in STATIONS
            for hour in range(1, 25)
        ]
        if month % 3 == 0:
            members[f"2023년 {month}월.xlsx"] = workbook_bytes(*rows)
        else:
            encoding = ("cp949", "utf-8-sig")[month % 2]
            members[f"2023/{month}월.csv"] = csv_text(rows).encode(encoding)
    return zipped(path, members)


def test_a_year_s_zip_killed_in_the_middle_and_imported_again_is_as_imported_once(
    tmp_path: Path,
) -> None:
    path = year(tmp_path / "2023.zip")
    urls = {name: f"sqlite:///{tmp_path}/{name}.db" for name in ("once", "killed")}
    given = {
        name: {"AQ_DATABASE_URL": url, "AQ_CLOCK": NOW.isoformat()} for name, url in urls.items()
    }
    once = start(load(given["once"]))
    report = import_file(once, path)
    assert (report.rows, report.stored, report.lost) == (12 * 48, 12 * 48, 0)
    with once.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(province_day)) == 12 * 6
    once.store.close()

    command = [sys.executable, "-c", PROGRAM, str(path)]
    process = subprocess.Popen(
        command, env=given["killed"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    process.kill()
    process.communicate()

    killed = start(load(given["killed"]))
    with killed.store.read() as connection:
        kept = connection.scalar(select(func.count()).select_from(station_hour)) or 0
    assert 0 < kept < 12 * 48
    assert kept % 48 == 0
    again = import_file(killed, path)
    assert (again.stored, again.changed, again.unchanged) == (12 * 48 - kept, 0, kept)
    killed.store.close()
    assert contents(urls["killed"]) == contents(urls["once"])

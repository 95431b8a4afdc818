"""Confirmed files into the store: whole or not at all, and what was known stays known."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from aq.context import Context, selection_of, start
from aq.domain.clock import HOUR, parse_hour, parse_instant
from aq.domain.errors import InputError
from aq.domain.provinces import find_province
from aq.feeds.registry import FEED_IDS
from aq.ingest.confirmed_files import import_file
from aq.paths import ROOT
from aq.queries.items import page
from aq.queries.question import PastQuestion
from aq.queries.revisions import trail_items
from aq.settings import load
from aq.standards_file import load_standards
from aq.store.engine import version_at
from aq.store.reads import province_hours
from aq.store.rollups import pool_days
from aq.store.schema import province_day, province_day_grade, station_hour, station_hour_rev
from tests.archive_files import HEADER, SAMPLES, csv_text, row, write_xlsx
from tests.conftest import NOW

HOURLY = load_standards(ROOT / "config" / "standards")["airkorea_1h"]
REAL = sorted((SAMPLES / "history").glob("airkorea_2024_1*.xlsx"))


def runtime_at(url: str, moment: str) -> Context:
    return start(load({"AQ_DATABASE_URL": url, "AQ_CLOCK": moment}))


@pytest.fixture
def context(database_url: str) -> Iterator[Context]:
    made = runtime_at(database_url, NOW.isoformat())
    yield made
    made.store.close()


def a_month(changed: float | None = None) -> list[list[object]]:
    """Two urban stations and a roadside one for three days, each hour its own values."""
    chance = random.Random(5)
    rows = []
    for code, network in (("525001", "도시대기"), ("525002", "도시대기"), ("525003", "도로변대기")):
        for day in (1, 2, 3):
            for hour in range(1, 25):
                pm10 = chance.randint(5, 200)
                if changed is not None and (code, day, hour) == ("525001", 2, 24):
                    pm10 = changed  # type: ignore[assignment]
                name = f"가상동{code[-1]}"
                stamp = f"202410{day:02}{hour:02}"
                rows.append(row(stamp, code=code, name=name, network=network, pm10=pm10))
    return rows


def workbook(folder: Path, rows: list[list[object]], name: str = "2024_10.xlsx") -> Path:
    write_xlsx(folder / name, {"Daejeon": [HEADER, *rows]})
    return folder / name


def test_a_second_import_stores_nothing_new(context: Context, tmp_path: Path) -> None:
    path = workbook(tmp_path, a_month())
    first = import_file(context, path)
    assert (first.rows, first.stored, first.skipped) == (216, 216, {})
    version = context.store.version()
    second = import_file(context, path)
    assert (second.stored, second.changed, second.unchanged) == (0, 0, 216)
    assert context.store.version() == version


def test_t27_a_changed_copy_keeps_what_was_known(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    first = runtime_at(database_url, "2025-02-01T09:00+09:00")
    import_file(first, workbook(tmp_path, a_month(changed=40)))
    first.store.close()
    then = runtime_at(database_url, "2025-08-01T09:00+09:00")
    report = import_file(then, workbook(tmp_path / "new", a_month(changed=1900)))
    assert (report.stored, report.changed) == (0, 1)

    at = parse_hour("2024-10-02 24:00")
    trail = trail_items(then.store, "525001", "pm10", at, HOURLY)
    assert [(one["value"], one["letter"]) for one in trail] == [(40.0, "B"), (1900.0, "D")]
    assert trail[0]["known_until"] == trail[1]["known_from"] == "2025-08-01T09:00:00+09:00"

    def item(as_of: str | None, grain: str) -> dict[str, object]:
        with then.store.read() as connection:
            version = version_at(connection, parse_instant(as_of)) if as_of else None
        asked = PastQuestion(
            provinces=(find_province("대전"),),
            keys=("pm10",),
            after=at - (24 * HOUR if grain == "day" else HOUR),
            until=at,
            grain=grain,
            standard=HOURLY,
            selection=selection_of("archive"),
            as_of=version,
        )
        return page(then.store, asked, 10, None)[0][0]

    assert item("2025-03-01T00:00+09:00", "hour")["value"] < 121
    now = item(None, "hour")
    assert (now["value"] > 900, now["letter"]) == (True, "D")
    day_then, day_now = item("2025-03-01T00:00+09:00", "day"), item(None, "day")
    assert day_now["value"] - day_then["value"] == pytest.approx((1900 - 40) / 48, abs=0.01)
    recomputed_days_agree(then)
    then.store.close()


def recomputed_days_agree(context: Context) -> None:
    """The roll-ups equal what their hours give, counts by grade included."""
    with context.store.read() as connection:
        hours = province_hours(connection, range(1, 18), 0, 10**6)
        kept = connection.execute(select(province_day)).mappings().all()
        counted = connection.execute(
            select(
                province_day_grade.c.pollutant,
                func.sum(
                    province_day_grade.c.h1
                    + province_day_grade.c.h2
                    + province_day_grade.c.h3
                    + province_day_grade.c.h4
                ),
            )
            .where(province_day_grade.c.standard == 1)
            .group_by(province_day_grade.c.pollutant)
        ).all()

    def ordered(rows: list[dict[str, object]]) -> list[str]:
        return sorted(str(sorted(one.items())) for one in rows)

    names = ("pollutant", "province", "day", "feed", "sum", "n", "hours", "max", "max_hour")
    pooled = [dict(zip(names, day, strict=False)) for day in pool_days(hours)]
    pooled = [day | {"feed": FEED_IDS[day["feed"]]} for day in pooled]
    assert ordered([dict(one) for one in kept]) == ordered(pooled)
    assert counted
    for key, number in counted:
        assert number == sum(hour.means[key].valid > 0 for hour in hours)


def test_a_month_is_the_pooled_mean_of_urban_stations(context: Context, tmp_path: Path) -> None:
    rows = a_month()
    import_file(context, workbook(tmp_path, rows))
    pm10 = [one[9] for one in rows if one[1] == "도시대기"]
    asked = PastQuestion(
        provinces=(find_province("대전"),),
        keys=("pm10",),
        after=parse_hour("2024-10-01 00:00"),
        until=parse_hour("2024-10-31 24:00"),
        grain="month",
        standard=HOURLY,
        selection=selection_of("archive"),
    )
    (month,) = page(context.store, asked, 10, None)[0]
    assert month["value"] == pytest.approx(sum(pm10) / len(pm10), abs=0.0005)
    assert month["coverage"] == round(72 / 744, 3)
    recomputed_days_agree(context)


def test_an_unreadable_file_changes_nothing(context: Context, tmp_path: Path) -> None:
    import_file(context, workbook(tmp_path, a_month()))
    version = context.store.version()
    bad = tmp_path / "bad.xlsx"
    bad.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(InputError, match=r"bad\.xlsx"):
        import_file(context, bad)
    text = tmp_path / "half.csv"
    text.write_text(csv_text([row("2024100101"), row("2024139901"), row("2024100103")]), "utf-8")
    report = import_file(context, text)
    assert (report.rows, report.skipped) == (3, {"bad_time": 1})
    assert report.refused
    assert context.store.version() == version
    assert import_file(context, text, partial=True).stored == 0


def test_an_import_that_is_stopped_leaves_nothing_and_is_run_again(
    context: Context, tmp_path: Path
) -> None:
    path = workbook(tmp_path, a_month())

    class StoppedError(Exception):
        pass

    def stop(_share: float) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        import_file(context, path, stop)
    with context.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(station_hour)) == 0
    assert import_file(context, path).stored == 216


def test_the_real_workbooks_import_once(database_url: str, tmp_path: Path) -> None:
    """Read when they are there; the same with our own workbook stands above."""
    for path in REAL:
        shutil.copy(path, tmp_path)
    made = runtime_at(database_url, NOW.isoformat())
    reports = [import_file(made, path) for path in sorted(tmp_path.glob("airkorea*.xlsx"))]
    assert [report.stored for report in reports] == [9672, 9360, 9672][: len(reports)]
    again = [import_file(made, path) for path in sorted(tmp_path.glob("airkorea*.xlsx"))]
    assert not any(report.stored or report.changed for report in again)
    if reports:
        recomputed_days_agree(made)
        with made.store.read() as connection:
            assert connection.scalar(select(func.count()).select_from(station_hour_rev)) == 0
    made.store.close()


def test_hours_before_a_standard_take_the_one_in_force_then(
    context: Context, tmp_path: Path
) -> None:
    standards = load_standards(ROOT / "config" / "standards")
    rows = [row(f"201801{day:02}{h:02}", pm25=45) for day in (1, 2) for h in range(1, 25)]
    import_file(context, workbook(tmp_path, rows))
    asked = PastQuestion(
        provinces=(find_province("대전"),),
        keys=("pm25",),
        after=parse_hour("2018-01-02 23:00"),
        until=parse_hour("2018-01-02 24:00"),
        grain="hour",
        standard=standards["airkorea"],
        selection=selection_of("archive"),
    )
    then = replace(asked, family=(standards["airkorea"], standards["airkorea_2015"]))
    (by_name,), (by_time,) = (page(context.store, one, 10, None)[0] for one in (asked, then))
    assert (by_name["standard"], by_name["letter"], by_name["in_force"]) == ("airkorea", "C", False)
    assert (by_time["standard"], by_time["letter"], by_time["in_force"]) == (
        "airkorea_2015",
        "B",
        True,
    )

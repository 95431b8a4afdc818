"""Exports over both engines: what rows say, all formats alike, the route like the command."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import requests
from sqlalchemy import create_engine, text

from aq.__main__ import run
from aq.context import Context, selection_of
from aq.domain.clock import HOUR, day_bounds
from aq.domain.pollutants import KEYS
from aq.domain.provinces import PROVINCES
from aq.domain.standards import Standard
from aq.export import parquet_xlsx as binary
from aq.export.csv_json import harmless
from aq.export.pipeline import Tally, answer
from aq.export.query import ask, from_dict
from aq.queries import items as history
from aq.queries.question import PastQuestion
from tests.exporting import RANGE, confirmed, export, filled, read_back, use
from tests.serving import HOUR_20, make_runtime, served

# The columns that each of several standards has.
JUDGED = ("value", "averaging", "index", "dominant", "grade", "letter", "label", "feed")
FORMATS = ("csv", "parquet", "xlsx", "json", "jsonl")


@pytest.fixture
def context(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    use(monkeypatch, database_url)
    made = make_runtime(database_url)
    yield made
    made.store.close()


def rows(tmp_path: Path, *options: str, name: str = "rows.csv") -> list[dict[str, Any]]:
    path = tmp_path / name
    assert export(path, *options) == 0
    return read_back(path)


@pytest.mark.parametrize(
    "options", [(), ("--level", "station"), ("--grain", "day"), ("--grain", "month")]
)
def test_every_format_holds_the_same_values_grades_and_nulls(
    context: Context, tmp_path: Path, options: tuple[str, ...]
) -> None:
    filled(context)
    some = (*options, "--province", "서울", "--province", "세종", "--province", "제주")
    first, *others = [rows(tmp_path, *some, name=f"out.{form}") for form in FORMATS]
    assert len(first) > 17
    assert {cell is None for row in first for cell in row.values()} == {True, False}
    for form, other in zip(FORMATS[1:], others, strict=True):
        plain = [
            {k: "'" + v if isinstance(v, str) and harmless(v) != v else v for k, v in row.items()}
            for row in other
        ]
        assert plain == first, form


def test_an_hour_has_its_fields(context: Context, tmp_path: Path) -> None:
    filled(context)
    path = tmp_path / "a.csv"
    assert export(path, "--province", "서울", "--pollutant", "pm10") == 0
    lines = path.read_text("utf-8").splitlines()
    assert len(lines) == 1 + 30
    names = lines[0].split(",")
    last = dict(zip(names, lines[-1].replace('"KST, hour end"', "zone").split(","), strict=True))
    # 62.0 of one station and 80.1 of four, roadside left out: 382.4 / 5, half-up
    assert last == {
        **dict.fromkeys(names, ""),
        "province": "서울",
        "code": "KR-11",
        "network": "도시대기",
        "pollutant": "pm10",
        "at": "2026-11-23T20:00:00+09:00",
        "value": "76.5",
        "unit": "µg/m³",
        "averaging": "1h",
        "zone": "zone",
        "grade": "2",
        "letter": "B",
        "label": "보통",
        "standard": "airkorea_1h",
        "standard_version": last["standard_version"],
        "in_force": "true",
        "feed": "airkorea",
        "kind": "observed",
        "status": "preliminary",
        "stations": "5",
        "stations_expected": "5",
        "coverage": "1.000",
        "thin": "false",
    }


def test_numbers_are_exact_decimals_at_the_scale_they_are_kept_in(
    context: Context, tmp_path: Path
) -> None:
    filled(context)
    seen: dict[str, set[int]] = {}
    for form in ("csv", "jsonl"):
        for grain in ("hour", "day"):
            path = tmp_path / f"{grain}.{form}"
            assert export(path, "--grain", grain, "--columns", "pollutant,value") == 0
            for line in path.read_text("utf-8").splitlines():
                number = line.split(",")[1].split(":")[-1].strip(" }")
                if number[:1].isdigit():
                    key = next(key for key in KEYS if key in line)
                    seen.setdefault(f"{grain} {key}", set()).add(len(number.split(".")[1]))
    digits = {"pm10": 1, "pm25": 1, "so2": 4, "o3": 4, "no2": 4, "co": 2}
    assert seen == {
        f"{grain} {key}": {n + more}
        for key, n in digits.items()
        for grain, more in (("hour", 0), ("day", 2))
    }


def test_a_missing_value_has_its_reason_and_flag_and_is_not_zero(
    context: Context, tmp_path: Path
) -> None:
    filled(context)
    found = rows(tmp_path, "--province", "세종", "--pollutant", "pm10")
    assert (found[-1]["value"], found[-1]["grade"]) == (None, None)
    assert (found[-1]["flag"], found[-1]["missing_reason"]) == ("source:통신장애", "source_flag")
    assert found[-1]["at"] == "2026-11-23T20:00:00+09:00"
    assert found[-1]["stations"] == 0


def test_a_stations_flagged_number_is_printed_and_does_not_count(
    context: Context, tmp_path: Path
) -> None:
    filled(context)
    options = ("--province", "서울", "--pollutant", "o3", "--level", "station")
    found = [row for row in rows(tmp_path, *options) if row["station"] == "서울 0"]
    flagged = next(row for row in found if row["at"] == "2026-11-23T18:00:00+09:00")
    assert (flagged["value"], flagged["flag"], flagged["grade"]) == (0.0314, "implausible", None)
    assert flagged["missing_reason"] == "quality_flag"
    day = rows(tmp_path, *options, "--grain", "day")
    assert [row["hours"] for row in day if row["station"] == "서울 0"] == [3.0]


def test_hours_agree_with_the_history_route(context: Context, tmp_path: Path) -> None:
    filled(context)
    confirmed(context, 311)
    fields = ("province", "pollutant", "at", "value", "grade", "feed", "stations", "coverage")
    for name in ("airkorea_1h", "airkorea", "who_2021"):
        for grain in ("hour", "day", "month"):
            options = ("--standard", name, "--grain", grain)
            mine = [_judged(row, name) for row in rows(tmp_path, *options)]
            mine = [row for row in mine if row["value"] is not None]
            items = _history(context, context.standards[name], grain)
            theirs = [item for item in items if item["value"] is not None]
            if (name, grain) == ("who_2021", "hour"):  # it has no limit of CO by the hour
                theirs = [item for item in theirs if item["grade"] is not None]
            # A window may be of another feed than the hour, whose stations the row tells.
            of = fields[:-2] if grain == "hour" else fields
            wanted = [tuple(item[one] for one in of) for item in theirs]
            assert [tuple(row[one] for one in of) for row in mine] == wanted, options


def _judged(row: dict[str, Any], standard: str) -> dict[str, Any]:
    """A row with the value and grade of a standard that has its own columns."""
    return {**row, **{name: row.get(f"{standard}.{name}", row.get(name)) for name in JUDGED}}


def test_each_of_several_standards_has_its_columns(context: Context, tmp_path: Path) -> None:
    filled(context)
    names = ("who_2021", "airkorea", "airkorea_1h")
    asked = [option for name in names for option in ("--standard", name)]
    for grain in ("hour", "day", "month"):
        for level in ("province", "station"):
            options = ("--grain", grain, "--level", level)
            together = rows(tmp_path, *options, *asked)
            plain = rows(tmp_path, *options)
            fields = ("province", "station", "pollutant", "at", "value", "unit", "feed", "stations")
            same = [[row[one] for one in fields] for row in plain]
            assert [[row[one] for one in fields] for row in together] == same
            reasons = [(row["flag"], row["missing_reason"]) for row in plain]
            assert [(row["flag"], row["missing_reason"]) for row in together] == reasons
            for name in names:
                alone = rows(tmp_path, *options, "--standard", name)
                for row, other in zip(together, alone, strict=True):
                    mine, its = _judged(row, name), _judged(other, name)
                    assert mine["grade"] == its["grade"], (name, grain, mine)
                    assert mine["letter"] == its["letter"]
                    if mine["averaging"] and row["missing_reason"] is None:
                        assert (mine["value"], mine["averaging"]) == (
                            its["value"],
                            its["averaging"],
                        )
            for row in together:
                windows = {row[f"{name}.averaging"] for name in names}
                assert windows <= {"1h", "8h", "24h", "24h-predicted", "1d", None}
    assert {row["airkorea.value"] is None for row in rows(tmp_path, *asked)} == {True, False}


def test_an_hour_of_several_standards_has_one_value_and_several_grades(
    context: Context, tmp_path: Path
) -> None:
    filled(context)
    some = ("--province", "서울", "--pollutant", "pm10")
    options = (*some, "--standard", "who_2021", "--standard", "airkorea_1h")
    [*_, last] = rows(tmp_path, *options)
    # the mean of five stations, and that of the 24 hours that end with it
    assert (last["value"], last["averaging"]) == (76.5, "1h")
    assert (last["airkorea_1h.value"], last["airkorea_1h.grade"]) == (76.5, 2.0)
    assert last["who_2021.averaging"] == "24h"
    assert last["who_2021.value"] != 76.5
    manifest = json.loads((tmp_path / "rows.csv.manifest.json").read_text("utf-8"))
    assert [one["id"] for one in manifest["standards"]] == ["airkorea_1h", "who_2021"]
    assert run(["export", "--verify", str(tmp_path / "rows.csv")]) == 0
    for form in FORMATS[1:]:
        [*_, other] = rows(tmp_path, *options, name=f"one.{form}")
        assert other == last, form


def test_the_same_standard_twice_is_the_standard_once(context: Context, tmp_path: Path) -> None:
    filled(context)
    once, twice = tmp_path / "once.csv", tmp_path / "twice.csv"
    assert export(once, "--standard", "airkorea_1h") == 0
    assert export(twice, "--standard", "airkorea_1h", "--standard", "airkorea_1h") == 0
    assert once.read_bytes() == twice.read_bytes()
    assert export(tmp_path / "odd.csv", "--standard", "airkorea_1h", "--standard", "kr") == 2
    assert not (tmp_path / "odd.csv").exists()


def test_a_file_of_a_longer_standard_from_before_is_asked_again_in_its_columns(
    context: Context,
) -> None:
    filled(context)
    given = {"since": "2026-11-22", "until": "2026-11-23", "standard": "airkorea"}
    now = ask(context, given)
    then = {**now.as_dict(), "standard": "airkorea", "columns": ["at", "value", "grade"]}
    del then["standards"]
    question = from_dict(context, then)
    assert not question.apart
    assert question.as_dict() == then
    assert b"".join(answer(context.store, question, Tally())).startswith(b"at,value,grade\n")


def _history(context: Context, standard: Standard, grain: str) -> list[dict[str, Any]]:
    after, until = day_bounds((HOUR_20 - 24 * HOUR).date())[0], day_bounds(HOUR_20.date())[1]
    question = PastQuestion(
        provinces=PROVINCES,
        keys=tuple(KEYS),
        after=after,
        until=until,
        grain=grain,
        standard=standard,
        selection=selection_of(*context.settings.feeds.prefer),
    )
    return history.page(context.store, question, 10**6, None)[0]


def test_hours_per_grade_are_those_kept_with_the_days(context: Context, tmp_path: Path) -> None:
    filled(context)
    query = """SELECT g.pollutant, g.province, g.day, g.h1, g.h2, g.h3, g.h4, g.worst
               FROM province_day_grade g JOIN standard s ON s.id = g.standard
               WHERE s.name = :name"""
    for name in ("airkorea_1h", "airkorea"):
        found = rows(tmp_path, "--standard", name, "--grain", "day")
        with context.store.read() as connection:
            kept = {
                (row[0], PROVINCES[row[1] - 1].ko, row[2] % 2): list(row[3:])
                for row in connection.execute(text(query), {"name": name})
            }
        counts = ("hours_1", "hours_2", "hours_3", "hours_4", "worst_grade")
        assert sum(row["hours_1"] + row["hours_2"] for row in found) > 1000
        for row in found:
            parity = 0 if row["at"] == "2026-11-22" else 1
            day = next(
                values
                for (key, place, odd), values in kept.items()
                if (key, place) == (row["pollutant"], row["province"])
                and (odd == 20779 % 2) == (parity == 0)
            )
            assert [row[one] for one in counts] == day


def test_each_hour_comes_from_the_most_preferred_feed_that_has_it(
    context: Context, tmp_path: Path
) -> None:
    filled(context)
    confirmed(context, 311)
    seoul = ("--province", "KR-11", "--pollutant", "pm10")
    found = {row["at"][:13]: row for row in rows(tmp_path, *seoul)}
    assert (found["2026-11-23T15"]["feed"], found["2026-11-23T15"]["value"]) == ("archive", 31.1)
    assert (found["2026-11-23T15"]["status"], found["2026-11-23T16"]["feed"]) == (
        "confirmed",
        "airkorea",
    )
    alone = rows(tmp_path, *seoul, "--feed", "airkorea")
    assert {row["feed"] for row in alone} == {"airkorea"}
    days = rows(tmp_path, *seoul, "--grain", "day")
    assert [(row["feed"], row["hours"], row["coverage"]) for row in days] == [
        ("airkorea", 10.0, 0.417),
        ("archive", 3.0, 0.125),
    ]


def test_columns_are_picked_in_order(context: Context, tmp_path: Path) -> None:
    filled(context)
    found = rows(tmp_path, "--columns", "value,at,province")
    assert list(found[0]) == ["value", "at", "province"]
    path = tmp_path / "one.csv"
    assert export(path, "--columns", "at", "--bom") == 0
    assert path.read_bytes().startswith(b"\xef\xbb\xbfat\n2026-11-22T15:00:00+09:00\n")


def test_every_standard_and_its_index_can_be_exported(context: Context, tmp_path: Path) -> None:
    filled(context)
    for name, standard in context.standards.items():
        found = rows(tmp_path, "--standard", name, "--grain", "day")
        assert f"hours_{len(standard.levels)}" in found[0]
        if standard.overall:
            hours = rows(tmp_path, "--standard", name, "--pollutant", "overall")
            assert {row["unit"] for row in hours} == {None}
            judged = [_judged(row, name) for row in hours]
            assert any(row["grade"] for row in judged)
            assert all(row["dominant"] in KEYS for row in judged if row["grade"])
            for row in judged:
                assert (row["missing_reason"] is None) == (row["grade"] is not None)


def test_the_route_gives_the_bytes_of_the_command(context: Context, tmp_path: Path) -> None:
    filled(context)
    with served(context) as base:
        for form in FORMATS:
            path = tmp_path / f"a.{form}"
            assert export(path, "--grain", "day", "--province", "서울") == 0
            address = (
                f"{base}/api/v1/export?since=2026-11-22&until=2026-11-23&grain=day"
                f"&province=KR-11&format={form}"
            )
            answer = requests.get(address, timeout=60)
            assert answer.status_code == 200, answer.text
            assert answer.content == path.read_bytes()
            assert answer.headers["content-disposition"].endswith(f'.{form}"')
            again = requests.get(
                address, headers={"If-None-Match": answer.headers["etag"]}, timeout=60
            )
            assert (again.status_code, again.content) == (304, b"")
        confirmed(context, 311)
        new = requests.get(address, headers={"If-None-Match": answer.headers["etag"]}, timeout=60)
        assert new.status_code == 200


def test_the_bytes_are_the_same_on_both_engines(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE same_bytes"))
    urls = (f"sqlite:///{tmp_path / 'a.db'}", postgres.replace("/postgres?", "/same_bytes?"))
    found: list[dict[str, bytes]] = []
    for url in urls:
        use(monkeypatch, url)
        context = make_runtime(url)
        filled(context)
        confirmed(context, 311)
        found.append({})
        for form in FORMATS:
            for options in (
                (),
                ("--level", "station"),
                ("--grain", "day", "--standard", "airkorea"),
            ):
                path = tmp_path / f"a.{form}"
                assert export(path, *options, "--pollutant", "pm10", "--pollutant", "o3") == 0
                found[-1][f"{form} {options}"] = path.read_bytes()
        context.store.close()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE same_bytes WITH (FORCE)"))
    admin.dispose()
    assert found[0] == found[1]


def test_text_that_begins_like_a_formula_is_made_harmless(context: Context, tmp_path: Path) -> None:
    filled(context)
    options = ("--level", "station", "--pollutant", "pm10", "--columns", "station,value")
    assert "'=cmd|' /C calc'!A0" in {row["station"] for row in rows(tmp_path, *options)}
    names = {row["station"] for row in rows(tmp_path, *options, name="a.xlsx")}
    assert "=cmd|' /C calc'!A0" in names  # written as a string cell
    import zipfile

    sheet = zipfile.ZipFile(tmp_path / "a.xlsx").read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\ta", "\r=1"])
def test_each_beginning_of_a_formula_is_known(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(f"a{text}") == f"a{text}"


def test_rows_beyond_a_sheet_go_on_the_next(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(context)
    whole = rows(tmp_path, "--province", "서울", name="a.xlsx")
    monkeypatch.setattr(binary, "SHEET_ROWS", 50)
    split = rows(tmp_path, "--province", "서울", name="b.xlsx")
    assert split == whole
    assert len(whole) == 30 * 6


def test_parquet_is_typed_and_says_what_it_is(context: Context, tmp_path: Path) -> None:
    filled(context)
    path = tmp_path / "a.parquet"
    assert export(path) == 0
    schema = pq.read_schema(path)
    types = {field.name: str(field.type) for field in schema}
    assert types["at"] == "timestamp[ms, tz=+09:00]"
    assert (types["value"], types["grade"], types["thin"]) == ("double", "int32", "bool")
    assert json.loads(schema.metadata[b"units"])["pm10"] == "µg/m³"
    assert "에어코리아" in schema.metadata[b"feeds"].decode()
    assert b"hour" in schema.field("zone").metadata[b"about"]


def test_an_earlier_state_is_exported_as_of_then(context: Context, tmp_path: Path) -> None:
    filled(context)
    before = rows(tmp_path)
    version = context.store.version()
    confirmed(context, 311)
    confirmed(context, 555)
    question = {"since": RANGE[1], "until": RANGE[3], "as_of": "2026-11-23"}
    assert ask(context, question).version == version + 2
    manifest = json.loads((tmp_path / "rows.csv.manifest.json").read_text("utf-8"))
    assert manifest["as_of"]["version"] == version
    assert rows(tmp_path) != before


def test_no_data_frame_or_page_library_is_loaded() -> None:
    code = (
        "import sys, aq.cli.export\n"
        "found = {'pandas', 'streamlit', 'plotly', 'pyarrow'} & set(sys.modules)\n"
        "sys.exit(', '.join(found) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")

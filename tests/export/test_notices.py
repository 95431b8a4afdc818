"""Exports of the authority's word: every notice as it was issued, every advisory, as known then."""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import requests

from aq.__main__ import run
from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import DAILY, OVER_50, WEEKLY, Advisory, ForecastNotice, YellowDust
from aq.domain.provinces import PROVINCES
from aq.export.pipeline import Tally, answer, estimate
from aq.export.query import ask
from aq.queries.official import forecast_answer
from aq.store.notices import put_advisories, put_forecasts
from aq.store.yellow_dust import put_yellow_dust
from tests.conftest import NOW
from tests.exporting import export, filled, read_back, use
from tests.serving import make_runtime, served

FORMATS = ("csv", "parquet", "xlsx", "json", "jsonl")
AHEAD = ("--since", "2026-11-20", "--until", "2026-11-30")
TOMORROW = date(2026, 11, 24)
FORECAST = ("--kind", "forecast")
ADVISORY = ("--kind", "advisory")


def notice(hours: float, *words: tuple[str, str], **more: Any) -> ForecastNotice:
    given: dict[str, Any] = {"kind": DAILY, "pollutant": "pm25", "day": TOMORROW, "cause": "=1+1"}
    return ForecastNotice(issued_at=NOW - hours * HOUR, words=words, **given | more)


def act(word: str, issued: float, cleared: float | None, **more: Any) -> Advisory:
    given: dict[str, Any] = {"pollutant": "pm25", "district": "경기", "zone": "남부권"}
    return Advisory(
        word=word,
        issued_at=NOW - issued * HOUR,
        cleared_at=None if cleared is None else NOW - cleared * HOUR,
        issue_value=785,
        **given | more,
    )


def test_acts_of_yellow_dust_stand_among_the_advisories_without_level_and_end(
    context: Context, tmp_path: Path
) -> None:
    dust = YellowDust(at=NOW - 40 * HOUR, told="x", sequence="1", areas="서울, 인천")
    with context.store.write("t") as txn:
        put_yellow_dust(txn, [dust])
    found = [one for one in rows(tmp_path, *ADVISORY) if one["pollutant"] == "yellow_dust"]
    (act_of_dust,) = found
    assert act_of_dust["codes"] == "KR-11,KR-28"
    assert (act_of_dust["district"], act_of_dust["label"]) == ("서울, 인천", "황사")
    nothing = ("level", "issue_value", "cleared_at", "clear_value", "max_value", "unit", "zone")
    assert [act_of_dust[name] for name in nothing] == [None] * 7
    assert not [
        one
        for one in rows(tmp_path, *ADVISORY, "--pollutant", "pm25", name="pm25.jsonl")
        if one["pollutant"] == "yellow_dust"
    ]
    path = tmp_path / "rows.jsonl"
    assert run(["export", "--verify", str(path)]) == 0


def told(context: Context, *rows: Any) -> None:
    """Keep notices and advisories, as one poll."""
    with context.store.write("t") as txn:
        put_forecasts(txn, [one for one in rows if isinstance(one, ForecastNotice)])
        put_advisories(txn, [one for one in rows if isinstance(one, Advisory)])


@pytest.fixture
def context(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    use(monkeypatch, database_url)
    made = make_runtime(database_url)
    told(
        made,
        notice(9, ("서울", "보통"), ("경기남부", "나쁨")),
        notice(3, ("서울", "나쁨"), ("경기남부", "나쁨"), ("경기북부", "보통"), ("평양", "좋음")),
        notice(3, ("서울", "높음"), kind=WEEKLY, day=date(2026, 11, 26), confidence="보통"),
        notice(3, ("서울", "예보없음"), pollutant="pm10"),
        act("주의보", 30, 5),
        act("경보", 2, None),
        act("주의보", 9, 5, district="전남광주", zone="서부권", pollutant="o3"),
        act("주의보", 8, 7, district="아무데", zone="=권"),
    )
    yield made
    made.store.close()


def rows(tmp_path: Path, *options: str, name: str = "rows.jsonl") -> list[dict[str, Any]]:
    path = tmp_path / name
    assert export(path, *options, since=AHEAD) == 0
    return read_back(path)


NUMBERS = ("issue_value", "clear_value", "grade", "levels", "lead_days", "level")


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row of any format in one form, without the apostrophe of a formula in CSV."""
    return {key: _plain(key, cell) for key, cell in row.items()}


def _plain(key: str, cell: Any) -> str:
    if cell is None:
        return ""
    if key in NUMBERS:
        return f"{float(cell):.4f}"
    return str(cell).lower() if isinstance(cell, bool) else str(cell).removeprefix("'")


def test_every_notice_is_exported_as_it_was_issued(context: Context, tmp_path: Path) -> None:
    found = rows(tmp_path, *FORECAST)
    assert len(found) == 4 * 17 + 1
    assert {row["latest"] for row in found if row["pollutant"] == "pm10"} == {True}
    early, late = (
        row
        for row in found
        if (row["province"], row["day"], row["pollutant"]) == ("경기", "2026-11-24", "pm25")
    )
    assert (early["issued_at"], early["latest"]) == ("2026-11-23T11:25:00+09:00", False)
    assert late == {
        "province": "경기",
        "code": "KR-41",
        "pollutant": "pm25",
        "day": "2026-11-24",
        "issued_at": "2026-11-23T17:25:00+09:00",
        "lead_days": 1,
        "latest": True,
        "grade": 3,
        "levels": 4,
        "letter": "C",
        "label": "나쁨",
        "regions": "경기남부 나쁨; 경기북부 보통",
        "overall": None,
        "cause": "=1+1",
        "confidence": None,
        "feed": "airkorea_forecast",
        "kind": "daily",
    }
    weekly = next(row for row in found if row["kind"] == "weekly")
    assert (weekly["grade"], weekly["letter"], weekly["label"]) == (2, None, "높음")
    assert weekly["confidence"] == "보통"
    unknown = next(row for row in found if row["province"] is None)
    assert (unknown["regions"], unknown["grade"]) == ("평양 좋음", None)
    none = next(row for row in found if row["pollutant"] == "pm10")
    assert (none["province"], none["label"], none["grade"]) == ("서울", "예보없음", None)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_days_above_50_are_exported_beside_the_grades(
    context: Context, tmp_path: Path, form: str
) -> None:
    """Each notice as it was issued, in its own two words; the strip's days to come say the same."""
    after = TOMORROW + timedelta(days=1)
    told(
        context,
        notice(9, ("서울", "50 초과"), ("경기", "50 이하"), kind=OVER_50),
        notice(3, ("서울", "50 이하"), ("경기", "50 초과"), kind=OVER_50),
        notice(3, ("서울", "50 초과"), kind=OVER_50, day=after),
    )
    found = rows(tmp_path, *FORECAST, name=f"rows.{form}")
    above = [plain(row) for row in found if row["kind"] == "over50" and row["label"]]
    assert [
        (row["province"], row["day"], row["latest"], row["label"], row["grade"][:1])
        for row in above
    ] == [
        ("서울", "2026-11-24", "false", "50 초과", "2"),
        ("경기", "2026-11-24", "false", "50 이하", "1"),
        ("서울", "2026-11-24", "true", "50 이하", "1"),
        ("경기", "2026-11-24", "true", "50 초과", "2"),
        ("서울", "2026-11-25", "true", "50 초과", "2"),
    ]
    assert {(row["pollutant"], row["levels"][:1], row["letter"]) for row in above} == {
        ("pm25", "2", "")
    }
    # The grades of the same day keep their own newest notice.
    graded = [row for row in found if row["kind"] == "daily" and row["pollutant"] == "pm25"]
    assert {str(row["latest"]).lower() for row in graded} == {"true", "false"}
    assert run(["export", "--verify", str(tmp_path / f"rows.{form}")]) == 0
    with served(context) as address:
        chips = requests.get(f"{address}/strip.json?days=2&pollutant=pm25", timeout=60).json()
        page = requests.get(f"{address}/strip?days=2&pollutant=pm25", timeout=60).text
    said = {chip["province"]: [day["over_50"] for day in chip["ahead"]] for chip in chips["chips"]}
    assert (said["서울"], said["경기"], said["제주"]) == ([False, True], [True, False], [False] * 2)
    assert page.count("&gt;50") == 2
    assert page.count("50 µg/m³ 초과") == 4


def test_the_latest_rows_are_what_the_route_says(context: Context, tmp_path: Path) -> None:
    mine = {
        (row["province"], row["pollutant"], row["day"]): (row["grade"], row["issued_at"])
        for row in rows(tmp_path, *FORECAST)
        if row["latest"] and row["province"]
    }
    said = forecast_answer(context, NOW, PROVINCES, ("pm10", "pm25", "o3"))["items"]
    assert mine == {
        (one["province"], one["pollutant"], one["day"]): (one["grade"], one["issued_at"])
        for one in said
    }


def test_every_advisory_is_exported(context: Context, tmp_path: Path) -> None:
    found = rows(tmp_path, *ADVISORY)
    assert [row["label"] for row in found] == ["주의보", "주의보", "주의보", "경보"]
    assert found[-1] == {
        "provinces": "경기",
        "codes": "KR-41",
        "district": "경기",
        "zone": "남부권",
        "pollutant": "pm25",
        "level": 2,
        "label": "경보",
        "issued_at": "2026-11-23T18:25:00+09:00",
        "issue_value": 78.5,
        "cleared_at": None,
        "clear_value": None,
        "max_value": None,
        "unit": "µg/m³",
        "feed": "airkorea_alarm",
    }
    assert found[1]["codes"] == "KR-29,KR-46"
    some = rows(tmp_path, *ADVISORY, "--province", "전남", "--pollutant", "o3")
    assert [row["issue_value"] for row in some] == [0.0785]
    unknown = next(row for row in found if row["district"] == "아무데")
    assert unknown["provinces"] is None


@pytest.mark.parametrize("kind", ["forecast", "advisory"])
def test_every_format_holds_the_same(context: Context, tmp_path: Path, kind: str) -> None:
    first, *others = [
        [plain(row) for row in rows(tmp_path, "--kind", kind, name=f"out.{form}")]
        for form in FORMATS
    ]
    assert len(first) >= 4
    for form, other in zip(FORMATS[1:], others, strict=True):
        assert other == first, form
    text = (tmp_path / "out.csv").read_text("utf-8")
    assert ("'=1+1" if kind == "forecast" else "'=권") in text
    types = {one.name: str(one.type) for one in pq.read_schema(tmp_path / "out.parquet")}
    assert types["issued_at"] == "timestamp[ms, tz=+09:00]"
    assert types.get("day", "date32[day]") == "date32[day]"


@pytest.mark.parametrize("kind", ["forecast", "advisory"])
@pytest.mark.parametrize("form", FORMATS)
def test_a_file_is_verified_after_a_correction_and_asked_as_of_before(
    context: Context, tmp_path: Path, kind: str, form: str
) -> None:
    path = tmp_path / f"a.{form}"
    options = ("--kind", kind)
    assert export(path, *options, since=AHEAD) == 0
    before = path.read_bytes()
    told(
        context,
        notice(3, ("서울", "매우나쁨")),
        notice(1, ("서울", "좋음")),
        act("경보", 2, 1),
        act("주의보", 0.5, None, zone="북부권"),
    )
    assert run(["export", "--verify", str(path)]) == 0
    content = json.loads((tmp_path / f"a.{form}.manifest.json").read_text("utf-8"))
    assert content["question"]["kind"] == kind
    assert content["feeds"][0]["attribution"]
    assert content["feeds"][0]["feed"].startswith("airkorea_")
    assert export(path, *options, since=AHEAD) == 0
    assert path.read_bytes() != before
    assert run(["export", "--verify", str(path)]) == 0


def test_what_was_known_then_is_asked_by_as_of(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AQ_CLOCK", (NOW + 3 * HOUR).isoformat())
    before = rows(tmp_path, *FORECAST)
    later = make_runtime(context.settings.database_url, AQ_CLOCK=(NOW + 2 * HOUR).isoformat())
    told(later, notice(-1, ("서울", "좋음")))
    later.store.close()
    assert len(rows(tmp_path, *FORECAST)) == len(before) + 17
    assert rows(tmp_path, *FORECAST, "--as-of", (NOW + HOUR).isoformat()) == before


@pytest.mark.parametrize("kind", ["forecast", "advisory"])
def test_the_route_gives_the_bytes_of_the_command(
    context: Context, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "a.csv"
    assert export(path, "--kind", kind, "--province", "경기", since=AHEAD) == 0
    given = {"since": AHEAD[1], "until": AHEAD[3], "kind": kind, "province": "경기"}
    with served(context) as base:
        found = requests.get(f"{base}/api/v1/export", params=given, timeout=10)
    assert found.content == path.read_bytes()
    assert f"air-{kind}-" in found.headers["Content-Disposition"]


def test_the_estimate_is_an_upper_bound(context: Context) -> None:
    for kind in ("forecast", "advisory"):
        given = {"since": AHEAD[1], "until": AHEAD[3], "kind": kind}
        question, tally = ask(context, given), Tally()
        list(answer(context.store, question, tally))
        assert 0 < tally.rows <= estimate(context.store, question)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"kind": "weather"}, "kind"),
        ({"kind": "forecast", "grain": "hour"}, "grain"),
        ({"kind": "forecast", "level": "station"}, "level"),
        ({"kind": "advisory", "standard": "who_2021"}, "standard"),
        ({"kind": "advisory", "feed": "airkorea"}, "feed"),
        ({"kind": "forecast", "pollutant": "no2"}, "pollutant"),
        ({"kind": "forecast", "columns": "value"}, "columns"),
        ({"kind": "forecast", "since": "2027-01-01", "until": "2027-01-02"}, "since"),
        ({"kind": "advisory", "since": "2026-11-25"}, "since"),
    ],
)
def test_bad_input_is_refused_and_nothing_is_written(
    context: Context, tmp_path: Path, given: dict[str, str], field: str
) -> None:
    asked = {"since": AHEAD[1], "until": AHEAD[3], **given}
    options = [part for key, value in asked.items() for part in (f"--{key}", value)]
    assert run(["export", *options, "-o", str(tmp_path / "out.csv")]) == 2
    assert not list(tmp_path.glob("out*"))
    with served(context) as base:
        found = requests.get(f"{base}/api/v1/export", params=asked, timeout=10)
    assert (found.status_code, found.json()["error"]["field"]) == (400, field)


def test_readings_keep_the_question_they_had(context: Context, tmp_path: Path) -> None:
    filled(context)
    assert export(tmp_path / "a.csv") == 0
    content = json.loads((tmp_path / "a.csv.manifest.json").read_text("utf-8"))
    assert "kind" not in content["question"]

"""A file exported before against today's answer: values stand, other grades are counted by rule."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from aq.__main__ import run
from aq.context import Context
from aq.export.recheck import (
    EVERY_WINDOW,
    FOUR_DIGITS,
    HOURS_NEEDED,
    NEEDS_PM,
    ONE_ROUNDING,
    TOP_ROW,
    US_PM10,
    compare,
)
from tests.exporting import export, filled, use
from tests.serving import make_runtime

HEAD = "province,pollutant,at,value,averaging,index,grade,letter,standard,missing_reason\n"


def line(
    value: str, grade: str, index: str = "", *, key: str = "pm10", of: str = "airkorea_1h"
) -> str:
    averaging = "24h-predicted" if of == "airkorea" and key.startswith("pm") else "1h"
    return f"서울,{key},2026-11-23T20:00:00+09:00,{value},{averaging},{index},{grade},,{of},\n"


def compared(tmp_path: Path, before: str, now: str) -> tuple[bool, dict[str, int]]:
    paths = [tmp_path / "before.csv", tmp_path / "now.csv"]
    for path, rows in zip(paths, (before, now), strict=True):
        path.write_text(HEAD + rows, "utf-8")
    result = compare(*paths, "csv")
    return result.same_values, dict(result.rules)


@pytest.mark.parametrize(
    ("before", "now", "rule"),
    [
        (line("80.5", "3"), line("80.46", "2"), ONE_ROUNDING),
        (line("0.0304", "1", key="o3"), line("0.0304", "2", key="o3"), FOUR_DIGITS),
        (
            line("", "", of="airkorea"),
            line("40.1", "2", "60", of="airkorea"),
            HOURS_NEEDED,
        ),
        (
            line("100.0", "4", "265", key="pm25", of="airkorea"),
            line("100.0", "4", "257", key="pm25", of="airkorea"),
            TOP_ROW,
        ),
        (
            line("", "1", "19", key="overall", of="us_epa_2024"),
            line("", "", key="overall", of="us_epa_2024"),
            NEEDS_PM,
        ),
        (
            line("0.0625", "2", "74", key="o3", of="us_epa_2024"),
            line("0.1500", "3", "132", key="o3", of="us_epa_2024"),
            EVERY_WINDOW,
        ),
        (
            line("475.0", "6", "364", of="us_epa_2024"),
            line("475.0", "6", "357", of="us_epa_2024"),
            US_PM10,
        ),
    ],
)
def test_another_grade_is_counted_under_its_rule(
    tmp_path: Path, before: str, now: str, rule: str
) -> None:
    assert compared(tmp_path, before + line("20.0", "1"), now + line("20.0", "1")) == (
        True,
        {rule: 1},
    )


@pytest.mark.parametrize(
    "now",
    [
        line("80.6", "3"),  # another value
        line("80.5", "3") * 2,  # another number of rows
        line("80.5", "3").replace("서울", "부산"),
        line("80.5", "3").replace("20:00", "21:00"),
    ],
)
def test_another_value_place_or_time_is_another_answer(tmp_path: Path, now: str) -> None:
    assert compared(tmp_path, line("80.5", "3"), now)[0] is False


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    url = f"sqlite:///{tmp_path / 'aq.db'}"
    use(monkeypatch, url)
    made = make_runtime(url)
    filled(made)
    yield made
    made.store.close()


def rewrite(path: Path, old: bytes, new: bytes) -> int:
    """Change a file and what its manifest says of it, as an earlier release would have had it."""
    content = path.read_bytes()
    count = content.count(old)
    path.write_bytes(content.replace(old, new))
    manifest = path.with_name(f"{path.name}.manifest.json")
    told = json.loads(manifest.read_text("utf-8"))
    told["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(told), "utf-8")
    return count


@pytest.mark.parametrize("form", ["csv", "jsonl", "json"])
def test_a_file_of_before_verifies_on_its_values(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    path = tmp_path / f"a.{form}"
    assert export(path, "--province", "서울", "--pollutant", "pm10") == 0
    version = context.standards["airkorea_1h"].version
    # Only the standard's version is another: the content is the same.
    assert rewrite(path, version.encode(), b"2018-03-27.1") > 0
    capsys.readouterr()
    assert run(["export", "--verify", str(path)]) == 0
    assert "same values and grades" in capsys.readouterr().out
    # A grade is another: said with its rule and rows, by an exit code of its own.
    old, new = ('"grade": 2', '"grade": 3') if form != "csv" else (",2,B,", ",3,C,")
    count = rewrite(path, old.encode(), new.encode())
    assert count > 0
    assert run(["export", "--verify", str(path)]) == 3
    told = capsys.readouterr().err
    assert f"{ONE_ROUNDING}: {count:,} rows" in told
    # A value is another: the answer has changed.
    assert rewrite(path, b"62.0", b"61.0") > 0
    assert run(["export", "--verify", str(path)]) == 1
    assert "the answer has changed" in capsys.readouterr().err


TWO = ("airkorea", "airkorea_1h")
TWO_HEAD = "province,pollutant,at,value," + ",".join(
    f"{name}.{column}" for name in TWO for column in ("value", "averaging", "index", "grade")
)


def two(predicted: str, index: str, grade: str, hourly: str, *, value: str = "76.5") -> str:
    cells = f"{predicted},24h-predicted,{index},{grade},{value},1h,,{hourly}"
    return f"서울,pm10,2026-11-23T20:00:00+09:00,{value},{cells}\n"


@pytest.mark.parametrize(
    ("before", "now", "rules"),
    [
        (two("100.0", "130", "3", "2"), two("100.0", "129", "3", "2"), {ONE_ROUNDING: 1}),
        # The columns of airkorea_1h are not taken for those of airkorea.
        (two("", "", "", "2"), two("40.1", "60", "2", "2"), {HOURS_NEEDED: 1}),
        (
            two("300.0", "265", "4", "3"),
            two("300.0", "257", "4", "2"),
            {TOP_ROW: 1, ONE_ROUNDING: 1},
        ),
    ],
)
def test_each_of_several_standards_is_looked_at_by_itself(
    tmp_path: Path, before: str, now: str, rules: dict[str, int]
) -> None:
    paths = [tmp_path / "before.csv", tmp_path / "now.csv"]
    same = two("50.0", "70", "2", "2")
    for path, rows in zip(paths, (before, now), strict=True):
        path.write_text(f"{TWO_HEAD}\n{rows}{same}", "utf-8")
    result = compare(*paths, "csv")
    assert (result.same_values, dict(result.rules)) == (True, rules)
    assert (result.rows, result.regraded) == (2, 1)


def test_a_value_of_a_standard_that_no_rule_changes_is_another_answer(tmp_path: Path) -> None:
    paths = [tmp_path / "before.csv", tmp_path / "now.csv"]
    for path, predicted in zip(paths, ("50.0", "51.0"), strict=True):
        path.write_text(f"{TWO_HEAD}\n{two(predicted, '70', '2', '2')}", "utf-8")
    assert not compare(*paths, "csv").same_values


def test_a_file_of_several_standards_says_its_rules_by_exit_code(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "two.csv"
    asked = ("--province", "서울", "--pollutant", "pm10", "--columns", "at,value,airkorea_1h.grade")
    assert export(path, *asked, "--standard", "airkorea_1h", "--standard", "who_2021") == 0
    count = rewrite(path, b",2\n", b",3\n")
    assert count > 0
    capsys.readouterr()
    assert run(["export", "--verify", str(path)]) == 3
    assert f"rows {count:,} have another grade today" in capsys.readouterr().err

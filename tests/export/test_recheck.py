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

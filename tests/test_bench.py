"""The benches' own books: goals, the table, the stores they build. What they measure is no test."""

import ast
import importlib
import importlib.util
import sqlite3
from pathlib import Path

import pytest

from aq.domain.pollutants import KEYS
from aq.feeds.registry import FEED_IDS
from aq.store.reads import days, province_hours
from aq.store.rollups import pool_days
from bench.data import Stores, fill_days, open_runtime
from bench.report import ROOT, Case, below, faster, table
from tests.serving import fill


def _case(**more: object) -> Case:
    given: dict[str, object] = {"bench": "store", "case": "a year", "ours": 0.01, "runs": 3}
    return Case(**{**given, **more})  # type: ignore[arg-type]


def test_a_goal_is_reached_at_its_bound_and_not_beyond() -> None:
    assert faster("pandas", 5.0, 0.01, 500).reached
    assert not faster("pandas", 4.99, 0.01, 500).reached
    assert below("MB", 250, 250).reached
    assert not below("MB", 250.1, 250).reached


def test_a_case_is_reached_when_all_of_its_goals_are() -> None:
    good, bad = below("MB", 1, 2), below("ms", 3, 2)
    assert _case(goals=(good,)).reached is True
    assert _case(goals=(good, bad)).reached is False
    assert _case().reached is None


def test_the_table_says_what_is_not_reached_and_what_was_found() -> None:
    goals = (faster("pandas", 5.0, 0.01, 500), below("ms", 61, 50))
    lines = table([_case(plain=5.0, limit=0.005, goals=goals)]).splitlines()
    assert len(lines) == 3
    assert lines[1].split()[:2] == ["store", "a"]
    assert "10 ms" in lines[1]
    assert "yes" in lines[1]
    assert "500 × pandas (500)" in lines[1]
    assert "NO" in lines[2]
    assert "(61)" in lines[2]


def test_results_hold_every_figure_of_a_case() -> None:
    found = _case(plain=5.0, goals=(below("ms", 61, 50),)).as_dict()
    assert found["reached"] is False
    assert found["goals"] == [
        {"text": "ms ≤ 50", "found": 61, "bound": 50, "at_most": True, "reached": False}
    ]
    assert found["limit"] is None


def test_days_pooled_in_sql_are_those_the_store_pools(tmp_path: Path) -> None:
    url = Stores(tmp_path).url(1)
    context = open_runtime(url)
    fill(context, hours=60)
    with sqlite3.connect(Stores(tmp_path).path(1)) as connection:
        connection.execute("DELETE FROM province_day")
        fill_days(connection, FEED_IDS["airkorea"])
    with context.store.read() as read:
        hours = province_hours(read, range(1, 18), 0, 10**7)
        want = {day[:3]: day._replace(top=None) for day in pool_days(hours)}
        found = [row for key in KEYS for row in days(read, key, range(1, 18), 0, 10**6)]
    context.store.close()
    assert len(found) == len(want) > 17 * 6
    for row in found:
        assert row == want[row[:3]]


@pytest.mark.parametrize("path", sorted((ROOT / "bench").glob("*.py")), ids=lambda path: path.stem)
def test_what_a_bench_imports_when_it_runs_is_there(path: Path) -> None:
    for found in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(found, ast.ImportFrom) and (found.module or "").startswith("aq."):
            module = importlib.import_module(found.module or "")
            for name in found.names:
                assert hasattr(module, name.name) or importlib.util.find_spec(
                    f"{found.module}.{name.name}"
                ), (found.module, name.name)

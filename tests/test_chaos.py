"""Killed at random moments nothing is lost or counted twice; nonsense never crashes a reader.

`make chaos` does the same with large counts.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aq.__main__ import run
from aq.domain.clock import Clock
from aq.simulator.scenario import KINDS
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from chaos import QUICK
from chaos.faults import SAID, faults
from chaos.killing import ACTIONS, LATER, Killing
from chaos.nonsense import Imports, parse_nonsense, spoiled_file
from chaos.places import Databases, Files, databases
from chaos.replicas import live
from chaos.stopping import stopped
from chaos.storm import each_hours
from chaos.storm import live as storm

SEEDS = st.integers(0, 2**32)


@pytest.mark.parametrize("action", ACTIONS)
def test_killed_with_9_and_done_again_is_as_if_nothing_had_been(
    action: str, tmp_path: Path
) -> None:
    with SimulatorServer(World(34), Clock(LATER)) as simulator:
        one = Killing(Files(tmp_path), tmp_path, simulator).run(action, 2)
    assert (one.lost, one.twice, one.damaged, one.survived) == (0, 0, 0, 2)


def test_after_each_fault_of_a_source_the_store_is_as_if_it_had_not_been(tmp_path: Path) -> None:
    lines = {line.what.removeprefix("fault: "): line for line in faults(QUICK, tmp_path)}
    assert set(lines) == set(KINDS)
    assert [(line.what, line.lost, line.twice) for line in lines.values() if not line.ok] == []
    assert {kind: line.note for kind, line in lines.items() if line.note != "read"} == SAID


def test_workers_die_and_each_hour_is_collected_once(tmp_path: Path, server: Databases) -> None:
    server.copy(None, "replicas")
    seen = live(6, tmp_path, server.url("replicas"), every=3)
    assert (seen.hours, seen.killed, seen.unanswered) == (6, 2, [])
    assert (seen.lost, seen.twice) == (0, 0)
    assert seen.once, seen


@pytest.fixture(scope="module")
def server() -> Iterator[Databases]:
    with databases() as made:
        yield made


def test_postgresql_goes_and_comes_back_while_workers_poll(
    tmp_path: Path, server: Databases
) -> None:
    seen = stopped(2, tmp_path, server)
    assert (seen.hours, seen.lost, seen.twice, seen.whole) == (2, 0, 0, True)


@pytest.mark.parametrize("action", ACTIONS)
def test_killed_with_9_on_postgresql(action: str, tmp_path: Path, server: Databases) -> None:
    with SimulatorServer(World(34), Clock(LATER)) as simulator:
        one = Killing(server, tmp_path, simulator).run(action, 1)
    assert (one.lost, one.twice, one.damaged, one.survived) == (0, 0, 0, 1)


@pytest.mark.parametrize("feed", ["airkorea", "openmeteo"])
def test_a_spoiled_answer_is_refused_or_read_in_bounds(feed: str) -> None:
    @settings(max_examples=150)
    @given(SEEDS)
    def spoil(seed: int) -> None:
        parse_nonsense(feed, seed)

    spoil()


def test_a_spoiled_file_is_refused_whole_or_its_bad_rows_are_skipped(tmp_path: Path) -> None:
    imports = Imports(tmp_path)

    @settings(max_examples=60)
    @given(SEEDS)
    def spoil(seed: int) -> None:
        imports.take(seed)

    spoil()
    assert imports.sound()
    imports.close()


def test_the_command_ends_with_2_for_a_spoiled_file_and_1_for_too_many_bad_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    imports = Imports(tmp_path)
    monkeypatch.setenv("AQ_DATABASE_URL", imports.url)
    monkeypatch.setenv("AQ_FEEDS__OPENMETEO__ENABLED", "false")
    codes = set()
    for seed in range(12):
        refused = imports.take(seed)
        code = run(["import", str(spoiled_file(seed, tmp_path))])
        said = capsys.readouterr()
        # A file of which too few rows can be taken is refused in its report: 1, and no error.
        assert said.err.count("error: ") == (1 if refused else 0)
        assert code in ((2,) if refused else (0, 1))
        assert (code == 1) == ("refused: only" in said.out)
        codes.add(code)
    assert codes >= {1, 2}
    imports.close()


def test_a_small_storm_loses_no_hour_and_the_server_stays(tmp_path: Path) -> None:
    """Six hours: two viewers, hostile clients, a clock that jumps twice, a kill, and (by the seed)
    a refusal, an hour without a province, half an answer."""
    seen, lost, wrong = storm(tmp_path, 6, 2, each_hours(4), seed=3119)
    assert (lost, wrong, seen.unanswered, seen.untold) == (0, 0, [], [])
    assert seen.kills == 1
    assert seen.held, seen

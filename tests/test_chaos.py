"""Killed at random moments nothing is lost or counted twice; nonsense never crashes a reader.

`make chaos` does the same with large counts.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aq.clock import Clock
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from tests.chaos.killing import ACTIONS, LATER, Killing
from tests.chaos.nonsense import parse_nonsense, read_nonsense
from tests.chaos.places import Databases, Files, databases

SEEDS = st.integers(0, 2**32)


@pytest.mark.parametrize("action", ACTIONS)
def test_killed_with_9_and_done_again_is_as_if_nothing_had_been(
    action: str, tmp_path: Path
) -> None:
    with SimulatorServer(World(34), Clock(LATER)) as simulator:
        one = Killing(Files(tmp_path), tmp_path, simulator).run(action, 2)
    assert (one.lost, one.twice, one.damaged, one.survived) == (0, 0, 0, 2)


@pytest.fixture(scope="module")
def server() -> Iterator[Databases]:
    with databases() as made:
        yield made


@pytest.mark.parametrize("action", ["migrate", "poll", "import"])
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


def test_a_spoiled_file_is_refused_or_read_in_bounds(tmp_path: Path) -> None:
    @settings(max_examples=60)
    @given(SEEDS)
    def spoil(seed: int) -> None:
        read_nonsense(seed, tmp_path)

    spoil()

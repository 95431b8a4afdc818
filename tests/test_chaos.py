"""Killed at random moments nothing is lost or counted twice; nonsense never crashes a reader.

`make chaos` does the same with large counts.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aq.clock import Clock
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from tests.chaos import ACTIONS, LATER, Killing, parse_nonsense, read_nonsense

SEEDS = st.integers(0, 2**32)


@pytest.mark.parametrize("action", ACTIONS)
def test_killed_with_9_and_done_again_is_as_if_nothing_had_been(
    action: str, tmp_path: Path
) -> None:
    with SimulatorServer(World(34), Clock(LATER)) as simulator:
        one = Killing(tmp_path, simulator).run(action, 1 if action == "backfill" else 2)
    assert (one.lost, one.twice, one.damaged) == (0, 0, 0)


@pytest.mark.parametrize("feed", ["airkorea", "openmeteo"])
def test_a_spoiled_answer_is_refused_or_read_in_bounds(feed: str) -> None:
    @settings(max_examples=150, deadline=None)
    @given(SEEDS)
    def spoil(seed: int) -> None:
        parse_nonsense(feed, seed)

    spoil()


def test_a_spoiled_file_is_refused_or_read_in_bounds(tmp_path: Path) -> None:
    @settings(max_examples=60, deadline=None)
    @given(SEEDS)
    def spoil(seed: int) -> None:
        read_nonsense(seed, tmp_path)

    spoil()

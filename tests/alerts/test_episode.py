"""From the decision to the receiver through real workers, killed on the way: nothing is lost.

`make chaos` kills twenty times.
"""

from pathlib import Path

import pytest

from tests.alert_episode import CHANNELS, Episode, kills


def test_killed_between_decision_and_delivery_nothing_is_lost(tmp_path: Path) -> None:
    _, found = kills(tmp_path, 2)
    assert (found.lost, found.strange, found.conflicting) == (0, 0, 0)
    assert found.messages == 3 * len(CHANNELS)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_workers_on_one_postgresql_send_each_transition_once(
    database_url: str, tmp_path: Path
) -> None:
    with Episode(tmp_path, database_url, speed=10) as episode:
        for _ in range(2):
            episode.step(workers=2)
        found = episode.account()
        assert found.messages == 2 * len(CHANNELS)
        assert (found.lost, found.strange, found.conflicting, found.copies) == (0, 0, 0, 0)
        episode.speed = 60
        episode.step(workers=2, kill=True)
        found = episode.account()
    assert (found.lost, found.strange, found.conflicting) == (0, 0, 0)

"""Three days out: the scheduler's own runs bring every hour back within the quota.

`make chaos` does the same at the size of the country, 650 stations and 500 calls a day.
"""

from pathlib import Path

from chaos.outage import outage

QUOTA = 320  # of which polls and the authority's notices take most


def test_scheduled_runs_bring_three_days_back_within_the_quota(tmp_path: Path) -> None:
    one = outage(f"sqlite:///{tmp_path}/aq.db", stations=34, quota=QUOTA)
    assert one.means == 17 * 71
    assert (one.means_lacking, one.hours_lacking, one.ours_lacking) == (0, 0, 0)
    assert one.calls <= QUOTA

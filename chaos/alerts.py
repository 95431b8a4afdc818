"""Workers that send alerts, killed on the way; hours in any order through the rules."""

from collections.abc import Iterator
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from aq.domain.clock import Clock
from aq.store import open_store
from aq.store.engine import migrate
from chaos import Line, Scale, part
from tests.alert_episode import kills
from tests.alerts.test_properties import ARRIVALS, CASES, Arrivals, lead_alike
from tests.conftest import NOW


@part("alerts")
def alerts(scale: Scale, folder: Path) -> Iterator[Line]:
    """Transitions lost; such as arrived under two ids, or an id with two contents, count twice."""
    cut, found = kills(folder / "alerts", scale.deliveries)
    bad = found.lost + found.strange + found.conflicting
    note = (
        f"{cut} killed with messages unsent; {found.messages} messages to mail, webhook and JSON,"
        f" {found.copies} copies, each under its first's id"
    )
    yield Line(
        what="alerts, decision to delivery",
        tried=scale.deliveries,
        survived=0 if bad else scale.deliveries,
        lost=found.lost,
        twice=found.strange + found.conflicting,
        note=note,
    )


@part("alert-histories")
def histories(scale: Scale, folder: Path) -> Iterator[Line]:
    """Hours late, revised and silenced must lead where they would have led in time, and everybody
    told must know it; the first history that does not is named."""
    store = open_store(f"sqlite:///{folder / 'histories.db'}", Clock(NOW))
    migrate(store)
    tried, wrong = [0], ""

    @settings(max_examples=scale.histories, deadline=None, database=None, phases=[Phase.generate])
    @given(case=st.sampled_from(sorted(CASES)), hours=ARRIVALS, silenced=st.booleans())
    def check(case: str, hours: Arrivals, silenced: bool) -> None:
        tried[0] += 1
        lead_alike(store, case, hours, silenced=silenced)

    try:
        check()
    except AssertionError as error:
        wrong = str(error).splitlines()[0]
    store.close()
    bad = int(bool(wrong))
    yield Line(
        what="alerts, hours in any order", tried=tried[0], survived=tried[0] - bad, note=wrong
    )

"""Workers that send alerts, killed between decision and delivery."""

from collections.abc import Iterator
from pathlib import Path

from chaos import Line, Scale, part
from tests.alert_episode import kills


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

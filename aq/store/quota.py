"""A feed's calls of the KST day: made, kept back for what must be asked, left to fill gaps."""

from collections.abc import Sequence
from datetime import datetime

from aq.domain.backfill_plan import Budget, live_reserve
from aq.feeds.registry import SPECS, calls_ahead, served_by
from aq.store import Store
from aq.store.runs import CallLedger


def budget_of(
    store: Store,
    name: str,
    now: datetime,
    *,
    limit: int | None,
    minutes: Sequence[int],
    filling: bool = False,
) -> Budget:
    """A feed's calls of today, over all its operations, so that any reading of the quota holds;
    feeds of notices that go with the same key count along.

    Kept back: a call for each poll still to come, those made once a day that were not yet, the
    notices' of the rest of the day, and the model's for its hours to come. Where gaps are being
    filled (`filling`), calls of operations that yield to it are not kept back.
    """
    names = (name, *served_by(name))
    all_spent = CallLedger(store).spent(now)
    spent = {operation: n for (feed, operation), n in all_spent.items() if feed in names}
    once = sum(
        operation.once
        for operation in SPECS[name].operations
        if spent.get(operation.name, 0) < operation.once and not (filling and operation.yields)
    )
    ahead = calls_ahead(names, now, minutes).total()
    return Budget(
        limit=limit,
        used=sum(spent.values()),
        reserved=live_reserve(now, minutes, limit, once + ahead),
    )

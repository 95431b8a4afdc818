"""A feed's calls of the KST day: made, kept back for what must be asked, left to fill gaps."""

from collections.abc import Sequence
from datetime import datetime

from aq.domain.backfill_plan import (
    Budget,
    live_reserve,
)
from aq.domain.call_plan import ALARM, FORECAST, calls_ahead, calls_to_come
from aq.domain.sources import OPENMETEO
from aq.store import Store
from aq.store.runs import CallLedger

# Asked once a day beside the polls: the station list, the count of calls, six province means.
PROVINCE_MEANS, MEANS_CALLS = "ArpltnStatsSvc/getCtprvnMesureLIst", 6


# Feeds of notices that are asked with a feed's key.
NOTICES = {"airkorea": (FORECAST, ALARM)}


DAILY = {"airkorea": ("MsrstnInfoInqireSvc/getMsrstnList", "UserSportSvc/getSvckeyDalyStats")}


def budget_of(
    store: Store, name: str, now: datetime, *, limit: int | None, minutes: Sequence[int]
) -> Budget:
    """A feed's calls of today, over all its operations, so that any reading of the quota holds;
    AirKorea's notices go with the same key and count along.

    Kept back: a call for each poll still to come, those made once a day that were not yet, the
    notices' of the rest of the day, and the model's for its hours to come.
    """
    notices = NOTICES.get(name, ())
    all_spent = CallLedger(store).spent(now)
    spent = {op: n for (feed, op), n in all_spent.items() if feed in (name, *notices)}
    once = sum(op not in spent for op in DAILY.get(name, ()))
    once += MEANS_CALLS if name in DAILY and spent.get(PROVINCE_MEANS, 0) < MEANS_CALLS else 0
    ahead = sum(calls_ahead(now, minutes).values()) if notices else 0
    ahead += calls_to_come(now) if name == OPENMETEO.name else 0
    return Budget(
        limit=limit,
        used=sum(spent.values()),
        reserved=live_reserve(now, minutes, limit, once + ahead),
    )

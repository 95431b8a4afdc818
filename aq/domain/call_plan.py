"""Calls a day that are planned beside the polls: notices of the authority, model hours to come."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from aq.domain.clock import day_bounds, kst
from aq.domain.sources import DAYS, DUST, OZONE, WEEK

FORECAST, ALARM = "airkorea_forecast", "airkorea_alarm"


# Issued at 05, 11, 17 and 23 within about ten minutes, the weekly one about 17:30.
FORECAST_AT = tuple(
    timedelta(hours=hour, minutes=minute)
    for hour, minute in (
        *((5, 15), (5, 45), (11, 15), (11, 45)),
        *((17, 15), (17, 45), (18, 15), (23, 15), (23, 45)),
    )
)


# Rows of a list are asked for again for so long: an advisory may be corrected.
REREAD = timedelta(days=7)


PARTS = {DAYS: "days", WEEK: "weeks", DUST: "dust", OZONE: "ozone"}


def planned_calls(now: datetime, minutes: Sequence[int]) -> dict[str, int]:
    """Calls a KST day by operation when all goes well, to be held against the quota."""
    midnight = day_bounds(kst(now).date())[0]
    return calls_ahead(midnight - timedelta(microseconds=1), minutes, of=now)


def calls_ahead(
    now: datetime, minutes: Sequence[int], *, of: datetime | None = None
) -> dict[str, int]:
    """Calls by operation still to be made on the KST day of `of` (else of `now`) after `now`."""
    moment = of or now
    midnight, following = day_bounds(kst(moment).date())
    years = kst(moment).year - kst(moment - REREAD).year + 1
    hours = (midnight + timedelta(hours=n) for n in range(24))
    slots = [hour + timedelta(minutes=minute) for hour in hours for minute in minutes]
    lists = sum(now < slot < following for slot in slots) * years
    # The day that is issued for and the one before, as the newest notice may be yesterday's.
    notices = 2 * sum(now < midnight + at for at in FORECAST_AT)
    return {DAYS: notices, WEEK: notices, DUST: lists, OZONE: lists}


def part_of(name: str, operation: str) -> str:
    """The name under which a service of a feed keeps its state: ``airkorea_alarm:dust``."""
    return f"{name}:{PARTS[operation]}"


# The model runs at 00 and 12 UTC and takes some hours; its hours to come are asked for four times.
AHEAD_AT = tuple(timedelta(hours=hour, minutes=42) for hour in (1, 7, 13, 19))


def calls_to_come(now: datetime) -> int:
    """Calls still to be made on the KST day of `now`."""
    midnight = day_bounds(kst(now).date())[0]
    return sum(midnight + at > now for at in AHEAD_AT)

"""Yellow dust acts (getYlwsndAdvsryOccrrncInfo): a time, a round, areas as text, and no more."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from aq.domain.clock import KST
from aq.domain.model import Answer, RowIssue, YellowDust
from aq.domain.provinces import provinces_named
from aq.feeds.airkorea.paging import long_text
from aq.feeds.base import shown, text_of

# Digits only and dashed forms are met in clients: a day, perhaps hour, minute, second.
_TIME = re.compile(
    r"(\d{4})[-./]?(\d{2})[-./]?(\d{2})(?:[ T]?(\d{2})(?:[:시 ]*(\d{2})?(?::?(\d{2}))?)?.*)?"
)


def read_yellow_dust(items: list[object]) -> Answer:
    """Read the acts of a year. What names no day is left out with an issue; areas in which no
    province is named are kept as text, and reported."""
    acts: list[YellowDust] = []
    issues: list[RowIssue] = []
    for number, item in enumerate(items, start=1):
        row = item if isinstance(item, Mapping) else {}
        told = text_of(row.get("dataTime"))
        where = f"row {number} {told}"
        areas, sequence = long_text(row.get("tmArea")), text_of(row.get("tmCnt"))
        at = act_time(told)
        if at is None or not areas:
            issues.append(RowIssue(kind="bad_notice", where=where, detail=shown(item)))
            continue
        if not provinces_named(areas):
            issues.append(RowIssue(kind="unknown_region", where=where, detail=shown(areas)))
        acts.append(YellowDust(at=at, told=told, sequence=sequence, areas=areas))
    return Answer(rows=len(items), yellow_dust=tuple(acts), issues=tuple(issues))


def act_time(text: str) -> datetime | None:
    """The instant a text begins with, KST; a day alone is its midnight. None where it is none."""
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        start = datetime(year, month, day, tzinfo=KST)
        since = timedelta(hours=hour, minutes=minute, seconds=second)
        told = since <= timedelta(days=1) and minute < 60 and second < 60
        return start + since if told else None
    except (ValueError, OverflowError):
        return None

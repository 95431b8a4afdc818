"""The read-only answers about zones: members, values now, hours, acts against the criteria."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from aq.context import Context, find_standard
from aq.domain.clock import (
    floor_hour,
    hour_number,
    kst,
    kst_day,
    kst_iso,
    parse_since,
)
from aq.domain.errors import InputError
from aq.domain.provinces import find_province
from aq.domain.report import plain
from aq.domain.standards import Standard
from aq.domain.zones import KINDS, Zone
from aq.queries.criteria import standings_now, year_items, year_of
from aq.queries.question import TINY, Given
from aq.queries.zones import ZoneHour, zone_hours, zone_item, zone_list, zones_now
from aq.web.api.parameters import _limit, whole_year
from aq.web.api.responses import json_response
from aq.zones_file import zone_by_id, zones_on

PROVINCE, ZONE = "province", "zone"
MOST_ZONE_HOURS = 92 * 24  # a zone's hours are worked out when they are asked for
MOST_HOURS_AT_ONCE = 20 * MOST_ZONE_HOURS  # of all zones and pollutants of a question
DAY = timedelta(days=1)


def zones(context: Context, given: Given) -> Response:
    """`/api/v1/zones`: the zones of the authority's acts of a `day` (today) with their members, or
    of a `pollutant` (pm10, pm25, o3) the newest value of each."""
    now = context.clock.minute()
    names = given.listed("province")
    codes = {find_province(name).code for name in names} if names else None
    answer: dict[str, Any] = {"as_of": kst_iso(now), "simulated": context.store.simulated()}
    if "pollutant" in given:
        key = given.one_of("pollutant", tuple(KINDS), "pm25")
        standard = context.standards["airkorea_1h"]
        standing = standings_now(context, key, now)
        items = [
            {**zone_item(hour, standard), "criterion": plain(standing.get(hour.zone.id))}
            for hour in zones_now(context, key, now)
        ]
    else:
        day = kst_day(given.time(parse_since, "day") + TINY) if "day" in given else kst_day(now)
        items = zone_list(day)
    answer["items"] = [item for item in items if codes is None or item["code"] in codes]
    return json_response(answer)


def zone_criteria(context: Context, given: Given) -> Response:
    """`/api/v1/zones/criteria`: the acts of a `pollutant` and `year` against the legal criteria on
    the zones' hours: which met them, which came without, where none came."""
    now = context.clock.minute()
    key = given.one_of("pollutant", tuple(KINDS), "pm25")
    year = whole_year(given["year"]) if given.get("year") else kst(now).year
    items = year_items(year_of(context, key, year, now), key)
    return json_response({"as_of": kst_iso(now), "year": year, "items": items})


def zone_history(context: Context, given: Given) -> Response:
    """`/api/v1/zones/{zone}/history`: the hours of a zone, worked out from its stations' hours."""
    zone = zone_by_id(given["zone"])
    if zone is None:
        raise InputError("an id of /api/v1/zones", "zone")
    known = tuple(key for key, kind in KINDS.items() if kind == zone.kind)
    key = given.one_of("pollutant", known, known[-1])
    now = context.clock.minute()
    after, until = given.range(now)
    first, last = hour_number(floor_hour(after)), hour_number(floor_hour(until))
    if last - first > MOST_ZONE_HOURS:
        raise InputError(f"at most {MOST_ZONE_HOURS // 24} days at once", "until")
    standard = context.standards["airkorea_1h"]
    hours = zone_hours(context, [zone], key, first, last, given.version(context, now))
    items = [zone_item(hour, standard) for hour in hours if hour.value is not None]
    return json_response(
        {"since": kst_iso(after), "until": kst_iso(until), "grain": "hour", "items": items}
    )


def of_zones(given: Given) -> bool:
    """Whether zones are asked for in the place of provinces. Raises `InputError` for parameters
    that the other level does not have."""
    level = given.one_of("level", (PROVINCE, ZONE), PROVINCE)
    for name in ("zone",) if level == PROVINCE else ("explain", "feed", "grain"):
        if name in given and given[name] not in ("hour", "false"):
            raise InputError(f"does not go with level={level}", name)
    return level == ZONE


def current_zones(context: Context, given: Given) -> Response:
    """`/api/v1/current?level=zone`: the newest value of each zone, pollutant by pollutant."""
    now, standard = context.clock.minute(), _standard(context, given)
    wanted = {zone.id for zone in _asked(given, zones_on(kst_day(now)))}
    items = [
        zone_item(hour, standard)
        for key in _keys(given)
        for hour in zones_now(context, key, now)
        if hour.zone.id in wanted
    ]
    return json_response(
        {
            "as_of": kst_iso(now),
            "standard": standard.id,
            "level": ZONE,
            "simulated": context.store.simulated(),
            "items": items,
        }
    )


def history_zones(context: Context, given: Given) -> Response:
    """`/api/v1/history?level=zone`: the hours of zones in the order of time, gaps with their
    reason; a page at a time."""
    now, standard, limit = context.clock.minute(), _standard(context, given), _limit(given)
    after, until = given.range(now)
    # Hours to come are no gaps.
    first, last = (hour_number(floor_hour(moment)) for moment in (after, min(until, now)))
    keys = _keys(given)
    wanted = _asked(given, zones_on(None))
    asked = (last - first) * sum(KINDS[key] == zone.kind for key in keys for zone in wanted)
    if asked > MOST_HOURS_AT_ONCE:
        most = f"at most {MOST_HOURS_AT_ONCE:,}; ask for fewer zones or days"
        text = f"{asked:,} hours of zones, {most}"
        raise InputError(text, "until", too_large=True)
    begin, given_already = _cursor(given, first, last)
    version = given.version(context, now)
    hours = [
        hour for key in keys for hour in zone_hours(context, wanted, key, begin, last, version)
    ]
    hours.sort(key=lambda hour: hour.hour)
    rows = [hour for hour in hours if hour.value is not None or hour.expected][given_already:]
    return json_response(
        {
            "since": kst_iso(after),
            "until": kst_iso(until),
            "grain": "hour",
            "standard": standard.id,
            "level": ZONE,
            "items": [zone_item(hour, standard) for hour in rows[:limit]],
            "next": _next(rows, limit, begin, given_already),
        }
    )


def _standard(context: Context, given: Given) -> Standard:
    """The standard asked for; without one that of hours, as a zone's value is of an hour."""
    return find_standard(context, given.get("standard", "airkorea_1h"))


def _keys(given: Given) -> Sequence[str]:
    keys = given.pollutants() or tuple(KINDS)
    for key in keys:
        if key not in KINDS:
            raise InputError(f"zones have {', '.join(KINDS)}", "pollutant")
    return keys


def _asked(given: Given, there: Sequence[Zone]) -> tuple[Zone, ...]:
    """Of these zones the ones asked for by id and by province; all without either."""
    ids, names = given.listed("zone"), given.listed("province")
    for name in ids or ():
        if zone_by_id(name) is None:
            raise InputError("an id of /api/v1/zones", "zone")
    codes = {find_province(name).code for name in names} if names else None
    return tuple(
        zone
        for zone in there
        if (ids is None or zone.id in ids) and (codes is None or zone.province.code in codes)
    )


def _cursor(given: Given, first: int, last: int) -> tuple[int, int]:
    """(the hour after which a page begins, how many of its rows were given already)."""
    if "cursor" not in given:
        return first, 0
    hour, _, count = given["cursor"].partition(".")
    if not all(part.isascii() and part.isdecimal() and len(part) < 9 for part in (hour, count)):
        raise InputError("not a cursor of this route", "cursor")
    if not first <= int(hour) < last:
        raise InputError("not a cursor of this range", "cursor")
    return int(hour), int(count)


def _next(rows: Sequence[ZoneHour], limit: int, begin: int, given_already: int) -> str | None:
    """Where the following page begins; None after the last."""
    if len(rows) <= limit:
        return None
    hour = rows[limit].hour
    before = sum(row.hour == hour for row in rows[:limit])
    # The rows of the first hour that earlier pages gave are no more among these.
    before += given_already if hour == begin + 1 else 0
    return f"{hour - 1}.{before}"

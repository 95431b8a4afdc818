"""What is now: 17 items for each pollutant, each with a value or a reason, and never an old number
as a new one.

One feed and one hour are shown for the whole country, so that neighbours can be compared: the most
preferred feed whose newest hour is fresh; when none is fresh, the most preferred one that is not
too old; a feed that stands in for a better one says so by its name and kind. A province that lacks
that hour is missing, with its reason and the last value it had.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aq.context import Context, asked_pollutants, find_standard
from aq.domain.clock import from_hour_number, hour_number, kst_day, kst_iso
from aq.domain.errors import ArchiveError
from aq.domain.grading import in_force_on
from aq.domain.missing import CLOCK_BEHIND, why_missing
from aq.domain.model import FeedInfo, ProvinceHour
from aq.domain.pollutants import KEYS, from_scaled, pollutants
from aq.domain.provinces import PROVINCES, Province
from aq.domain.report import plain
from aq.domain.standards import Standard
from aq.domain.windows import Evaluated, evaluate
from aq.feeds.registry import INFO
from aq.queries.confidence import Parts, confidence_fields, of_hour, station_parts
from aq.store import Connection
from aq.store.engine import state_of
from aq.store.reads import last_with_value, newest_hours, recent_hours
from aq.store.runs import feed_states

# The longest window of any standard, and the last day for the trend.
WINDOW_HOURS = 25
Series = dict[int, ProvinceHour]  # by hour number


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentItem:
    """One province and pollutant now; the fields of `/api/v1/current`.

    The last six tell how sure an observed hour's own mean is, see `aq.domain.confidence`: its
    standard error and its range without any one station [`unit`], the grades it can have, and
    whether its grade hangs on one station; null of other means.
    """

    province: str
    code: str
    pollutant: str
    value: float | None
    unit: str | None
    grade: int | None
    levels: int
    letter: str | None
    label: str | None
    index: int | None
    dominant: str | None
    averaging: str | None
    standard: str
    observed_at: datetime | None
    fetched_at: datetime | None
    feed: str | None
    kind: str | None
    status: str | None
    stations: int | None
    stations_expected: int | None
    thin: bool
    simulated: bool
    age_hours: float | None
    stale: bool
    missing_reason: str | None
    missing_detail: str | None
    last_value: float | None
    last_at: datetime | None
    standard_error: float | None = None
    mean_low: float | None = None
    mean_high: float | None = None
    grade_low: int | None = None
    grade_high: int | None = None
    one_station: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        """The item in JSON's types; instants with +09:00."""
        return dict(plain(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All items at one moment, with the hour and feed they are of and the store version."""

    as_of: datetime
    standard: str
    in_force: bool
    version: int
    simulated: bool
    feed: str | None
    hour: datetime | None
    items: tuple[CurrentItem, ...]

    def of(self, pollutant: str) -> tuple[CurrentItem, ...]:
        """The 17 items of a pollutant in page-header order."""
        return tuple(item for item in self.items if item.pollutant == pollutant)

    def as_dict(self) -> dict[str, Any]:
        """The answer of `/api/v1/current`."""
        return {
            "as_of": kst_iso(self.as_of),
            "standard": self.standard,
            "in_force": self.in_force,
            "hour": kst_iso(self.hour) if self.hour else None,
            "feed": self.feed,
            "simulated": self.simulated,
            "version": self.version,
            "items": [item.as_dict() for item in self.items],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """What all items of a snapshot share."""

    now: datetime
    standard: Standard
    feed: FeedInfo | None
    hour: int | None
    simulated: bool
    too_old: bool
    stale: bool
    rows: Mapping[int, Series]
    down: bool
    ahead: bool
    parts: Parts


def current(
    context: Context,
    now: datetime,
    *,
    standard: str | None = None,
    wanted: Sequence[str] | None = None,
    only: str | None = None,
) -> Snapshot:
    """The present state of the store: 17 items for each pollutant, in page-header order; with
    `only` of that feed alone."""
    chosen = find_standard(context, standard)
    keys = asked_pollutants(chosen, wanted)
    limits = context.settings.display
    this_hour = hour_number(now.replace(minute=0, second=0, microsecond=0))
    oldest = this_hour - limits.hide_after_hours - WINDOW_HOURS
    states = feed_states(context.store)
    with context.store.read() as connection:
        version, simulated = state_of(connection)
        rows = recent_hours(connection, oldest, this_hour)
        feed, hour = (INFO[only], newest_hour(rows, only)) if only else choose(rows, context, now)
        scene = _Scene(
            now=now,
            standard=chosen,
            feed=feed,
            hour=hour,
            simulated=simulated,
            too_old=_age(hour, now) > timedelta(hours=limits.hide_after_hours),
            stale=_age(hour, now) > timedelta(hours=limits.stale_after_hours),
            rows=_by_province(rows, feed),
            down=bool(states) and all(state.failing_since for state in states.values()),
            ahead=hour is None and max(newest_hours(connection).values(), default=0) > this_hour,
            parts=_parts(connection, feed, hour),
        )
        items = tuple(_item(scene, province, key) for key in keys for province in PROVINCES)
        items = tuple(
            _with_last(connection, item, this_hour, context) if item.value is None else item
            for item in items
        )
    return Snapshot(
        as_of=now,
        standard=chosen.id,
        in_force=in_force_on(chosen, kst_day(now)),
        version=version,
        simulated=scene.simulated,
        feed=feed.name if feed else None,
        hour=from_hour_number(hour) if hour is not None and not scene.too_old else None,
        items=items,
    )


def _parts(connection: Connection, feed: FeedInfo | None, hour: int | None) -> Parts:
    """What each station adds to the hour's means; nothing of a model."""
    if feed is None or hour is None or not feed.pooled:
        return {}
    try:
        return station_parts(connection, feed.name, (hour - 1, hour), KEYS)
    except ArchiveError:
        return {}


def _age(hour: int | None, now: datetime) -> timedelta:
    return now - from_hour_number(hour) if hour is not None else timedelta.max


def choose(
    rows: Sequence[ProvinceHour], context: Context, now: datetime
) -> tuple[FeedInfo | None, int | None]:
    """The feed and hour to show: the most preferred fresh one, else the most preferred there is.

    As everywhere a feed of under half of the fullest one's stations, here of the whole country,
    comes after it.
    """
    selection = context.settings.selection.present
    newest = {
        name: hour for name in selection.feeds if (hour := newest_hour(rows, name)) is not None
    }
    heard = Counter(dict.fromkeys(newest, 0))
    for row in rows:
        if newest.get(row.feed) == row.hour:
            heard[row.feed] += max(mean.valid for mean in row.means.values())
    fresh = timedelta(hours=context.settings.display.stale_after_hours)
    for limit in (fresh, timedelta(hours=context.settings.display.hide_after_hours)):
        there = {name: heard[name] for name, hour in newest.items() if _age(hour, now) <= limit}
        for name in selection.ranked(there):
            return INFO[name], newest[name]
    if newest:
        name = max(newest, key=lambda feed: newest[feed])
        return INFO[name], newest[name]
    live = context.settings.live_feeds
    return (INFO[live[0]] if live else None), None


def newest_hour(rows: Sequence[ProvinceHour], feed: str) -> int | None:
    """The newest hour that at least half of the feed's provinces have; upstream publishes an hour
    station by station, and a few early rows are not yet the country."""
    provinces: dict[int, set[int]] = {}
    for row in rows:
        if row.feed == feed:
            provinces.setdefault(row.hour, set()).add(row.place)
    if not provinces:
        return None
    usual = max(len(codes) for codes in provinces.values())
    return max(hour for hour, codes in provinces.items() if 2 * len(codes) >= usual)


def _by_province(rows: Sequence[ProvinceHour], feed: FeedInfo | None) -> dict[int, Series]:
    out: dict[int, Series] = {}
    for row in rows:
        if feed and row.feed == feed.name:
            out.setdefault(row.place, {})[row.hour] = row
    return out


def _item(scene: _Scene, province: Province, key: str) -> CurrentItem:
    series = scene.rows.get(province.id, {})
    row = series.get(scene.hour) if scene.hour is not None else None
    result = None
    if row is not None and not scene.too_old and scene.hour is not None:
        result = evaluate(scene.standard, key, series, scene.hour)
    has_value = result is not None and not result.empty
    item = _filled(scene, province, key, row, result if has_value else None)
    if has_value:
        return _with_confidence(scene, item, province)
    reason, detail = _why(scene, row, key, result)
    stale = reason == "stale"
    return replace(item, missing_reason=reason, missing_detail=detail, stale=stale)


def _with_confidence(scene: _Scene, item: CurrentItem, province: Province) -> CurrentItem:
    """An item of an hour's own mean with how sure it is."""
    key, hour = item.pollutant, scene.hour
    parts = scene.parts.get((province.id, hour, key)) if hour is not None else None
    if not parts or item.averaging != "1h":
        return item
    sure = of_hour(scene.standard, key, parts, item.stations_expected)
    return replace(item, **confidence_fields(key, sure))


def _filled(
    scene: _Scene,
    province: Province,
    key: str,
    row: ProvinceHour | None,
    result: Evaluated | None,
) -> CurrentItem:
    level = scene.standard.level(result.grade) if result and result.grade else None
    observed = scene.feed is not None and scene.feed.kind == "observed"
    stations = expected = None
    thin = False
    if observed and row is not None and key in KEYS and not scene.too_old:
        mean = row.means[key]
        stations, expected, thin = mean.valid, mean.expected, mean.thin
    shown = result is not None and scene.hour is not None
    at = from_hour_number(scene.hour) if shown and scene.hour is not None else None
    return CurrentItem(
        province=province.ko,
        code=province.code,
        pollutant=key,
        value=result.value if result else None,
        unit=pollutants()[key].unit if key in KEYS else None,
        grade=result.grade if result else None,
        levels=len(scene.standard.levels),
        letter=level.letter if level else None,
        label=level.label("ko") if level else None,
        index=result.index if result else None,
        dominant=result.dominant if result else None,
        averaging=(result.averaging if result else None) or scene.standard.averaging(key),
        standard=scene.standard.id,
        observed_at=at,
        fetched_at=row.committed_at if shown and row else None,
        feed=scene.feed.name if scene.feed else None,
        kind=scene.feed.kind if scene.feed else None,
        status=scene.feed.status if scene.feed else None,
        stations=stations,
        stations_expected=expected,
        thin=thin,
        simulated=scene.simulated,
        age_hours=round(_age(scene.hour, scene.now) / timedelta(hours=1), 2) if shown else None,
        stale=scene.stale and shown,
        missing_reason=None,
        missing_detail=None,
        last_value=None,
        last_at=None,
    )


def _why(
    scene: _Scene, row: ProvinceHour | None, key: str, result: Evaluated | None
) -> tuple[str, str | None]:
    """The word for why there is nothing, and upstream's own where it gave one."""
    if scene.hour is None:
        if scene.ahead:
            return CLOCK_BEHIND, None
        return ("feed_down" if scene.down else "no_history"), None
    if scene.too_old:
        return "stale", None
    if row is None:
        return "not_received", None
    return why_missing(row, key, result.missing if result else ())


def _with_last(connection: Any, item: CurrentItem, until: int, context: Context) -> CurrentItem:
    """An item without a value, with the last one the province had.

    Where nothing recent is known at all but there once was something, the reason is `stale`.
    """
    if item.pollutant not in KEYS:
        return item
    province = next(place for place in PROVINCES if place.code == item.code)
    selection = context.settings.selection
    rows = last_with_value(connection, province.id, item.pollutant, until, selection.feeds)
    by_feed = {row.feed: row for row in rows}
    means = {name: row.means[item.pollutant] for name, row in by_feed.items()}
    feed = selection.of_hour({name: mean.valid for name, mean in means.items()})
    scaled = means[feed].scaled if feed else None
    if feed is None or scaled is None:
        return item
    hour, value = by_feed[feed].hour, float(from_scaled(scaled, pollutants()[item.pollutant]))
    nothing_recent = item.missing_reason in ("no_history", "feed_down")
    return replace(
        item,
        last_value=value,
        last_at=from_hour_number(hour),
        missing_reason="stale" if nothing_recent else item.missing_reason,
        stale=item.stale or nothing_recent,
    )

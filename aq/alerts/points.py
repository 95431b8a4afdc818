"""What rules watch, read from the store: values, grades, indices, highest stations, lateness.

An hour comes from the feed that `aq.domain.selection` chooses, as everywhere; windows never mix
feeds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from aq.alerts import Point, Rule
from aq.alerts.places import places, province_of
from aq.context import Context
from aq.domain.averages import WINDOW_HOURS, averaged
from aq.domain.clock import from_hour_number
from aq.domain.model import MODELLED, ProvinceHour
from aq.domain.pollutants import mean_half_up
from aq.domain.provinces import BY_CODE, BY_ID
from aq.domain.publication import LEARNING, learn, overdue
from aq.domain.selection import Selection, stations_with_value
from aq.domain.standards import Standard
from aq.domain.windows import OVERALL, evaluate, window_hours
from aq.feeds.registry import FEED_IDS, FEED_NAMES, INFO
from aq.store import Connection
from aq.store.archive import months as retained
from aq.store.high_hours import means_reaching, stations_reaching, urban_stations
from aq.store.reads import highest_stations, hours_heard, mean_hours, province_hours
from aq.store.runs import seen_since
from aq.store.zones import Windows, hours_to_read, pooled_hours

Reading = tuple[int, int, int, Point]  # province, hour, stations with a value, point
Points = dict[str, dict[int, Point]]
Spans = Sequence[tuple[int, int, int]]  # province, after, until
# Nobody waits longer for a feed than the longest lateness a rule may name.
LATEST_HOURS = 24 * 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How points are read: standards, the choice of feeds, feeds whose lateness is watched."""

    standards: Mapping[str, Standard]
    selection: Selection
    live: Sequence[str]

    def places(
        self, rule: Rule, after: int, until: int, province: int | None = None
    ) -> tuple[str, ...]:
        """Where a rule is judged in hours of ``after < hour <= until``: provinces by code, zones by
        id, feeds by name; with `province` (its id) what lies in it."""
        watched = places(rule, self.live, after, until)
        if province is None:
            return watched
        return tuple(place for place in watched if province_of(place) == BY_ID[province])

    def points_of(
        self, connection: Connection, family: Sequence[Rule], after: int, until: int
    ) -> Points:
        """Points of all places of a family of rules, which watches the same thing everywhere."""
        found: Points = {}
        for rule in family:
            if set(self.places(rule, after, until)) - set(found):
                found |= self.points(connection, rule, after, until)
        return found

    def points(
        self, connection: Connection, rule: Rule, after: int, until: int,
        windows: Windows | None = None,
    ) -> Points:  # fmt: skip
        """Points of ``after < hour <= until`` by place; hours without data are left out, and where
        `windows` are given those outside them."""
        if rule.kind == "data_late":
            feeds = self.places(rule, after, until)
            return {feed: _lateness(connection, feed, after, until) for feed in feeds}
        if rule.over == "zone":
            return self._zones(connection, rule, after, until, windows)
        found: Points = {code: {} for code in rule.places}
        if rule.watch != "value" and self._several(rule):
            self._take(self._evaluated(connection, rule, after, until), found)
            return found
        read = self._highest if rule.over == "any_station" else self._means
        self._take(read(connection, rule, _of_provinces(rule, after, until, windows)), found)
        return found

    def hours_to_read(
        self, connection: Connection, rule: Rule, after: int, until: int
    ) -> dict[str, set[int]] | None:
        """The hours of ``after < hour <= until`` in which what a rule watches may be at its
        threshold or over, by place (one without stations is left out); None where only reading all
        of them tells."""
        if rule.kind != "air" or rule.watch != "value":
            return None
        key, span = rule.pollutant, (rule.levels[0], after, until)
        numbers, hours = _numbers(rule), dict[str, set[int]]()
        if rule.over != "mean" and retained.months(connection, after + 1, until):
            return None
        if rule.over == "zone":
            hours = hours_to_read(connection, self.places(rule, after, until), key, *span)
        if rule.over == "any_station":
            members = urban_stations(connection, numbers)
            for number, hour in stations_reaching(connection, key, members, *span):
                hours.setdefault(BY_ID[number].code, set()).add(hour)
        if not rule.zones:
            # A model has no stations: its mean stands for them.
            for number, hour in means_reaching(connection, key, numbers, *span):
                hours.setdefault(BY_ID[number].code, set()).add(hour)
        return hours

    def _take(self, rows: Iterable[Reading], found: Points) -> None:
        """The point of each hour, of the feed that is chosen; a feed that is not pooled from
        stations has none."""
        hours = {BY_CODE[code].id: points for code, points in found.items()}
        several: dict[tuple[int, int], dict[str, tuple[int, Point]]] = {}
        for province, hour, stations, point in rows:
            there = hours[province].setdefault(hour, point)
            if there is not point:
                by_feed = several.setdefault((province, hour), {})
                by_feed.setdefault(FEED_NAMES[there.feed or 0], (there.stations or 0, there))
                by_feed[FEED_NAMES[point.feed or 0]] = stations, point
        for (province, hour), by_feed in several.items():
            ranked = self.selection.ranked({feed: n for feed, (n, _) in by_feed.items()})
            hours[province].pop(hour)
            if ranked:
                hours[province][hour] = by_feed[ranked[0]][1]
        wanted = {FEED_IDS[feed] for feed in self.selection.feeds}
        unpooled = {FEED_IDS[feed] for feed, info in INFO.items() if not info.pooled}
        for points in hours.values():
            for hour in [hour for hour, point in points.items() if point.feed not in wanted]:
                del points[hour]
            for hour, point in points.items():
                if point.feed in unpooled:
                    points[hour] = point._replace(stations=None, expected=None)

    def _judge(self, rule: Rule, averaging: str) -> Callable[[int, int], int | None]:
        """What turns a mean of an averaging time (sum, count) into what is watched."""
        if rule.watch == "value":
            return mean_half_up
        standard = self.standards[rule.standard]
        made = standard.grade if rule.watch == "grade" else standard.index
        return cache(lambda total, n: made(rule.pollutant, Fraction(total, n), averaging))

    def _highest(self, connection: Connection, rule: Rule, windows: Spans) -> Iterator[Reading]:
        """The highest station of each hour; a model has none, so its value stands for them."""
        judge, asked = self._judge(rule, "1h"), (connection, rule.pollutant, windows)
        for province, hour, feed, value, stations, top in highest_stations(*asked):
            point = Point(judge(value, 1), stations, None, feed, top)
            yield province, hour, stations, point
        for province, hour, feed, total, n, _ in mean_hours(*asked):
            if INFO[FEED_NAMES[feed]].kind == MODELLED:
                yield province, hour, n, Point(judge(total, n), feed=feed)

    def _zones(
        self, connection: Connection, rule: Rule, after: int, until: int, windows: Windows | None
    ) -> Points:
        """The value of each zone: of fine dust its mean, of ozone its highest station; in a
        province without a station's value the model's stands for them."""
        wanted, judge = self.places(rule, after, until), self._judge(rule, "1h")
        found: Points = {place: {} for place in wanted}
        provinces = {place: province_of(place) for place in wanted}
        heard: dict[str, set[int]] = {code: set() for code in rule.places}
        feeds = self.selection.of_stations
        for place, hour, rows, expected in pooled_hours(
            connection, wanted, rule.pollutant, after, until, feeds.feeds, windows=windows
        ):
            by_feed = {row.feed: row for row in rows if row.heard}
            feed = feeds.of_hour({name: row.heard for name, row in by_feed.items()})
            if feed is None:
                continue
            row, province = by_feed[feed], provinces[place]
            value = judge(row.total, row.n)
            found[place][hour] = Point(value, row.heard, expected, FEED_IDS[feed], row.station)
            if province is not None:
                heard[province.code].add(hour)
        models, spans = self.selection.modelled.ids, _of_provinces(rule, after, until, windows)
        for number, hour, feed_id, total, n, _ in sorted(
            mean_hours(connection, rule.pollutant, spans)
        ):
            code = BY_ID[number].code
            if feed_id in models and code in found and hour not in heard[code]:
                found[code][hour] = Point(judge(total, n), feed=feed_id)
        return found

    def _means(self, connection: Connection, rule: Rule, windows: Spans) -> Iterator[Reading]:
        """Province means, or the means a standard takes grade and index by."""
        key = rule.pollutant
        standard = self.standards[rule.standard] if rule.watch != "value" else None
        averaging = (standard.averaging(key) if standard else None) or "1h"
        judge = self._judge(rule, averaging)
        if standard is None or averaging == "1h":
            for province, hour, feed, total, n, due in mean_hours(connection, key, windows):
                value = judge(total, n)
                if value is not None:
                    yield province, hour, n, Point(value, n, due, feed)
            return
        back = WINDOW_HOURS[averaging] - 1
        series: dict[tuple[int, int], dict[int, Any]] = {}
        starts = {province: after for province, after, _ in windows}
        wider = [(province, after - back, until) for province, after, until in windows]
        for row in mean_hours(connection, key, wider, empty=True):
            series.setdefault((row[0], row[2]), {})[row[1]] = row
        for (province, feed), rows in series.items():
            first = min(rows) - back
            hourly = [
                Fraction(row[3], row[4]) if (row := rows.get(hour)) and row[4] else None
                for hour in range(first, max(rows) + 1)
            ]
            means = averaged(hourly, averaging, key, standard.complete)
            for hour, row in rows.items():
                mean = means[hour - first].value
                value = judge(*mean.as_integer_ratio()) if mean is not None else None
                if hour > starts[province] and value is not None:
                    yield province, hour, row[4], Point(value, row[4], row[5], feed)

    def _several(self, rule: Rule) -> bool:
        """Whether several means decide: all pollutants together, or several tables of one."""
        ways = self.standards[rule.standard].ways.get(rule.pollutant, ())
        return rule.pollutant == OVERALL or (rule.over != "any_station" and len(ways) > 1)

    def _evaluated(
        self, connection: Connection, rule: Rule, after: int, until: int
    ) -> Iterator[Reading]:
        """Each hour through all the windows of a standard."""
        standard, key = self.standards[rule.standard], rule.pollutant
        back = window_hours(standard, key) - 1
        series: dict[tuple[int, str], dict[int, ProvinceHour]] = {}
        for row in province_hours(connection, _numbers(rule), after - back, until):
            series.setdefault((row.place, row.feed), {})[row.hour] = row
        for (province, feed), rows in series.items():
            for hour in rows:
                if hour <= after:
                    continue
                result = evaluate(standard, key, rows, hour)
                value = result.grade if rule.watch == "grade" else result.index
                if value is not None:
                    row = rows[hour]
                    heard: tuple[int | None, int | None] = (None, None)
                    if key != OVERALL:
                        heard = row.means[key].valid, row.means[key].expected
                    stations = stations_with_value(row, standard, key)
                    yield province, hour, stations, Point(value, *heard, FEED_IDS[feed])


def _numbers(rule: Rule) -> list[int]:
    return [BY_CODE[code].id for code in rule.places]


def _of_provinces(rule: Rule, after: int, until: int, windows: Windows | None) -> Spans:
    """The windows of a rule's provinces, by number; without any the whole period of each."""
    if windows is None:
        return [(number, after, until) for number in _numbers(rule)]
    return [(BY_CODE[code].id, *span) for code in rule.places for span in windows.get(code, ())]


def _lateness(connection: Connection, feed: str, after: int, until: int) -> dict[int, Point]:
    """How many hours before each hour the newest one heard of lies; 0 while that is as usual.

    What is usual is learned from when the hours of the last weeks appeared, as the Feeds page does:
    an hour that is not due yet is not late.
    """
    heard = hours_heard(connection, feed, after - LATEST_HOURS, until)
    known = learn(seen_since(connection, feed, from_hour_number(until) - LEARNING))
    points: dict[int, Point] = {}
    place, newest = 0, None
    for hour in range(after + 1, until + 1):
        while place < len(heard) and heard[place] <= hour:
            newest = heard[place]
            place += 1
        if newest is not None:
            late = overdue(from_hour_number(newest), known, from_hour_number(hour))
            points[hour] = Point(hour - newest if late else 0, feed=FEED_IDS[feed])
    return points


def reader_of(context: Context) -> Reader:
    """What reads the hours that rules watch, from the context's standards and feeds."""
    return Reader(
        standards=context.standards,
        selection=context.settings.selection,
        live=context.settings.live_feeds,
    )

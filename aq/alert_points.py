"""What rules watch, read from the store: values, grades, indices, highest stations, lateness.

An hour comes from the most preferred feed that has it, as everywhere; windows never mix feeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from aq.alerts import Point, Rule
from aq.regions import BY_CODE, BY_ID
from aq.schema import FEED_IDS, FEED_NAMES
from aq.standards import Standard
from aq.store.alert_hours import highest_stations, hours_heard, mean_hours
from aq.store.reads import province_hours
from aq.units import mean_half_up
from aq.windows import evaluate, window_hours

Points = dict[str, dict[int, Point]]
# Nobody waits longer for a feed than the longest lateness a rule may name.
LATEST_HOURS = 24 * 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """How points are read: standards, feeds by preference, feeds whose lateness is watched."""

    standards: Mapping[str, Standard]
    prefer: Sequence[str]
    live: Sequence[str]

    def places(self, rule: Rule) -> tuple[str, ...]:
        """Where a rule is judged: provinces by code, or feeds by name."""
        if rule.kind != "data_late":
            return rule.places
        return (rule.feed,) if rule.feed else tuple(self.live)

    def points(self, connection: Connection, rule: Rule, after: int, until: int) -> Points:
        """Points of ``after < hour <= until`` by place; hours without data are left out."""
        if rule.kind == "data_late":
            return {feed: _lateness(connection, feed, after, until) for feed in self.places(rule)}
        numbers = [BY_CODE[code].id for code in rule.places]
        found: Points = {code: {} for code in rule.places}
        if rule.over == "any_station":
            rows = [
                (*row, None)
                for row in highest_stations(connection, rule.pollutant, numbers, after, until)
            ]
            rows += self._modelled(connection, rule, numbers, after, until)
        elif rule.watch == "value":
            rows = [
                (row[0], row[1], row[2], mean_half_up(row[3], row[4]), row[4], row[5])
                for row in mean_hours(connection, rule.pollutant, numbers, after, until)
            ]
        else:
            return self._graded(connection, rule, numbers, after, until)
        self._take(rule, rows, found)
        return found

    def _modelled(
        self, connection: Connection, rule: Rule, numbers: list[int], after: int, until: int
    ) -> list[tuple[Any, ...]]:
        """A model has no stations; its value of the province stands for them."""
        return [
            (row[0], row[1], row[2], mean_half_up(row[3], row[4]), None, None)
            for row in mean_hours(connection, rule.pollutant, numbers, after, until)
            if row[2] == FEED_IDS["openmeteo"]
        ]

    def _take(self, rule: Rule, rows: Sequence[tuple[Any, ...]], found: Points) -> None:
        """Rows (province, hour, feed, value, stations, expected) into points, by preference."""
        order = {FEED_IDS[name]: place for place, name in enumerate(self.prefer)}
        model = FEED_IDS["openmeteo"]
        judge = self._judge(rule)
        by_number = {BY_CODE[code].id: hours for code, hours in found.items()}
        for province, hour, feed, value, stations, expected in rows:
            if feed not in order:
                continue
            hours = by_number[province]
            known = hours.get(hour)
            if known is not None and order[known.feed or 0] < order[feed]:
                continue
            heard, due = (None, None) if feed == model else (stations, expected)
            hours[hour] = Point(judge(value) if judge else value, heard, due, feed)

    def _judge(self, rule: Rule) -> Any:
        """What turns a station's hourly value into what is watched; None for the value itself."""
        if rule.watch == "value":
            return None
        standard = self.standards[rule.standard]
        made = standard.grade if rule.watch == "grade" else standard.index
        return lambda value: made(rule.pollutant, value, "1h")

    def _graded(
        self, connection: Connection, rule: Rule, numbers: list[int], after: int, until: int
    ) -> Points:
        standard, key = self.standards[rule.standard], rule.pollutant
        back = window_hours(standard, key) - 1
        series: dict[tuple[int, str], dict[int, Any]] = {}
        for row in province_hours(connection, numbers, after - back, until):
            series.setdefault((row.province, FEED_NAMES[row.feed]), {})[row.hour] = row
        found: Points = {code: {} for code in rule.places}
        for (province, feed), rows in series.items():
            if feed not in self.prefer:
                continue
            place = found[BY_ID[province].code]
            rank = self.prefer.index(feed)
            for hour, row in rows.items():
                known = place.get(hour)
                better = known and self.prefer.index(FEED_NAMES[known.feed or 0]) < rank
                if hour <= after or better:
                    continue
                result = evaluate(standard, key, rows, hour)
                value = result.grade if rule.watch == "grade" else result.index
                if value is not None:
                    heard = getattr(row, f"{key}_n", None) if feed != "openmeteo" else None
                    due = getattr(row, f"{key}_exp", None) if feed != "openmeteo" else None
                    place[hour] = Point(value, heard, due, row.feed)
        return found


def _lateness(connection: Connection, feed: str, after: int, until: int) -> dict[int, Point]:
    """How many hours before each hour the newest one heard of lies."""
    heard = hours_heard(connection, feed, after - LATEST_HOURS, until)
    points: dict[int, Point] = {}
    place, newest = 0, None
    for hour in range(after + 1, until + 1):
        while place < len(heard) and heard[place] <= hour:
            newest = heard[place]
            place += 1
        if newest is not None:
            points[hour] = Point(hour - newest, feed=FEED_IDS[feed])
    return points

"""Means that AirKorea publishes itself, over the simulated world: cities, station days, months.

Their quirks are those that were met: numbers without a leading zero, days kept for two days only, a
total without items where a range of months is asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np

from aq.domain.clock import HOUR, day_bounds, kst_day, month_end
from aq.domain.model import URBAN
from aq.simulator.airkorea_rows import clock_hour, printed
from aq.simulator.envelope import Item
from aq.simulator.noise import Floats
from aq.simulator.operation import BadParameterError, Operation, Params, one_of, required
from aq.simulator.view import View
from aq.simulator.weather import POLLUTANTS, Hours
from aq.simulator.world import World, hour_range, sido_label

CITY_HOURS = 24  # an answer's hours; how many upstream gives is not published
DAYS_KEPT, MONTHS_KEPT = 2, 4
# A mean of fewer of the period's hours is no mean (three quarters, as for standards).
NEEDED = 0.75


class OfficialMeans:
    """`operations` maps ``Service/operation`` to what answers it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.operations: Mapping[str, Operation] = {
            "ArpltnStatsSvc/getCtprvnMesureSidoLIst": self.cities,
            "ArpltnStatsSvc/getMsrstnAcctoRDyrg": self.station_days,
            "ArpltnStatsSvc/getMsrstnAcctoRMmrg": self.station_months,
        }

    def cities(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """Means of the urban stations of a province's cities, newest hour first; or of days."""
        sido = required(params, "sidoName")
        daily = one_of(params, "searchCondition", {"HOUR": False, "DAILY": True})
        end = self.world.published(now, view.late_minutes) + min(view.shift_hours, 0) * HOUR
        if daily:
            end = day_bounds(kst_day(now) - timedelta(days=1))[1]
        hours = hour_range(end - CITY_HOURS * HOUR, end)
        sites = self.world.sites
        chosen = [
            index
            for index, site in enumerate(sites)
            if site.network == URBAN
            and sido in (site.province.ko, sido_label(site, now))
            and site.province.ko not in view.without
        ]
        cities = list(dict.fromkeys(sites[index].district for index in chosen))
        owner = np.array([cities.index(sites[index].district) for index in chosen])
        means = {key: self._means(key, hours, chosen, owner, view, daily) for key in POLLUTANTS}
        items: list[Item] = []
        for row in range((len(hours) if not daily else 1) - 1, -1, -1):
            time = str(kst_day(end)) if daily else clock_hour(int(hours[row]))
            for number, city in enumerate(cities):
                cells = {key: _cell(means[key][row, number], key, False) for key in POLLUTANTS}
                head = {"dataTime": time, "sidoName": sido, "cityName": city}
                tail = {"cityNameEng": "", "khaiValue": "", "districtNumSeq": f"{number + 1:03}"}
                items.append({**head, **{f"{k}Value": cell for k, cell in cells.items()}, **tail})
        return items, len(items)

    def _means(
        self, key: str, hours: Hours, chosen: list[int], owner: Floats, view: View, daily: bool
    ) -> Floats:
        """(hours, cities) means; (1, cities) of a whole day."""
        values = self.world.block(hours, chosen).trusted(key) * view.factor
        columns = [values[:, owner == city] for city in range(int(owner.max(initial=-1)) + 1)]
        if daily:
            columns = [column.reshape(1, -1) for column in columns]
        return np.array([_mean(column, 1) for column in columns]).T

    def station_days(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """Daily means of one station or all; of the last days only, without an error."""
        first, last = _date(params, "inqBginDt"), _date(params, "inqEndDt")
        today = kst_day(now)
        kept = [today - timedelta(days=back) for back in range(DAYS_KEPT, 0, -1)]
        items: list[Item] = []
        for day in kept:
            if first <= day <= last:
                rows = self._stations(params, day_bounds(day), view)
                items += [{"msurDt": day.isoformat(), **row} for row in rows]
        return items, len(items)

    def station_months(
        self, params: Params, now: datetime, view: View
    ) -> tuple[Sequence[Item], int]:
        """Monthly means of one station or all; a range without a station gives a total alone."""
        first, last = _date(params, "inqBginMm"), _date(params, "inqEndMm")
        this = kst_day(now).replace(day=1)
        kept = [this - timedelta(days=1)]
        while len(kept) < MONTHS_KEPT:
            kept.append(kept[-1].replace(day=1) - timedelta(days=1))
        asked = [
            end.replace(day=1) for end in reversed(kept) if first <= end.replace(day=1) <= last
        ]
        if first != last and not params.get("msrstnName"):
            return [], len(asked) * len(self._chosen(params, view))
        items: list[Item] = []
        for month in asked:
            bounds = day_bounds(month)[0], day_bounds(month_end(month))[1]
            rows = self._stations(params, bounds, view)
            items += [{"msurMm": f"{month:%Y-%m}", **row} for row in rows]
        return items, len(items)

    def _chosen(self, params: Params, view: View) -> list[int]:
        name = params.get("msrstnName", "")
        return [
            index
            for index, site in enumerate(self.world.sites)
            if name in ("", site.name) and site.province.ko not in view.without
        ]

    def _stations(
        self, params: Params, bounds: tuple[datetime, datetime], view: View
    ) -> list[Item]:
        chosen = self._chosen(params, view)
        if not chosen:
            return []
        hours = hour_range(*bounds)
        block = self.world.block(hours, chosen)
        needed = int(np.ceil(NEEDED * len(hours)))
        means = {key: _mean((block.trusted(key) * view.factor).T, needed) for key in POLLUTANTS}
        return [
            {
                "msrstnName": self.world.sites[index].name,
                **{f"{key}Value": _cell(means[key][place], key, True) for key in POLLUTANTS},
            }
            for place, index in enumerate(chosen)
        ]


def _mean(rows: Floats, needed: int) -> Floats:
    """The mean of each row; NaN with fewer values than needed."""
    count = np.sum(~np.isnan(rows), axis=1)
    mean: Floats = np.nansum(rows, axis=1) / np.maximum(count, 1)
    return np.where(count >= needed, mean, np.nan)


def _cell(value: float, key: str, fine: bool) -> str:
    """A mean as it is printed: whole PM, gases of cities as below ver 1.5, those of stations with
    four decimals at most and without a zero before the point."""
    if np.isnan(value):
        return "-"
    text = printed(int(np.floor(value + 0.5)), key, fine=fine and key != "co")
    if not fine or not text.startswith("0."):
        return text
    return text.strip("0").rstrip(".") or "0"


def _date(params: Params, name: str) -> date:
    """``YYYYMMDD`` or ``YYYYMM``, the first of the month."""
    text = required(params, name)
    try:
        return datetime.strptime(f"{text}01"[:8], "%Y%m%d").date()  # noqa: DTZ007 - a day of Korea
    except ValueError:
        raise BadParameterError(name) from None

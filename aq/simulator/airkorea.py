"""AirKorea's operations over the simulated world: which items they answer, and how many."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from aq.domain.clock import HOUR, from_hour_number, hour_number, kst, kst_day
from aq.domain.model import URBAN
from aq.domain.provinces import GWANGJU, JEONNAM, PROVINCES
from aq.feeds.airkorea import SERVICES
from aq.feeds.airkorea.contracts import contracts
from aq.simulator import airkorea_rows as rows
from aq.simulator import cai
from aq.simulator.envelope import Item
from aq.simulator.noise import Floats
from aq.simulator.official_means import OfficialMeans
from aq.simulator.operation import Operation, Params, one_of, required
from aq.simulator.view import View
from aq.simulator.weather import Hours
from aq.simulator.world import DEAD_SINCE, MERGED_SINCE, World, address, hour_range, sido_label

_BEFORE = cai.WINDOW - 1  # hours needed before one whose predicted mean is asked for
TERMS: Mapping[str, int] = {"DAILY": 24, "MONTH": 30 * 24, "3MONTH": 92 * 24}
_MEAN_DAYS: Mapping[str, int] = {"WEEK": 7, "MONTH": 30}
_ITEM_CODES: Mapping[str, str] = {
    "SO2": "so2", "CO": "co", "O3": "o3", "NO2": "no2", "PM10": "pm10", "PM25": "pm25",
}  # fmt: skip
_HASTE = timedelta(minutes=4)


class AirKorea:
    """The measurements; `operations` maps ``Service/operation`` to what answers it."""

    def __init__(self, world: World, calls: Counter[str]) -> None:
        self.world = world
        self.calls = calls
        self.operations: Mapping[str, Operation] = {
            "ArpltnInforInqireSvc/getCtprvnRltmMesureDnsty": self.real_time,
            "ArpltnInforInqireSvc/getMsrstnAcctoRltmMesureDnsty": self.station_history,
            "ArpltnStatsSvc/getCtprvnMesureLIst": self.province_means,
            "MsrstnInfoInqireSvc/getMsrstnList": self.station_list,
            "UserSportSvc/getSvckeyDalyStats": self.call_counts,
            **OfficialMeans(world).operations,
        }

    def real_time(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """All stations of a province (or 전국) with the newest hour of each."""
        sido = required(params, "sidoName")
        chosen = self._labelled(sido, now, view)
        items = self._newest(chosen, now, view, rows.version(params.get("ver")))
        # The old names still find their stations, but are counted as nothing since the merger.
        old = now >= MERGED_SINCE and sido in (GWANGJU.ko, JEONNAM.ko)
        return items, 0 if old else len(items)

    def _labelled(self, sido: str, now: datetime, view: View) -> list[int]:
        return [
            index
            for index, site in enumerate(self.world.sites)
            if sido in ("전국", sido_label(site, now), site.province.ko)
            and site.province.ko not in view.without
        ]

    def _newest(self, chosen: list[int], now: datetime, view: View, ver: float) -> list[Item]:
        if not chosen:
            return []
        end = self.world.published(now, view.late_minutes)
        end += min(view.shift_hours, 0) * HOUR
        measured = self._measured(end, 2, chosen, view.factor)
        out: list[Item] = []
        for place, index in enumerate(chosen):
            hasty = index == self.world.ahead and self._hasty(end, now)
            hour = end + HOUR if hasty else end
            if index == self.world.dead and end > DEAD_SINCE:
                item, hour = rows.silent(ver), DEAD_SINCE
            else:
                item = rows.item(measured, int(hasty), place, ver)
            shown = rows.label(hour + max(view.shift_hours, 0) * HOUR)
            out.append({**self._names(index, now, ver), "dataTime": shown, **item})
        return out

    def _hasty(self, end: datetime, now: datetime) -> bool:
        return self.world.is_ahead(end + HOUR) and now >= end + HOUR - _HASTE

    def _measured(
        self, end: datetime, count: int, chosen: Sequence[int], factor: float
    ) -> rows.Measured:
        """`count` hours from `end` on, and what upstream computes of them."""
        first = hour_number(end) - _BEFORE
        hours = np.arange(first, first + _BEFORE + count, dtype=np.int64)
        block = self.world.block(hours, chosen)
        block = block if factor == 1 else rows.scaled(block, factor)
        return rows.Measured(block, cai.assess(block, _BEFORE), _BEFORE)

    def _names(self, index: int, now: datetime, ver: float) -> Mapping[str, object]:
        site = self.world.sites[index]
        out: dict[str, object] = {"stationName": site.name, "sidoName": sido_label(site, now)}
        if ver >= 1.2:
            out["mangName"] = site.network
        if ver >= 1.4:
            out["stationCode"] = site.code
        return out

    def station_history(
        self, params: Params, now: datetime, view: View
    ) -> tuple[Sequence[Item], int]:
        """One station's hours, newest first; a name that two provinces share finds the first."""
        name, ver = required(params, "stationName"), rows.version(params.get("ver"))
        count = one_of(params, "dataTerm", TERMS)
        sites = [i for i, site in enumerate(self.world.sites) if site.name == name][:1]
        sites = [i for i in sites if self.world.sites[i].province.ko not in view.without]
        if not sites:
            return [], 0
        end = self.world.published(now, view.late_minutes) + min(view.shift_hours, 0) * HOUR
        measured = self._measured(end - (count - 1) * HOUR, count, sites, view.factor)
        block = measured.block
        named = {"stationName": name, "stationCode": block.sites[0].code} if ver >= 1.4 else {}
        named |= {"mangName": block.sites[0].network} if ver >= 1.2 else {}
        shift = max(view.shift_hours, 0)
        items = [
            {
                "dataTime": rows.clock_hour(int(block.hours[_BEFORE + row]) + shift),
                "sidoName": None,
                **named,
                **rows.item(measured, row, 0, ver),
            }
            for row in range(count - 1, -1, -1)
            if block.there[_BEFORE + row, 0]
        ]
        return items, len(items)

    def station_list(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """Stations by beginning of the address and part of the name; dmX is the latitude.

        From ver 1.1 on dmX and dmY stand the other way round.
        """
        swapped = rows.version(params.get("ver")) >= 1.1
        items: list[Item] = []
        for site in self.world.sites:
            where = address(site, now)
            if site.province.ko in view.without or not where.startswith(params.get("addr", "")):
                continue
            if params.get("stationName", "") not in site.name:
                continue
            at = (f"{site.latitude:.6f}", f"{site.longitude:.6f}")
            items.append(
                {
                    "stationName": site.name,
                    "addr": where,
                    "year": str(site.year),
                    "mangName": site.network,
                    "item": "SO2, CO, O3, NO2, PM10, PM2.5",
                    "dmX": at[swapped],
                    "dmY": at[not swapped],
                }
            )
        return items, len(items)

    def province_means(
        self, params: Params, now: datetime, view: View
    ) -> tuple[Sequence[Item], int]:
        """Means of the urban stations by province, newest first: hours, or whole days."""
        code = required(params, "itemCode")
        key = one_of(params, "itemCode", _ITEM_CODES)
        daily = one_of(params, "dataGubun", {"HOUR": False, "DAILY": True})
        days = one_of(params, "searchCondition", _MEAN_DAYS)
        end = self.world.published(now, view.late_minutes) + min(view.shift_hours, 0) * HOUR
        if daily:
            end = _day_start(end)
        hours = hour_range(end - timedelta(days=days), end)
        means = self._means(hours, key, view, 24 if daily else 1)
        shift = max(view.shift_hours, 0)
        items: list[Item] = []
        for row in range(len(means) - 1, -1, -1):
            number = int(hours[row * 24 if daily else row]) + shift
            time = str(kst_day(from_hour_number(number))) if daily else rows.clock_hour(number)
            head = {"dataTime": time, "itemCode": code, "dataGubun": "2" if daily else "1"}
            cells = zip(PROVINCES, means[row].tolist(), strict=True)
            items.append({**head, **{p.key: _mean_cell(value, key) for p, value in cells}})
        return items, len(items)

    def _means(self, hours: Hours, key: str, view: View, pooled: int) -> Floats:
        """(times, 17) means at `DIGITS` of every `pooled` hours; NaN without a value."""
        sites = self.world.sites
        chosen = [i for i, site in enumerate(sites) if site.network == URBAN]
        values = self.world.block(hours, chosen).trusted(key) * view.factor
        owner = np.array([sites[i].province.id - 1 for i in chosen])
        out = np.full((len(hours) // pooled, len(PROVINCES)), np.nan)
        for province in PROVINCES:
            own = values[:, owner == province.id - 1].reshape(len(out), -1)
            count = np.sum(~np.isnan(own), axis=1)
            if province.ko not in view.without:
                mean = np.nansum(own, axis=1) / np.maximum(count, 1)
                out[:, province.id - 1] = np.where(count > 0, mean, np.nan)
        return out

    def call_counts(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """Calls answered so far by service (upstream: of the day asked for)."""
        del view
        return counted(self.calls, params, now)


def counted(calls: Counter[str], params: Params, now: datetime) -> tuple[Sequence[Item], int]:
    """The calls of each service as upstream counts them, by its Korean name; by its path where
    that name is not known."""
    day = required(params, "searchDate")
    if day != kst(now).date().isoformat():
        return [], 0
    services = {path.rpartition("/")[2]: path.rpartition("/")[0] for path in contracts()}
    names = {service.name: service.counted_as or service.name for service in SERVICES}
    sums: Counter[str] = Counter()
    for operation, count in calls.items():
        if operation in services:
            sums[names.get(services[operation], services[operation])] += count
    items = [
        {"conectDe": day, "conectOprtinNm": name, "conectCo": str(count)}
        for name, count in sorted(sums.items())
    ]
    return items, len(items)


def _mean_cell(value: float, key: str) -> str:
    """A mean in the digits of a province table: whole PM, gases as below ver 1.5."""
    return "-" if np.isnan(value) else rows.printed(int(np.floor(value + 0.5)), key, fine=False)


def _day_start(end: datetime) -> datetime:
    """The end of the last whole Korean day."""
    return end - kst(end).hour * HOUR

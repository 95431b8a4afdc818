"""AirKorea's operations over a recording: what was answered then, at the clock's hour."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from aq.domain.clock import HOUR, floor_hour, from_hour_number, hour_number
from aq.domain.provinces import find_province
from aq.simulator.airkorea import TERMS, counted
from aq.simulator.envelope import Item
from aq.simulator.operation import Operation, Params, one_of, required
from aq.simulator.recording import Recording, networks
from aq.simulator.view import View

# Recorded answers had the newest hour at a median of 30 minutes past; polls begin at 20 past.
PUBLISHED = timedelta(minutes=15)
# Operations that were not recorded have no rows: an invented act would be one of real air.
_NOT_RECORDED = (
    "ArpltnStatsSvc/getCtprvnMesureLIst",
    "UlfptcaAlarmInqireSvc/getUlfptcaAlarmInfo",
    "OzYlwsndOccrrncInforInqireSvc/getYlwsndAdvsryOccrrncInfo",
    "OzYlwsndOccrrncInforInqireSvc/getOzAdvsryOccrrncInfo",
)


class Replay:
    """The operations of a recording; `operations` maps ``Service/operation`` to what answers it."""

    def __init__(self, recording: Recording, calls: Counter[str]) -> None:
        self.recording, self.calls = recording, calls
        self.operations: Mapping[str, Operation] = {
            **dict.fromkeys(_NOT_RECORDED, _nothing),
            "ArpltnInforInqireSvc/getCtprvnRltmMesureDnsty": self.real_time,
            "ArpltnInforInqireSvc/getMsrstnAcctoRltmMesureDnsty": self.station_history,
            "MsrstnInfoInqireSvc/getMsrstnList": self.station_list,
            "UserSportSvc/getSvckeyDalyStats": self.call_counts,
        }

    def real_time(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """The newest recorded hour, fields as recorded, of a province or 전국."""
        sido = required(params, "sidoName")
        hour = self._newest(now, view)
        items = [] if hour is None else self.recording.items(hour, now)
        items = [item for item in items if sido in ("전국", item["sidoName"])]
        return items, len(items)

    def _newest(self, now: datetime, view: View) -> int | None:
        """The newest hour that was recorded; an answer that is lost shows the one before it."""
        shift = timedelta(minutes=view.late_minutes) - min(view.shift_hours, 0) * HOUR
        return self.recording.newest(hour_number(floor_hour(now - PUBLISHED - shift)))

    def station_history(
        self, params: Params, now: datetime, view: View
    ) -> tuple[Sequence[Item], int]:
        """One station's recorded hours, newest first, without the province's name."""
        name, count = required(params, "stationName"), one_of(params, "dataTerm", TERMS)
        end = self._newest(now, view)
        if end is None:
            return [], 0
        recorded = self.recording.of_station(name, end - count, end, now)
        items = [{**item, "sidoName": None} for item in recorded]
        return items, len(items)

    def station_list(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """The stations whose network a list beside the recording names; nothing else is known."""
        del now, view
        wanted, part = params.get("addr", ""), params.get("stationName", "")
        items: list[Item] = [
            {
                "stationName": name,
                "addr": f"{find_province(sido).ko} {name}",
                "year": None,
                "mangName": network,
                "item": None,
                "dmX": None,
                "dmY": None,
            }
            for (sido, name), network in networks(self.recording.folder).items()
            if f"{sido} {name}".startswith(wanted) and part in name
        ]
        return items, len(items)

    def call_counts(self, params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
        """Calls answered so far by service."""
        del view
        return counted(self.calls, params, now)


def _nothing(params: Params, now: datetime, view: View) -> tuple[Sequence[Item], int]:
    del params, now, view
    return [], 0


def start_of(recording: Recording) -> datetime:
    """The instant at which the first recorded hour is the newest."""
    return from_hour_number(recording.bounds[0]) + PUBLISHED

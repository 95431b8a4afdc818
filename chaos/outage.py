"""An outage of three days, and the scheduler's own way back within the quota of a key."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from aq import app
from aq.context import Context, start
from aq.domain.clock import HOUR, Clock, hour_number
from aq.domain.provinces import PROVINCES
from aq.feeds.registry import FEED_IDS
from aq.ingest.backfill import MINUTES as FILL_MINUTES
from aq.settings import load
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store.schema import calls, province_hour, station, station_hour
from chaos import Line, Scale, part
from tests.conftest import NOW

OUT = timedelta(days=3)
STATIONS, QUOTA = 650, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """How the hours of an outage came back: of how many, and how many lack.

    `means` are province hours by upstream's own means (lacking a day after the return), `hours`
    those of single stations and `ours` province hours by our own means (two days after).
    """

    means: int
    means_lacking: int
    hours: int
    hours_lacking: int
    ours_lacking: int
    calls: int  # most of any KST day


def outage(url: str, *, stations: int, quota: int) -> Recovered:
    """Poll, stand still for three days, and let the scheduler's jobs run for two."""
    world = World(stations)
    with SimulatorServer(world, Clock(NOW)) as simulator:
        context = start(
            load(
                {
                    "AQ_DATABASE_URL": url,
                    "AQ_CLOCK": NOW.isoformat(),
                    "AQ_FEEDS__AIRKOREA__URL": simulator.airkorea_url,
                    "AQ_FEEDS__AIRKOREA__KEY": "any-key",
                    "AQ_FEEDS__AIRKOREA__DAILY_LIMIT": str(quota),
                    "AQ_FEEDS__OPENMETEO__ENABLED": "false",
                }
            )
        )

        def at(moment: datetime) -> None:
            simulator.clock = context.store.clock = Clock(moment)
            # The ledger counts calls for the day on the context's clock.
            collector = app.collector(replace(context, clock=simulator.clock))
            filler = app.filler(context, collector)
            if moment.minute in context.settings.schedule.minutes:
                collector.poll("airkorea", moment)
            if moment.minute in FILL_MINUTES:
                filler.scheduled("airkorea", moment)

        at(NOW.replace(minute=20))
        stopped = None if world.dead is None else world.sites[world.dead].code
        numbers = _reporting(context, stopped)
        began, back = hour_number(NOW.replace(minute=0)), NOW.replace(minute=20) + OUT
        ended = hour_number(back.replace(minute=0)) - 1
        minutes = sorted({*context.settings.schedule.minutes, *FILL_MINUTES})
        day: list[int] = []
        for hour in range(48):
            for minute in minutes:
                moment = back.replace(minute=minute) + hour * HOUR
                if moment >= back:
                    at(moment)
            if hour == 23:
                day = _provinces(context, "airkorea_means", began, ended)
        found = Recovered(
            means=len(PROVINCES) * (ended - began),
            means_lacking=len(PROVINCES) * (ended - began) - sum(day),
            hours=len(numbers) * (ended - began),
            hours_lacking=len(numbers) * (ended - began) - _held(context, numbers, began, ended),
            ours_lacking=len(PROVINCES) * (ended - began)
            - sum(_provinces(context, "airkorea", began, ended)),
            calls=_most_calls(context),
        )
        context.store.close()
        return found


def _reporting(context: Context, stopped: str | None) -> list[int]:
    """Stations that upstream has hours of: those that reported before, but for the one that has
    `stopped` for good; of those that share a name, which upstream cannot tell apart, the first."""
    query = select(func.min(station.c.id)).where(
        station.c.id.in_(select(station_hour.c.station).distinct()),
        station.c.code.is_distinct_from(stopped),
    )
    with context.store.read() as connection:
        return list(connection.scalars(query.group_by(station.c.name)))


def _held(context: Context, numbers: list[int], after: int, until: int) -> int:
    table = station_hour
    query = select(func.count()).where(
        table.c.station.in_(numbers),
        table.c.feed == FEED_IDS["airkorea"],
        table.c.hour > after,
        table.c.hour <= until,
    )
    with context.store.read() as connection:
        return int(connection.scalar(query) or 0)


def _provinces(context: Context, feed: str, after: int, until: int) -> list[int]:
    """Hours with a value of PM10, by province."""
    table = province_hour
    query = select(func.count()).where(
        table.c.feed == FEED_IDS[feed],
        table.c.hour > after,
        table.c.hour <= until,
        table.c.pm10_n > 0,
    )
    with context.store.read() as connection:
        return list(connection.scalars(query.group_by(table.c.province)))


def _most_calls(context: Context) -> int:
    query = select(func.sum(calls.c.calls)).where(calls.c.feed == "airkorea")
    with context.store.read() as connection:
        return max(int(n) for n in connection.scalars(query.group_by(calls.c.day)))


@part("outage")
def recovery(_scale: Scale, folder: Path) -> Iterator[Line]:
    """Three days out at the size of the country."""
    one = outage(f"sqlite:///{folder}/outage.db", stations=STATIONS, quota=QUOTA)
    note = f"most calls of a day {one.calls}"
    for what, hours, lost in (
        ("three days out: means within a day", one.means, one.means_lacking),
        ("three days out: stations within two", one.hours, one.hours_lacking),
        ("three days out: our means within two", one.means, one.ours_lacking),
    ):
        yield Line(what=what, tried=hours, survived=hours - max(lost, 0), lost=lost, note=note)

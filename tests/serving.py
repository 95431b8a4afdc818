"""A store with a few known hours, and the routes served on a real socket."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import uvicorn
from starlette.applications import Starlette

from aq.context import Context, start
from aq.domain.clock import HOUR
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import PROVINCES
from aq.ingest.collect import ingest, station_rule
from aq.settings import load
from aq.store.stations import Directory
from aq.web.api.routes import routes
from aq.web.public.routes import routes as public_routes
from tests.conftest import NOW

HOUR_20 = NOW - timedelta(minutes=25)
SEOUL = [Station(name=f"서울 {n}", sido="서울", network=URBAN) for n in range(4)]


def make_runtime(url: str, **environment: str) -> Context:
    """A context at 20:25 KST on an empty store, which reads from the standby where one is named."""
    given = {"AQ_DATABASE_URL": url, "AQ_CLOCK": NOW.isoformat(), **environment}
    return start(load(given), reader=True)


def write(context: Context, *readings: Reading, feed: str = "airkorea") -> None:
    """Store readings as a poll would."""
    with context.store.write("test") as txn:
        directory = Directory(txn, station_rule(context.settings.provinces))
        ingest(txn, feed, readings, directory, context.stored_standards)


def fill(context: Context, *, hours: int = 30) -> None:
    """PM10 62 everywhere in each hour, but at 20:00 세종 is flagged and 제주 absent."""
    readings = []
    for back in range(hours):
        hour = HOUR_20 - back * HOUR
        for province in PROVINCES:
            if province.ko == "제주" and back == 0:
                continue
            one = Station(name=f"{province.ko} 하나", sido=province.ko, network=URBAN)
            values = {"pm10": 620, "pm25": 130, "o3": 310, "no2": 100, "so2": 20, "co": 40}
            flags: dict[str, str] = {}
            if province.ko == "세종" and back == 0:
                values, flags = {}, dict.fromkeys(values, "source:통신장애")
            readings.append(Reading(station=one, hour=hour, values=values, flags=flags))
    write(context, *readings)


@contextmanager
def listening(app: Starlette) -> Iterator[str]:
    """An application on a port of this machine; yields the address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def served(context: Context) -> Iterator[str]:
    """The routes on a port of this machine; yields the address."""
    with listening(Starlette(routes=routes(lambda: context))) as address:
        yield address


@contextmanager
def public(context: Context) -> Iterator[str]:
    """The plain pages, frames and files on a port of this machine; yields the address."""
    with listening(Starlette(routes=public_routes(lambda: context))) as address:
        yield address

"""A pass of publishing after a new hour: the processor it takes, all in all."""

import statistics
import time
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from aq.cli.demo import fill
from aq.context import Context, start
from aq.settings import load
from aq.simulator.world import World
from aq.web.publish.run import publish
from bench import data
from bench.data import Stores, say
from bench.report import Case, below

STATIONS, DAYS, HOURS = 200, 8, 3


def run(_stores: Stores) -> list[Case]:
    """Hours of 200 stations come one after the other, each published as the job does it."""
    world, taken = World(STATIONS, data.SEED), []
    with TemporaryDirectory(prefix="aq-publish-") as folder:
        say("simulated history, published")
        for hour in range(HOURS + 1):
            context = _context(Path(folder), hour)
            fill(context, world, DAYS)
            began = time.process_time()
            publish(context, f"{folder}/public")
            taken.append(time.process_time() - began)
            context.store.close()
    seconds = statistics.median(taken[1:])
    return [
        Case(
            bench="publish",
            case="a folder renewed after a new hour of 200 stations: processor",
            runs=HOURS,
            ours=seconds,
            goals=(below("s", seconds, 1),),
        )
    ]


def _context(folder: Path, hour: int) -> Context:
    now = datetime.fromisoformat(data.NOW) - timedelta(hours=8 - hour)
    given = {
        "AQ_DATABASE_URL": f"sqlite:///{folder}/aq.db",
        "AQ_CLOCK": now.isoformat(),
        "AQ_FEEDS__AIRKOREA__KEY": "simulated",
    }
    return start(load(given))

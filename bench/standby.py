"""Reads from a hot standby: how many, what the primary spends on them, how late the standby is."""

import statistics
import time

import psutil

from aq.cli.demo import fill
from aq.context import Context, start
from aq.queries.current import current
from aq.settings import load
from aq.simulator.world import World
from bench import data
from bench.data import Stores, say
from bench.report import Case, below, faster
from tests.replica import Replica, replicated

STATIONS, DAYS, READS, WRITES = 200, 8, 300, 30


def run(_stores: Stores) -> list[Case]:
    """The present read again and again by one process, from the primary and from the standby."""
    with replicated() as pair:
        writer = _context(pair)
        say("simulated history on the primary")
        fill(writer, World(STATIONS, data.SEED), DAYS)
        say("reads from the primary, then from the standby")
        alone, spent_alone = _reads(pair, writer)
        reader = _context(pair, AQ_READ_URL=pair.read_url)
        while not (reader.store.standby and reader.store.standby.status().is_read):
            time.sleep(0.05)
        beside, spent_beside = _reads(pair, reader)
        late = _delays(writer, reader)
        for context in (writer, reader):
            context.store.close()
    return [
        Case(
            bench="standby",
            case="the present read from the standby, a second of one process (plain: primary)",
            unit="/s",
            runs=READS,
            ours=beside,
            plain=alone,
        ),
        Case(
            bench="standby",
            case=f"the primary's processor for {READS} of them (plain: without standby)",
            runs=READS,
            ours=spent_beside,
            plain=spent_alone,
            goals=(faster("without standby", spent_alone, spent_beside, 10),),
        ),
        Case(
            bench="standby",
            case="from the commit of a version until the standby has it",
            runs=WRITES,
            ours=statistics.median(late),
            goals=(below("s, the slowest", max(late), 1),),
        ),
    ]


def _context(pair: Replica, **more: str) -> Context:
    given = {"AQ_DATABASE_URL": pair.url, "AQ_CLOCK": data.NOW, **more}
    return start(load(given), reader=True)


def _reads(pair: Replica, context: Context) -> tuple[float, float]:
    """(reads a second, processor of the primary's backends meanwhile [s])."""
    current(context, context.clock.now())
    spent, began = _spent(pair), time.perf_counter()
    for _ in range(READS):
        current(context, context.clock.now())
    return READS / (time.perf_counter() - began), _spent(pair) - spent


def _spent(pair: Replica) -> float:
    """Processor time of the primary's backends so far [s]."""
    query = "SELECT string_agg(pid::text, ',') FROM pg_stat_activity WHERE datname IS NOT NULL"
    total = 0.0
    for pid in str(pair.on_primary(query + " AND pid <> pg_backend_pid()")).split(","):
        times = psutil.Process(int(pid)).cpu_times()
        total += times.user + times.system
    return total


def _delays(writer: Context, reader: Context) -> list[float]:
    """From the commit of a version until a read of the standby gives it [s]."""
    delays = []
    for _ in range(WRITES):
        with writer.store.write("bench") as txn:
            version = txn.version
        began = time.perf_counter()
        while reader.store.version() < version:
            time.sleep(0.0005)
        delays.append(time.perf_counter() - began)
    return delays

"""Kills: a process of its own does one thing and gets SIGKILL at a random moment.

Then the thing is done again, and the store must be what it would have been without.
"""

import multiprocessing
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy import func, select

from aq import app
from aq.context import Context, start
from aq.domain.clock import HOUR, Clock
from aq.feeds.registry import FEED_IDS, FEED_NAMES
from aq.ingest.collect import station_rule
from aq.ingest.confirmed_files import import_file
from aq.ingest.regrade import regrade
from aq.settings import load
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store.hours import aggregate
from aq.store.rollups import refresh
from aq.store.schema import province_hour, standard
from aq.store.stations import Directory
from chaos import Line, Scale, part
from chaos.places import Files, Place, contents, databases
from tests.archive_files import HEADER, row, write_xlsx
from tests.conftest import NOW

ACTIONS = ("migrate", "poll", "backfill", "import", "regrade")
NAMES = {"migrate": "migration", "regrade": "roll-up"}
LATER = NOW + 7 * HOUR
# Processes begin from one that has read the program already.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What trials of one action came to; `lost`, `twice` and `damaged` should be 0."""

    action: str
    trials: int
    unfinished: int  # killed before the action was done
    lost: int
    twice: int
    damaged: int
    survived: int

    def line(self, engine: str) -> Line:
        """As a line of the table."""
        return Line(
            what=f"killed: {NAMES.get(self.action, self.action)}, {engine}",
            tried=self.trials,
            survived=self.survived,
            lost=self.lost,
            twice=self.twice,
            note=f"{self.unfinished} in mid-run",
        )


def do(action: str, context: Context, file: Path) -> None:
    """One of `ACTIONS`; raises what went wrong."""
    if action == "poll":
        error = app.collector(context).poll("airkorea", LATER, force=True).error
        if error is not None:
            raise error
    elif action == "backfill":
        error = app.filler(context).run("airkorea", LATER).error
        if error is not None:
            raise error
    elif action == "import":
        import_file(context, file)
    elif action == "regrade":
        regrade(context.store, context.stored_standards)


def child(action: str, file: Path, environment: dict[str, str], says: Connection) -> None:
    """The process that is killed: it says when it begins and when it is done."""
    if action != "migrate":
        context = start(load(environment))
    says.send("begun")
    if action == "migrate":
        context = start(load(environment))
    do(action, context, file)
    says.send("done")


class Killing:
    """Stores before and after each action, and trials on copies of the first."""

    def __init__(
        self, place: Place, folder: Path, simulator: SimulatorServer, seed: int = 7
    ) -> None:
        self.place, self.simulator = place, simulator
        self.random = random.Random(seed)
        self.file = folder / "2024_10.xlsx"
        rows = [row(f"202410{day:02}{hour:02}") for day in range(1, 15) for hour in range(1, 25)]
        write_xlsx(self.file, {"1": [HEADER, *rows]})

    def environment(self, name: str) -> dict[str, str]:
        """The settings of a process on a store."""
        return {
            "AQ_DATABASE_URL": self.place.url(name),
            "AQ_CLOCK": LATER.isoformat(),
            "AQ_FEEDS__AIRKOREA__URL": self.simulator.airkorea_url,
            "AQ_FEEDS__AIRKOREA__KEY": "any-key",
            "AQ_FEEDS__OPENMETEO__ENABLED": "false",
        }

    def context(self, name: str) -> Context:
        """This process's own on a store."""
        return start(load(self.environment(name)))

    def before(self, action: str) -> str:
        """A store to which the action has not been done yet."""
        name = f"{action}-before"
        self.place.copy(None, name)
        if action == "migrate":
            return name
        context = self.context(name)
        if action in ("backfill", "regrade"):
            self.simulator.clock = Clock(NOW)
            app.collector(context).poll("airkorea", NOW, force=True)
            self.simulator.clock = Clock(LATER)
            app.collector(context).poll("airkorea", LATER, force=True)
        if action == "regrade":
            with context.store.book() as connection:
                other = "x" + func.substr(standard.c.hash, 2)
                connection.execute(standard.update().values(hash=other))
        self.simulator.clock = Clock(LATER)
        context.store.close()
        return name

    def copy(self, before: str, name: str) -> None:
        """A store to try on: an empty SQLite store is a file that is not there."""
        empty = before.startswith("migrate") and self.place.engine == "sqlite"
        self.place.copy(None if empty else before, name)

    def again(self, action: str, name: str) -> None:
        """Do it again in peace."""
        context = self.context(name)
        do(action, context, self.file)
        context.store.close()

    def begin(
        self, action: str, name: str
    ) -> tuple[multiprocessing.process.BaseProcess, Connection]:
        """A process at the beginning of an action, and where it tells its end."""
        hears, says = PROCESSES.Pipe(duplex=False)
        process = PROCESSES.Process(
            target=child, args=(action, self.file, self.environment(name), says)
        )
        process.start()
        says.close()
        assert hears.recv() == "begun"
        return process, hears

    def trial(self, action: str, before: str, seconds: float) -> tuple[str, bool]:
        """(store after a kill and a second go, whether the kill came before the end)."""
        name = f"{action}-trial"
        self.copy(before, name)
        process, hears = self.begin(action, name)
        time.sleep(self.random.uniform(0, seconds))
        process.kill()
        process.join()
        unfinished = not said_done(hears)
        self.again(action, name)
        return name, unfinished

    def reference(self, action: str, before: str) -> tuple[str, float]:
        """(store to which the action was done in peace, how long it took [s])."""
        name = f"{action}-reference"
        self.copy(before, name)
        process, hears = self.begin(action, name)
        began = time.monotonic()
        assert said_done(hears), "the action fails without any kill"
        seconds = time.monotonic() - began
        process.join()
        return name, seconds

    def run(self, action: str, trials: int) -> Killed:
        """Kill `action` so many times."""
        before = self.before(action)
        reference, seconds = self.reference(action, before)
        expected = contents(self.place.url(reference))
        unfinished = lost = twice = damaged = survived = 0
        for _ in range(trials):
            name, cut = self.trial(action, before, seconds)
            unfinished += cut
            found = contents(self.place.url(name))
            missing, more = (expected - found).total(), (found - expected).total()
            context = self.context(name)
            whole = self.place.sound(name) and recomputes(context, self.place.url(name))
            context.store.close()
            lost, twice, damaged = lost + missing, twice + more, damaged + (not whole)
            survived += whole and not missing and not more
        return Killed(
            action=action,
            trials=trials,
            unfinished=unfinished,
            lost=lost,
            twice=twice,
            damaged=damaged,
            survived=survived,
        )


def recomputes(context: Context, url: str) -> bool:
    """Whether province hours, grades and days made anew from station hours are those kept."""
    kept = contents(url)
    with context.store.write("recomputation") as txn:
        rows = txn.connection.execute(
            select(province_hour.c.province, province_hour.c.hour, province_hour.c.feed)
        ).all()
        directory = Directory(txn, station_rule(context.settings.provinces))
        for number in {one.feed for one in rows}:
            slots = {(one.province, one.hour) for one in rows if one.feed == number}
            if number != FEED_IDS["airkorea_means"]:
                aggregate(txn, FEED_NAMES[number], slots, directory)
            refresh(txn, number, slots, context.stored_standards)
    return contents(url) == kept


def said_done(hears: Connection) -> bool:
    """Whether a process told that it was done before it ended."""
    try:
        return bool(hears.recv() == "done")
    except EOFError:
        return False
    finally:
        hears.close()


@part("kills")
def kills(scale: Scale, folder: Path) -> Iterator[Line]:
    """Each action on the embedded store."""
    with SimulatorServer(World(34), Clock(LATER)) as simulator:
        killing = Killing(Files(folder), folder, simulator)
        for action in ACTIONS:
            yield killing.run(action, scale.kills).line("sqlite")


@part("kills-postgresql")
def kills_postgresql(scale: Scale, folder: Path) -> Iterator[Line]:
    """Each action on PostgreSQL."""
    with SimulatorServer(World(34), Clock(LATER)) as simulator, databases() as place:
        killing = Killing(place, folder, simulator)
        for action in ACTIONS:
            yield killing.run(action, scale.kills_postgresql).line("postgresql")

"""Kills, faults and nonsense with their counts: `python -m tests.chaos`, what `make chaos` runs.

Killing: a process of its own does one thing (poll, backfill, import, regrade, migrate) and gets
SIGKILL at a random moment; then the thing is done again, and the store must be what it would have
been without.
"""

import argparse
import copy
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from aq.clock import HOUR, Clock
from aq.collect import station_rule
from aq.errors import FeedError, InputError
from aq.feeds.airkorea import PROVINCE_MEANS, REALTIME, STATION_HISTORY, STATIONS, AirKorea
from aq.feeds.archive import read as read_file
from aq.feeds.openmeteo import OpenMeteo
from aq.importing import import_file
from aq.model import Payload
from aq.paths import ROOT
from aq.regions import PROVINCES
from aq.regrade import regrade
from aq.runtime import Runtime, start
from aq.schema import FEED_IDS, FEED_NAMES, province_hour, standard
from aq.settings import load
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from aq.store.hours import aggregate
from aq.store.rollups import refresh
from aq.store.stations import Directory
from tests.archive_files import HEADER, row, write_xlsx
from tests.conftest import NOW

ACTIONS = ("migrate", "poll", "backfill", "import", "regrade")
FIXTURES = ROOT / "tests" / "fixtures"
# What must be as without a kill; versions and the program's own records may differ.
TABLES = (
    *("station_hour", "province_hour", "province_grade", "province_day", "province_day_grade"),
    "station_feed",
)
NOT_COMPARED = frozenset({"version"})
LATER = NOW + 7 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """What trials of one action came to."""

    action: str
    trials: int
    unfinished: int  # killed before the action was done
    lost: int
    twice: int
    damaged: int


def do(action: str, runtime: Runtime, file: Path) -> None:
    """One of `ACTIONS`."""
    if action == "poll":
        assert runtime.collector().poll("airkorea", LATER, force=True).error is None
    elif action == "backfill":
        assert runtime.filler().run("airkorea", LATER).error is None
    elif action == "import":
        import_file(runtime, file)
    elif action == "regrade":
        regrade(runtime.store, runtime.stored_standards)


def child(action: str, file: Path) -> None:
    """The process that is killed: it says when it begins and when it is done."""
    if action != "migrate":
        runtime = start(load())
    click.echo("begun")
    if action == "migrate":
        runtime = start(load())
    do(action, runtime, file)
    click.echo("done")


class Killing:
    """Stores before and after each action, and trials on copies of the first."""

    def __init__(self, folder: Path, simulator: SimulatorServer, seed: int = 7) -> None:
        self.folder, self.simulator = folder, simulator
        self.random = random.Random(seed)
        self.file = folder / "2024_10.xlsx"
        rows = [row(f"202410{day:02}{hour:02}") for day in range(1, 29) for hour in range(1, 25)]
        write_xlsx(self.file, {"1": [HEADER, *rows]})

    def environment(self, path: Path) -> dict[str, str]:
        return {
            "AQ_DATABASE_URL": f"sqlite:///{path}",
            "AQ_CLOCK": LATER.isoformat(),
            "AQ_FEEDS__AIRKOREA__URL": self.simulator.airkorea_url,
            "AQ_FEEDS__AIRKOREA__KEY": "any-key",
            "AQ_FEEDS__OPENMETEO__ENABLED": "false",
        }

    def before(self, action: str) -> Path:
        """A store to which the action has not been done yet."""
        path = self.folder / f"{action}-before.db"
        if action == "migrate":
            return path
        runtime = start(load(self.environment(path)))
        if action in ("backfill", "regrade"):
            self.simulator.clock = Clock(NOW)
            runtime.collector().poll("airkorea", NOW, force=True)
            self.simulator.clock = Clock(LATER)
            runtime.collector().poll("airkorea", LATER, force=True)
        if action == "regrade":
            with runtime.store.book() as connection:
                connection.execute(standard.update().values(hash=standard.c.hash + "x"))
        self.simulator.clock = Clock(LATER)
        runtime.store.close()
        return path

    def trial(self, action: str, before: Path, seconds: float) -> tuple[Path, bool]:
        """(store after a kill and a second go, whether the kill came before the end)."""
        path = self.folder / f"{action}-trial.db"
        for end in ("", "-wal", "-shm"):
            Path(f"{path}{end}").unlink(missing_ok=True)
        if before.exists():
            shutil.copy(before, path)
        command = [sys.executable, "-m", "tests.chaos", "--child", action, str(self.file)]
        environment = {**os.environ, **self.environment(path)}
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE)
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            time.sleep(self.random.uniform(0, seconds))
            process.send_signal(signal.SIGKILL)
            unfinished = process.stdout.read() == b""
        runtime = start(load(self.environment(path)))
        do(action, runtime, self.file)
        runtime.store.close()
        return path, unfinished

    def run(self, action: str, trials: int) -> Killed:
        """Kill `action` so many times."""
        before = self.before(action)
        reference = self.folder / f"{action}-reference.db"
        if before.exists():
            shutil.copy(before, reference)
        began = time.monotonic()
        runtime = start(load(self.environment(reference)))
        do(action, runtime, self.file)
        seconds = time.monotonic() - began
        runtime.store.close()
        expected = contents(reference)
        unfinished = lost = twice = damaged = 0
        for _ in range(trials):
            path, cut = self.trial(action, before, seconds)
            unfinished += cut
            found = contents(path)
            lost += len(expected - found)
            twice += len(found - expected)
            damaged += not sound(path) or not recomputes(self.environment(path))
        return Killed(
            action=action,
            trials=trials,
            unfinished=unfinished,
            lost=lost,
            twice=twice,
            damaged=damaged,
        )


def contents(path: Path) -> set[str]:
    """Every row of the data, as text, named by its table."""
    out = set()
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        for table in TABLES:
            for found in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - names above
                kept = {k: found[k] for k in found.keys() if k not in NOT_COMPARED}  # noqa: SIM118
                out.add(f"{table} {kept}")
    return out


def sound(path: Path) -> bool:
    """Whether SQLite finds every page and index in order."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def recomputes(environment: dict[str, str]) -> bool:
    """Whether province hours, grades and days made anew from the station hours are those kept."""
    runtime = start(load(environment))
    path = Path(environment["AQ_DATABASE_URL"].removeprefix("sqlite:///"))
    kept = contents(path)
    with runtime.store.write("recomputation") as txn:
        rows = txn.connection.execute(
            select(province_hour.c.province, province_hour.c.hour, province_hour.c.feed)
        ).all()
        directory = Directory(txn, station_rule(runtime.settings.provinces))
        for number in {one.feed for one in rows}:
            slots = {(one.province, one.hour) for one in rows if one.feed == number}
            if number != FEED_IDS["airkorea_means"]:
                aggregate(txn, FEED_NAMES[number], slots, directory)
            refresh(txn, number, slots, runtime.stored_standards)
    runtime.store.close()
    return contents(path) == kept


def payloads() -> dict[str, list[Payload]]:
    """A recorded answer of each operation, by feed."""

    def read(name: str, operation: str, **params: str) -> Payload:
        text = (FIXTURES / name).read_text("utf-8")
        return Payload(operation=operation, text=text, fetched_at=NOW, params=params)

    return {
        "airkorea": [
            read("airkorea/realtime.json", REALTIME),
            read("airkorea/realtime.xml", REALTIME),
            read("airkorea/station_history.json", STATION_HISTORY, stationName="종로구"),
            read("airkorea/stations.json", STATIONS),
            read("airkorea/province_means.json", PROVINCE_MEANS, itemCode="PM10"),
        ],
        "openmeteo": [read("openmeteo/hourly.json", "")],
    }


PLACES = tuple((province.code, 37.0, 127.0) for province in PROVINCES)
NONSENSE: Sequence[Any] = (
    *(None, "", "-", "NaN", "1e400", "-1", "9" * 400, 0, -1, 1e308, True, [], {}, [[]]),
    *("2026-13-45 25:00", "9999-12-31 24:00", "\ud800", "\x00", "a" * 5000, "１２", "24:00"),
)


def mutated(text: str, rng: random.Random) -> str:
    """A text with a few things about it wrong: values, shapes or plain characters."""
    if rng.random() < 0.5:
        try:
            data = json.loads(text)
        except ValueError:
            data = None
        if data is not None:
            for _ in range(rng.randint(1, 6)):
                _spoil(data, rng)
            return json.dumps(data, ensure_ascii=False)
    characters = list(text)
    for _ in range(rng.randint(1, 30)):
        place = rng.randrange(len(characters) or 1)
        what = rng.random()
        if what < 0.4:
            characters[place : place + rng.randint(0, 200)] = []
        elif what < 0.7:
            characters[place:place] = list(rng.choice(['"', "}", "]", "\\", "<", "&", "\x00", ","]))
        else:
            characters[place:place] = characters[: rng.randint(0, 100)]
    return "".join(characters)


def _spoil(data: Any, rng: random.Random) -> None:
    """Follow the tree down some way and put nonsense there."""
    for _ in range(12):
        keys: list[Any] = list(data) if isinstance(data, dict) else list(range(len(data)))
        if not keys:
            return
        key = rng.choice(keys)
        below = data[key]
        if isinstance(below, dict | list) and below and rng.random() < 0.9:
            data = below
            continue
        if isinstance(data, dict) and rng.random() < 0.2:
            del data[key]
        else:
            data[key] = copy.deepcopy(rng.choice(NONSENSE))
        return


def parse_nonsense(feed: str, seed: int) -> bool:
    """Parse one spoiled payload; True when it was refused, False when read in part or whole.

    Whatever is read must be fit for the store; anything else that is raised is a crash.
    """
    rng = random.Random(seed)
    made = AirKorea() if feed == "airkorea" else OpenMeteo(PLACES)
    payload = rng.choice(payloads()[feed])
    spoiled = Payload(
        operation=payload.operation,
        text=mutated(payload.text, rng),
        fetched_at=NOW,
        params=payload.params,
    )
    try:
        answer = made.parse(spoiled, NOW)
    except FeedError:
        return True
    for one in answer.readings:
        assert one.hour <= NOW + HOUR
        assert one.hour.minute == one.hour.second == one.hour.microsecond == 0
        assert all(0 <= value < 2**31 for value in one.values.values())
    return False


def read_nonsense(seed: int, folder: Path) -> bool:
    """Read one spoiled file as `import` does; True when it was refused."""
    rng = random.Random(seed)
    buffer = io.BytesIO()
    rows = [row(f"20241001{hour:02}") for hour in range(1, 25)]
    write_xlsx(buffer, {"1": [HEADER, *rows]})
    data, name = buffer.getvalue(), "f.xlsx"
    if rng.random() < 0.5:
        lines = [",".join(str(cell) for cell in one) for one in (HEADER, *rows)]
        data = mutated("\n".join(lines), rng).encode("utf-8", "surrogatepass")
        name = "f.csv"
    else:
        spoiled = bytearray(data)
        for _ in range(rng.randint(1, 40)):
            spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
        data = bytes(spoiled[: rng.randint(1, len(spoiled))] if rng.random() < 0.3 else spoiled)
    path = folder / name
    path.write_bytes(data)
    try:
        for batch in read_file(path, NOW):
            for one in batch.answer.readings:
                assert all(0 <= value < 2**31 for value in one.values.values())
    except InputError:
        return True
    return False


def tried(what: Callable[[int], bool], count: int) -> tuple[int, list[tuple[int, str]]]:
    """`what` for each seed up to `count`: how many were refused, and seed and words of crashes."""
    refused, crashed = 0, []
    for seed in range(count):
        try:
            refused += what(seed)
        except Exception as error:
            crashed.append((seed, repr(error)))
    return refused, crashed


def main() -> None:
    """All of it, as a table."""
    options = argparse.ArgumentParser(description="Kills and nonsense, with their counts.")
    options.add_argument("--kills", type=int, default=20, help="of each action")
    options.add_argument("--payloads", type=int, default=20_000, help="of each feed")
    options.add_argument("--files", type=int, default=5_000)
    options.add_argument("--child", nargs=2, metavar=("ACTION", "FILE"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.child:
        child(given.child[0], Path(given.child[1]))
        return
    bad = 0
    heads: tuple[str, ...] = ("tried", "cut short", "lost", "twice", "unsound")
    click.echo(f"{'killed with -9':16}" + "".join(f"{head:>11}" for head in heads))
    with (
        tempfile.TemporaryDirectory() as folder,
        SimulatorServer(World(40), Clock(LATER)) as simulator,
    ):
        killing = Killing(Path(folder), simulator)
        for action in ACTIONS:
            one = killing.run(action, given.kills)
            bad += one.lost + one.twice + one.damaged
            numbers = (one.trials, one.unfinished, one.lost, one.twice, one.damaged)
            click.echo(f"{action:16}" + "".join(f"{number:11}" for number in numbers))
        heads = ("tried", "refused", "crashed")
        click.echo(f"\n{'nonsense':16}" + "".join(f"{head:>11}" for head in heads))
        trials: list[tuple[str, int, Callable[[int], bool]]] = [
            ("airkorea", given.payloads, lambda seed: parse_nonsense("airkorea", seed)),
            ("openmeteo", given.payloads, lambda seed: parse_nonsense("openmeteo", seed)),
            ("files", given.files, lambda seed: read_nonsense(seed, Path(folder))),
        ]
        for name, count, what in trials:
            refused, crashed = tried(what, count)
            bad += len(crashed)
            click.echo(f"{name:16}{count:11}{refused:11}{len(crashed):11}")
            for seed, words in crashed[:3]:
                click.echo(f"  seed {seed}: {words}", err=True)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()

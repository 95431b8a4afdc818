"""Kills of retention: a process archives months and gets SIGKILL at a random moment."""

import multiprocessing
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from aq.context import Context, start
from aq.domain.clock import HOUR, hour_number
from aq.domain.model import URBAN, Reading, Station
from aq.ingest.confirmed_files import import_archive
from aq.ingest.retention import retain
from aq.settings import load
from aq.store.archive import months as retained
from chaos import Line, Scale, part
from chaos.places import Files, Place, contents, databases
from tests.conftest import NOW
from tests.serving import write

MONTHS = 4
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """What kills came to: how many were in mid-run, rows lost and twice, files that were wrong."""

    trials: int
    unfinished: int
    lost: int
    twice: int
    damaged: int


def environment(place: Place, name: str, folder: Path) -> dict[str, str]:
    """The settings of a process on a store with its archive."""
    return {
        "AQ_DATABASE_URL": place.url(name),
        "AQ_CLOCK": NOW.isoformat(),
        "AQ_RETENTION__FOLDER": str(folder / f"{name}-archive"),
        "AQ_RETENTION__STATION_MONTHS": str(MONTHS),
        "AQ_FEEDS__OPENMETEO__ENABLED": "false",
    }


def archived(context: Context) -> None:
    """All that is due, to the end."""
    report = retain(context.store, context.settings.archive_folder, MONTHS, NOW)
    if report.error is not None:
        raise report.error


def child(given: dict[str, str], says: Connection) -> None:
    """The process that is killed."""
    context = start(load(given))
    says.send("begun")
    archived(context)
    says.send("done")


def old_hours(context: Context) -> None:
    """Three months of hours of a few stations, each last day of a month corrected once."""
    places = [Station(name=f"측정소 {n}", sido="서울", network=URBAN) for n in range(4)]
    first = NOW.replace(minute=0) - timedelta(days=250)
    for days in range(0, 90, 30):
        hours = [first + timedelta(days=days) + k * HOUR for k in range(30 * 24)]
        write(
            context,
            *(
                Reading(station=one, hour=hour, values={"pm10": 100 + hour_number(hour) % 97 + n})
                for n, one in enumerate(places)
                for hour in hours
            ),
        )
        write(context, *(Reading(station=places[0], hour=h, values={"o3": 9}) for h in hours[-9:]))


def kill(place: Place, folder: Path, trials: int, seed: int = 11) -> Trials:
    """Archive, get killed, archive again, bring all back: the rows must be those of before."""
    rng = random.Random(seed)
    place.copy(None, "retain-before")
    context = start(load(environment(place, "retain-before", folder)))
    old_hours(context)
    context.store.close()
    expected = contents(place.url("retain-before"))
    seconds = 0.0
    unfinished = lost = twice = damaged = 0
    for number in range(-1, trials):  # the first is left in peace, to learn how long it takes
        name = f"retain-{number % 97}"
        place.copy("retain-before", name)
        given = environment(place, name, folder)
        ours, theirs = PROCESSES.Pipe()
        process = PROCESSES.Process(target=child, args=(given, theirs))
        process.start()
        theirs.close()
        assert ours.recv() == "begun"
        began = time.monotonic()
        if number < 0:
            assert ours.recv() == "done"
            seconds = time.monotonic() - began
        else:
            time.sleep(rng.uniform(0, seconds))
            unfinished += not ours.poll()
            process.kill()
        process.join()
        ours.close()
        context = start(load(given))
        archived(context)
        with context.store.read() as connection:
            months = retained.months(connection)
        damaged += not months
        for month in months:
            import_archive(context, context.settings.archive_folder / month.file)
        context.store.close()
        found = contents(place.url(name))
        lost += (expected - found).total()
        twice += (found - expected).total()
        damaged += not place.sound(name)
    return Trials(trials=trials, unfinished=unfinished, lost=lost, twice=twice, damaged=damaged)


@part("retain")
def retaining(scale: Scale, folder: Path) -> Iterator[Line]:
    """On both engines."""
    with databases() as server:
        for place, trials in ((Files(folder), scale.kills), (server, scale.kills_postgresql)):
            one = kill(place, folder, trials)
            yield Line(
                what=f"killed: retain, {place.engine}",
                tried=one.trials,
                survived=one.trials - one.damaged,
                lost=one.lost,
                twice=one.twice,
                note=f"{one.unfinished} in mid-run",
            )

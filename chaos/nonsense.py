"""Nonsense: spoiled answers and files, which must be refused or read in bounds."""

import copy
import functools
import io
import json
import random
import sqlite3
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from aq.context import start
from aq.domain.clock import HOUR
from aq.domain.errors import FeedError, InputError
from aq.domain.model import Payload
from aq.domain.pollutants import KEYS
from aq.domain.provinces import PROVINCES
from aq.feeds.airkorea.client import PROVINCE_MEANS, REALTIME, STATION_HISTORY, STATIONS, AirKorea
from aq.feeds.openmeteo import OpenMeteo
from aq.ingest.confirmed_files import import_file
from aq.paths import ROOT
from aq.settings import load
from chaos import Line, Scale, part
from chaos.killing import recomputes
from tests.archive_files import HEADER, row, write_xlsx
from tests.conftest import NOW

FIXTURES = ROOT / "tests" / "fixtures"


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


ROWS = [row(f"20241001{hour:02}") for hour in range(1, 25)]


@functools.cache
def workbook() -> bytes:
    """A good day of one station."""
    buffer = io.BytesIO()
    write_xlsx(buffer, {"1": [HEADER, *ROWS]})
    return buffer.getvalue()


def spoiled_file(seed: int, folder: Path) -> Path:
    """A workbook, a CSV file, or a zip of one, with a few things about it wrong."""
    rng = random.Random(seed)
    data, name = workbook(), "f.xlsx"
    if rng.random() < 0.6:
        lines = [",".join(str(cell) for cell in one) for one in (HEADER, *ROWS)]
        data = mutated("\n".join(lines), rng).encode("utf-8", "surrogatepass")
        name = "f.csv"
        if rng.random() < 0.2:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(name, data)
            data, name = packed.getvalue(), "f.zip"
    if name == "f.xlsx" or (name == "f.zip" and rng.random() < 0.3):
        spoiled = bytearray(data)
        for _ in range(rng.randint(1, 40)):
            spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
        data = bytes(spoiled[: rng.randint(1, len(spoiled))] if rng.random() < 0.3 else spoiled)
    path = folder / name
    path.write_bytes(data)
    return path


class Imports:
    """A store that holds the good file, into which spoiled ones are imported one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "imports.db"
        self.url = f"sqlite:///{self.file}"
        self.context = start(
            load({"AQ_DATABASE_URL": self.url, "AQ_FEEDS__OPENMETEO__ENABLED": "false"})
        )
        good = folder / "good.xlsx"
        good.write_bytes(workbook())
        import_file(self.context, good)
        self.onlooker = sqlite3.connect(self.file)

    def state(self) -> tuple[int, ...]:
        """What changes with any commit, the store version, and how many rows there are."""
        ask = (
            "PRAGMA data_version",
            "SELECT version FROM state",
            "SELECT count(*) FROM station_hour",
            "SELECT count(*) FROM station_hour_rev",
        )
        return tuple(self.onlooker.execute(one).fetchone()[0] for one in ask)

    def take(self, seed: int) -> bool:
        """Import a spoiled file, twice; True when it was refused, the store being as it was."""
        path, before = spoiled_file(seed, self.folder), self.state()
        try:
            report = import_file(self.context, path)
        except InputError:
            assert self.state() == before, "a refused file changed the store"
            return True
        _, version, rows, replaced = self.state()
        assert rows - before[2] == report.stored
        assert replaced - before[3] == report.changed
        written = bool(report.stored or report.changed)
        assert version - before[1] in ((1,) if written else (0, 1))  # a station's facts may change
        taken = report.stored + report.changed + report.unchanged
        assert taken == report.rows or report.skipped.total(), "rows vanished without a word"
        again = import_file(self.context, path)
        assert (again.stored, again.changed) == (0, 0), "a second time it is another file"
        return False

    def sound(self) -> bool:
        """Whether every page is in order, values in bounds, and roll-ups equal a recomputation."""
        (found,) = self.onlooker.execute("PRAGMA integrity_check").fetchone()
        outside = " OR ".join(f"{key} NOT BETWEEN 0 AND {2**31 - 1}" for key in KEYS)
        (wrong,) = self.onlooker.execute(
            f"SELECT count(*) FROM station_hour WHERE {outside}"  # noqa: S608 - names of our own
        ).fetchone()
        return (found, wrong) == ("ok", 0) and recomputes(self.context, self.url)

    def close(self) -> None:
        """Give all connections back."""
        self.onlooker.close()
        self.context.store.close()


def tried(what: Callable[[int], bool], count: int) -> tuple[int, list[tuple[int, str]]]:
    """`what` for each seed up to `count`: how many were refused, and seed and words of crashes."""
    refused, crashed = 0, []
    for seed in range(count):
        try:
            refused += what(seed)
        except Exception as error:
            crashed.append((seed, repr(error)))
    return refused, crashed


@part("nonsense")
def nonsense(scale: Scale, folder: Path) -> Iterator[Line]:
    """Spoiled answers of each feed, and spoiled files through the whole of `import`."""
    for feed in ("airkorea", "openmeteo"):
        yield _line(f"answers of {feed}", scale.payloads, functools.partial(parse_nonsense, feed))
    imports = Imports(folder)
    line = _line("files through import", scale.files, imports.take)
    yield line if imports.sound() else replace(line, survived=0, note="the store is not sound")
    imports.close()


def _line(name: str, count: int, what: Callable[[int], bool]) -> Line:
    refused, crashed = tried(what, count)
    for seed, words in crashed[:3]:
        click.echo(f"  seed {seed}: {words}", err=True)
    return Line(
        what=f"spoiled: {name}",
        tried=count,
        survived=count - len(crashed),
        note=f"{refused:,} refused",
    )

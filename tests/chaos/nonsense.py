"""Nonsense: spoiled answers and files that the readers must refuse or read in bounds."""

import copy
import io
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from aq.clock import HOUR
from aq.errors import FeedError, InputError
from aq.feeds.airkorea import PROVINCE_MEANS, REALTIME, STATION_HISTORY, STATIONS, AirKorea
from aq.feeds.archive import read as read_file
from aq.feeds.openmeteo import OpenMeteo
from aq.model import Payload
from aq.paths import ROOT
from aq.regions import PROVINCES
from tests.archive_files import HEADER, row, write_xlsx
from tests.chaos import Line, Scale, part
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


@part("nonsense")
def nonsense(scale: Scale, folder: Path) -> Iterator[Line]:
    """Spoiled answers of each feed and spoiled files."""
    trials: list[tuple[str, int, Callable[[int], bool]]] = [
        ("answers of airkorea", scale.payloads, lambda seed: parse_nonsense("airkorea", seed)),
        ("answers of openmeteo", scale.payloads, lambda seed: parse_nonsense("openmeteo", seed)),
        ("files for import", scale.files, lambda seed: read_nonsense(seed, folder)),
    ]
    for name, count, what in trials:
        refused, crashed = tried(what, count)
        for seed, words in crashed[:3]:
            click.echo(f"  seed {seed}: {words}", err=True)
        yield Line(
            what=f"spoiled: {name}",
            tried=count,
            survived=count - len(crashed),
            note=f"{refused:,} refused",
        )

"""Kills, faults and nonsense with their counts: `python -m chaos`, what `make chaos` runs.

A part is a function `(scale, folder)` that yields lines of the table, registered with `@part` in a
module of this package; every module of the package is read, so a new part is a new file.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is tried; the defaults are the full run."""

    kills: int = 100  # of each action on the embedded store
    kills_postgresql: int = 20  # of each action on PostgreSQL
    stops: int = 20  # of PostgreSQL in mid-run
    payloads: int = 20_000  # of each feed
    files: int = 5_000
    deliveries: int = 20  # hours in which a worker is killed that sends alerts
    histories: int = 2_000  # of hours late, revised and silenced, through the alerts
    days: int = 30  # of three workers and two pages
    seed: int = 20_261_128  # of the storm: the same one makes the same choices


QUICK = Scale(
    kills=10,
    kills_postgresql=3,
    stops=3,
    payloads=1_000,
    files=300,
    deliveries=3,
    histories=100,
    days=2,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the table: how often something was tried, and what came of it.

    `lost` and `twice` are hours (rows of hours) that are missing and that stand twice or otherwise
    than they should; what is tried is survived when neither happened and nothing crashed.
    """

    what: str
    tried: int
    survived: int
    lost: int = 0
    twice: int = 0
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether all went as it should."""
        return (self.survived, self.lost, self.twice) == (self.tried, 0, 0)


Part = Callable[[Scale, Path], Iterator[Line]]
PARTS: dict[str, Part] = {}


def part(name: str) -> Callable[[Part], Part]:
    """Register a part of the run under a name that `--only` takes."""

    def register(function: Part) -> Part:
        PARTS[name] = function
        return function

    return register


def read_parts() -> dict[str, Part]:
    """Every part of every module of this package."""
    for module in pkgutil.iter_modules(__path__):
        if module.name != "__main__":
            importlib.import_module(f"{__name__}.{module.name}")
    return PARTS

"""Runs of hours at or above a level, and the episodes that runs of several places make together.

A missing hour neither ends a run nor belongs to it as proven. Up to `BRIDGE` missing hours in a row
between two hours at or above the level are bridged and counted apart; more of them cut the run, and
its end there is not known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aq.domain.pollutants import Exact

BRIDGE = 6  # hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of one place; hours are hour numbers (hour ends).

    Attributes
    ----------
    first, last : its first and last hour at or above the level
    hours : hours known to be at or above it
    bridged : the missing hours within, ascending
    peak, peak_hour : the highest value [store's scale] and the first hour that has it
    begins_known, ends_known : whether the hour before, and after, is known to be below
    """

    first: int
    last: int
    hours: int
    bridged: tuple[int, ...]
    peak: Exact
    peak_hour: int
    begins_known: bool
    ends_known: bool

    @property
    def length(self) -> int:
        """Hours from the first to the last, bridged ones included."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Runs of one or more places that overlap or follow each other without an hour between.

    `parts` are (place, run), the earliest first; of those that begin together, in page-header
    order.
    """

    parts: tuple[tuple[int, Run], ...]

    @property
    def first(self) -> int:
        """The first hour of the earliest run."""
        return self.parts[0][1].first

    @property
    def last(self) -> int:
        """The last hour of the run that lasts longest."""
        return max(run.last for _, run in self.parts)

    @property
    def length(self) -> int:
        """Hours from the first to the last."""
        return self.last - self.first + 1

    @property
    def peak(self) -> tuple[int, Run]:
        """(place, run) of the highest value, the earliest of equals."""
        return max(self.parts, key=lambda part: (part[1].peak, -part[1].peak_hour))

    @property
    def places(self) -> tuple[tuple[int, int], ...]:
        """(place, first hour) of each place, in the order in which it reached them."""
        counts: dict[int, int] = {}
        for place, run in self.parts:
            counts.setdefault(place, run.first)
        return tuple(counts.items())


def runs(
    first: int, values: Sequence[Exact | None], level: Exact, bridge: int = BRIDGE
) -> list[Run]:
    """The runs of one place, in order.

    Parameters
    ----------
    first : number of the hour that `values` begin with
    values : consecutive hours [store's scale], None where there is none; what lies outside of them
        is not known either
    level : the least value that counts
    bridge : how many missing hours in a row a run may reach over
    """
    made: list[Run] = []
    open_: list[int] = []  # places of the hours at or above the level in the present run
    for place, value in enumerate(values):
        if value is None:
            continue
        below = value < level
        if open_ and (below or place - open_[-1] - 1 > bridge):
            made.append(_run(first, values, open_, level))
            open_ = []
        if not below:
            open_.append(place)
    if open_:
        made.append(_run(first, values, open_, level))
    return made


def _run(first: int, values: Sequence[Exact | None], there: Sequence[int], level: Exact) -> Run:
    begin, end = there[0], there[-1]
    values_there = [(values[place] or 0, place) for place in there]
    peak, at = max(values_there, key=lambda pair: (pair[0], -pair[1]))
    return Run(
        first=first + begin,
        last=first + end,
        hours=len(there),
        bridged=tuple(first + n for n in range(begin, end) if values[n] is None),
        peak=peak,
        peak_hour=first + at,
        begins_known=_below(values, begin - 1, level),
        ends_known=_below(values, end + 1, level),
    )


def _below(values: Sequence[Exact | None], place: int, level: Exact) -> bool:
    value = values[place] if 0 <= place < len(values) else None
    return value is not None and value < level


def episodes(by_place: Mapping[int, Sequence[Run]]) -> list[Episode]:
    """The runs of all places as episodes, in order of time; every run is in exactly one."""
    parts = [(place, run) for place, own in by_place.items() for run in own]
    parts.sort(key=lambda part: (part[1].first, part[0]))
    groups: list[list[tuple[int, Run]]] = []
    end = 0
    for place, run in parts:
        if not groups or run.first > end + 1:
            groups.append([])
            end = run.last
        groups[-1].append((place, run))
        end = max(end, run.last)
    return [Episode(parts=tuple(group)) for group in groups]

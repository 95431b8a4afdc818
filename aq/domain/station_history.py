"""What a station was from which hour on: statements of the sources, and where its readings count.

A statement is what a source (a feed, or a station list) says of a station from an hour on, until
that source says otherwise. It follows from the source's rows alone, so the order in which files
come makes no difference. A reading counts by the statement of its own row; where that is silent,
by what is known of the station at that hour.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import Any

# The source of station lists; of periods, what is known of a station by all sources together.
KNOWN = 0
ALWAYS, FOREVER = -(2**31), 2**31 - 1

# (sido, name, address) -> province id or None: the address rule
Place = Callable[[str, str, str | None], int | None]
Span = tuple[int, int]  # first and last hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a source says of a station from hour `first` on. None and ``""`` are silence."""

    first: int
    sido: str
    name: str
    network: str | None = None
    address: str | None = None

    @property
    def words(self) -> tuple[str | None, ...]:
        """What it says, whenever."""
        return self.sido, self.name, self.network, self.address

    def at(self, hour: int) -> "Statement":
        """The same from another hour on."""
        return self if hour == self.first else replace(self, first=hour)


@dataclass(frozen=True, slots=True)
class Period:
    """Hours ``first <= hour <= last`` in which a station's readings count for one province (1-17)
    and network; None where that is unknown."""

    first: int
    last: int
    province: int | None
    network: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What of a station became another from an hour on: its province (id), network or name."""

    hour: int
    what: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source's statements of one station in order, and the spans of hours it spoke in."""

    statements: Sequence[Statement]
    spans: Sequence[Span]

    def in_force(self, hour: int) -> Statement | None:
        """The statement that holds at an hour."""
        return next(
            (statement for statement in reversed(self.statements) if statement.first <= hour), None
        )

    def spoke(self, hour: int) -> int:
        """The last hour up to `hour` in which it spoke."""
        return max((min(last, hour) for first, last in self.spans if first <= hour), default=ALWAYS)

    def said(self, field: str, hour: int) -> tuple[int, Statement] | None:
        """The statement that holds for a field at an hour, and when it was last made by then."""
        until = hour
        for statement in reversed(self.statements):
            if statement.first <= hour:
                if getattr(statement, field):
                    return self.spoke(until), statement
                until = statement.first - 1
        return None


Sources = Mapping[int, Source]


def restated(
    statements: Sequence[Statement],
    said: Statement,
    hours: Sequence[int],
    spoken: Callable[[int, int], Sequence[int]],
) -> Sequence[Statement]:
    """The statements of a source after its rows of `hours` (in order) say `said`.

    Each statement begins at an hour of the source's rows whose words differ from those of the row
    before. `spoken` gives the hours of its rows between two, both included, and the one after the
    second; it is only asked where `said` contradicts what holds there.
    """
    first, last = hours[0], hours[-1]
    before = next(
        (statement for statement in reversed(statements) if statement.first <= first), None
    )
    inside = any(first < statement.first <= last for statement in statements)
    if before is not None and not inside and before.words == said.words:
        return statements
    if before is None and not inside:
        rest = list(statements)
        if rest and rest[0].words == said.words:
            rest.pop(0)
        return [said.at(first), *rest]
    own, end = frozenset(hours), last
    made = [statement for statement in statements if statement.first < first]
    for hour in sorted({*hours, *spoken(first, last)}):
        words = said
        if hour not in own:
            words = next(
                (statement for statement in reversed(statements) if statement.first <= hour), said
            )
        if not made or made[-1].words != words.words:
            made.append(words.at(hour))
        end = max(end, hour)
    return [*made, *(statement for statement in statements if statement.first > end)]


def timeline(
    sources: Sources, place: Place, listed: Sequence[tuple[int, int, str]] = ()
) -> dict[int, tuple[Period, ...]]:
    """The periods of a station for the readings of each source, and by `KNOWN` what is known of it.

    `listed` are (first hour, last hour, network) of the lists of networks by year. At an hour a
    field is what was said last by then by any source; else what the lists of that year say; else
    what was said first afterwards. Every hour lies in a period.
    """
    edges = _edges(sources, listed)
    known, own = [], {number: [] for number in sources if number != KNOWN}  # type: ignore[var-annotated]
    for first, following in zip(edges, [*edges[1:], FOREVER + 1], strict=True):
        last = following - 1
        address = _field(sources, "address", first)
        network = _network(sources, first, listed)
        province = _province(sources, first, place, address)
        known.append(Period(first, last, province, network))
        for number, periods in own.items():
            statement = sources[number].in_force(first)
            if statement is None:
                periods.append(Period(first, last, province, network))
            else:
                where = _placed(statement, place, address)
                where = province if where is None else where
                periods.append(Period(first, last, where, statement.network or network))
    return {number: _joined(periods) for number, periods in ((KNOWN, known), *own.items())}


def is_settled(sources: Sources) -> bool:
    """Whether no two statements contradict each other: spans then decide nothing."""
    for field in ("network", "sido", "name", "address"):
        words = {
            getattr(statement, field)
            for source in sources.values()
            for statement in source.statements
        }
        if len(words - {None, ""}) > 1:
            return False
    return True


def present(sources: Sources) -> Statement | None:
    """What a station is now: of each field what was said last."""
    if not any(source.statements for source in sources.values()):
        return None
    fields = {name: _field(sources, name, FOREVER) for name in ("network", "address")}
    return Statement(
        first=0,
        sido=_field(sources, "sido", FOREVER) or "",
        name=_field(sources, "name", FOREVER) or "",
        **fields,
    )


def changes(before: Sequence[Period], after: Sequence[Period]) -> Iterable[tuple[Period, Period]]:
    """Pairs of periods of the same hours that differ in province or network."""
    for old in before:
        for new in after:
            first, last = max(old.first, new.first), min(old.last, new.last)
            if first <= last and (old.province, old.network) != (new.province, new.network):
                yield replace(old, first=first, last=last), replace(new, first=first, last=last)


def period_at(periods: Sequence[Period], hour: int) -> Period | None:
    """The period an hour lies in."""
    return next((period for period in periods if period.first <= hour <= period.last), None)


def _edges(sources: Sources, listed: Sequence[tuple[int, int, str]]) -> list[int]:
    edges = {ALWAYS}
    for source in sources.values():
        edges.update(statement.first for statement in source.statements)
    for first, last, _ in listed:
        edges |= {first, last + 1}
    if not is_settled(sources):
        for source in sources.values():
            for first, last in source.spans:
                edges |= {first, last + 1}
    return sorted(edges)


def _field(sources: Sources, field: str, hour: int) -> str | None:
    """What was said of a field last by an hour, else first after it."""
    found = _last(sources, field, hour) or _next(sources, field, hour)
    return None if found is None else getattr(found, field)


def _last(sources: Sources, field: str, hour: int) -> Statement | None:
    return next(iter(_latest(sources, field, hour)), None)


def _latest(sources: Sources, field: str, hour: int) -> list[Statement]:
    """What each source said of a field last by an hour, the most recent first."""
    said = [
        (-when, _rank(number), statement)
        for number, source in sources.items()
        if (found := source.said(field, hour))
        for when, statement in (found,)
    ]
    return [statement for *_, statement in sorted(said, key=lambda one: one[:2])]


def _next(sources: Sources, field: str, hour: int) -> Statement | None:
    return next(iter(_later(sources, field, hour)), None)


def _later(sources: Sources, field: str, hour: int) -> list[Statement]:
    """What was said of a field after an hour, the first first."""
    later = [
        (statement.first, _rank(number), statement)
        for number, source in sources.items()
        for statement in source.statements
        if statement.first > hour and getattr(statement, field)
    ]
    return [statement for *_, statement in sorted(later, key=lambda one: one[:2])]


def _rank(number: int) -> int:
    """Whose word goes first where sources spoke last at one hour: feeds in the order of their
    numbers (confirmed files, then live rows), lists after them."""
    return FOREVER if number == KNOWN else number


def _network(sources: Sources, hour: int, listed: Sequence[tuple[int, int, str]]) -> str | None:
    found = _last(sources, "network", hour)
    if found is not None:
        return found.network
    for first, last, network in listed:
        if first <= hour <= last:
            return network
    later = _next(sources, "network", hour)
    return None if later is None else later.network


def _province(sources: Sources, hour: int, place: Place, address: str | None) -> int | None:
    said = (*_latest(sources, "name", hour), *_later(sources, "name", hour))
    return next((w for words in said if (w := _placed(words, place, address)) is not None), None)


def _placed(statement: Statement, place: Place, address: str | None) -> int | None:
    """The province of a statement by its own words, else with the address that is known then."""
    own = place(statement.sido, statement.name, statement.address)
    if own is not None or statement.address or not address:
        return own
    return place(statement.sido, statement.name, address)


def _joined(periods: Iterable[Period]) -> tuple[Period, ...]:
    joined = []
    for _, group in groupby(periods, attrgetter("province", "network")):
        members = list(group)
        joined.append(replace(members[0], last=members[-1].last))
    return tuple(joined)


def merged_spans(spans: Iterable[Span], apart: int) -> list[Span]:
    """Spans of hours as they are when silences of up to `apart` hours count as none."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first - found[-1][1] <= apart:
            found[-1] = found[-1][0], max(last, found[-1][1])
        else:
            found.append((first, last))
    return found

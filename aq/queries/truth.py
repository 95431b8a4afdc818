"""Recorded hours of AirKorea through our own line, held against AirKorea's own grades and indices.

What AirKorea gave of a station's hour (24 h predicted grades of PM, grades of gases, the index) is
compared with what our means, grades and index make of the same recorded values. Gases are recorded
with three digits while AirKorea grades by four: an hour agrees where some value that is printed so
gives AirKorea's result. What differs is counted by its cause.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aq.domain.averages import averaged
from aq.domain.clock import from_hour_number, kst_iso
from aq.domain.grading import Overall, overall
from aq.domain.networks import ROADSIDE
from aq.domain.pollutants import KEYS, pollutants, rounded
from aq.domain.standards import Standard
from aq.feeds.base import BadValueError, concentration, number_of
from aq.queries.sure import SureHours, recorded, sure_hours
from aq.simulator.recording import FETCHED, NAMES, distinct, files, networks, read_file

Integers = NDArray[np.int64]
Values = dict[str, Any]  # by pollutant, at the store's scale; None for none
MISSING = -1
PM, GASES = ("pm10", "pm25"), ("o3", "no2", "so2", "co")
WINDOW = 12  # hours of the predicted mean
# A gas is printed with a digit less than AirKorea grades by: half a printed step either way, at
# the store's scale.
HIDDEN: Mapping[str, range] = {key: range(-5, 6) for key in GASES}
EXAMPLES = 3
# AirKorea makes the means of an hour again of values that came late, which a recording of newest
# hours does not show.
GAP = "an hour of the window is recorded without a value, AirKorea may have had it by then"
GRADE_24H, GIVEN_24H = "grade (24 h)", "has a grade (24 h) or none"
# A mean as near as this to where a grade begins [store's scale, 0.1 µg/m³] may be another one in
# upstream's own arithmetic.
NEAR = Fraction(2)
SLIGHTLY = 4  # index points that some tenths of a PM mean are


@dataclass(slots=True)
class Line:
    """How often one of AirKorea's results is ours.

    Attributes
    ----------
    compared : hours compared
    equal : equal as recorded, or `hidden`: for a digit that the recorded value does not show
    causes : hours that differ, by cause; `examples` of each
    """

    what: str
    compared: int = 0
    equal: int = 0
    hidden: int = 0
    causes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """The share of equal hours, 0 to 1; 1 of none."""
        return (self.equal + self.hidden) / self.compared if self.compared else 1.0

    def differs(self, cause: str, example: str, hours: int = 1) -> None:
        """Count hours that differ, with one of them in words."""
        self.causes[cause] += hours
        shown = self.examples.setdefault(cause, [])
        if len(shown) < EXAMPLES:
            shown.append(example)

    def as_dict(self) -> dict[str, Any]:
        """The line in JSON's types."""
        return {
            "what": self.what,
            "compared": self.compared,
            "equal": self.equal,
            "hidden_digit": self.hidden,
            "share": round(self.share, 6),
            "causes": dict(self.causes.most_common()),
            "examples": self.examples,
        }


@dataclass(slots=True)
class Truth:
    """The lines of one comparison, and what was read for it."""

    files: list[str]
    rows: int = 0
    hours: int = 0
    stations: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    not_compared: int = 0
    lines: dict[str, Line] = field(default_factory=dict)
    sure: list[SureHours] = field(default_factory=list)

    def line(self, what: str) -> Line:
        """The line of this name, made when first asked for."""
        return self.lines.setdefault(what, Line(what))

    def as_dict(self) -> dict[str, Any]:
        """The comparison in JSON's types."""
        return {
            "files": self.files,
            "rows": self.rows,
            "station_hours": self.hours,
            "stations": self.stations,
            "unreadable": dict(self.unreadable),
            "windows_not_recorded": self.not_compared,
            "lines": [line.as_dict() for line in self.lines.values()],
            "sure_hours": [line.as_dict() for line in self.sure],
        }


@dataclass(frozen=True)
class Columns:
    """Recorded rows as numbers: `MISSING` where there is none. `last` are the rows that stand."""

    stations: list[tuple[str, str]]
    station: Integers
    hour: Integers
    revised: NDArray[np.bool_]
    values: Mapping[str, Integers]
    grades: Mapping[str, Integers]
    khai: Integers
    khai_grade: Integers


def truth(
    folder: Path,
    standard: Standard,
    progress: Callable[[float], None] = lambda _share: None,
    *,
    hourly: Standard | None = None,
) -> Truth:
    """Compare all recorded months of a folder; raises `InputError` where there are none.

    With `hourly`, a standard of single hours, count too how far the sure grades of provinces hold.
    """
    found = Truth(files=[path.name for path in files(folder)])
    columns = _columns(folder, found)
    progress(0.2)
    known, without = networks(folder), _without_needs(standard)
    order = np.lexsort((columns.hour, columns.station))
    edges = np.flatnonzero(np.diff(columns.station[order])) + 1
    groups = np.split(order, edges)
    for number, rows in enumerate(groups, start=1):
        if len(rows):
            name = columns.stations[int(columns.station[rows[0]])]
            _Station(found, standard, without, columns, name, known.get(name)).compare(rows)
        progress(0.2 + 0.6 * number / len(groups))
    if hourly is not None:
        station, hour = columns.station, columns.hour
        hours = recorded(columns.stations, known, station, hour, columns.values)
        found.sure = sure_hours(hours, hourly)
    progress(1.0)
    found.stations = len(groups)
    found.hours = len(order)
    return found


def _without_needs(standard: Standard) -> Standard:
    """The standard as it would be if no pollutant were needed."""
    rule = standard.overall
    return standard if rule is None else replace(standard, overall=replace(rule, needs=()))


def _columns(folder: Path, found: Truth) -> Columns:
    """All rows of a folder; of several contents of a station's hour the last one."""
    parts: dict[str, list[Integers]] = {}
    stations: dict[tuple[str, str], int] = {}
    for path in files(folder):
        recorded = read_file(path)
        found.rows += recorded.table.num_rows
        sido, sidos = distinct(recorded.table[NAMES[0]])
        name, names = distinct(recorded.table[NAMES[1]])
        pairs = sido * len(names) + name
        which, where = np.unique(pairs, return_inverse=True)
        numbers = [
            stations.setdefault(
                (sidos[pair // len(names)], names[pair % len(names)]), len(stations)
            )
            for pair in which.tolist()
        ]
        own = {"station": np.array(numbers)[where], "hour": recorded.hours}
        own[FETCHED] = recorded.fetched
        for key in KEYS:
            read = _value_reader(key, found.unreadable)
            own[key] = _numbers(recorded.table, f"{key}Value", read)
            own[f"{key} grade"] = _numbers(recorded.table, f"{key}Grade", _whole)
        own["khai"] = _numbers(recorded.table, "khaiValue", _whole)
        own["khai grade"] = _numbers(recorded.table, "khaiGrade", _whole)
        for column, numbers_of in own.items():
            parts.setdefault(column, []).append(numbers_of)
    every = {column: np.concatenate(some) for column, some in parts.items()}
    order = np.lexsort((every[FETCHED], every["hour"], every["station"]))
    place = every["station"][order] * (1 << 40) + every["hour"][order]
    last = np.append(np.diff(place) != 0, True)
    first = np.append(True, np.diff(place) != 0)
    kept = order[last]
    return Columns(
        stations=list(stations),
        station=every["station"][kept],
        hour=every["hour"][kept],
        revised=~first[last],
        values={key: every[key][kept] for key in KEYS},
        grades={key: every[f"{key} grade"][kept] for key in KEYS},
        khai=every["khai"][kept],
        khai_grade=every["khai grade"][kept],
    )


def _numbers(table: Any, name: str, read: Callable[[object], int | None]) -> Integers:
    """A column read by its distinct contents; all missing where the recording lacks it."""
    if name not in table.column_names:
        return np.full(table.num_rows, MISSING)
    codes, contents = distinct(table[name])
    numbers = [MISSING if (value := read(cell)) is None else value for cell in contents]
    return np.array(numbers, dtype=np.int64)[codes]


def _value_reader(key: str, unreadable: Counter[str]) -> Callable[[object], int | None]:
    def read(cell: object) -> int | None:
        try:
            return concentration(cell, pollutants()[key])
        except BadValueError:
            unreadable[f"{key} {cell}"] += 1
            return None

    return read


def _whole(cell: object) -> int | None:
    try:
        number = number_of(cell)
    except BadValueError:
        return None
    return None if number is None or number < 0 else int(number)


class _Station:
    """One station's hours, compared line by line."""

    def __init__(
        self,
        found: Truth,
        standard: Standard,
        without: Standard,
        columns: Columns,
        name: tuple[str, str],
        network: str | None,
    ) -> None:
        self.found, self.standard, self.without = found, standard, without
        self.columns, self.name, self.roadside = columns, name, network == ROADSIDE
        # What a gas of this printed value can be: (grade, index) -> a value that has both.
        self._kinds: dict[tuple[str, int], dict[tuple[int | None, int | None], int]] = {}

    def compare(self, rows: Integers) -> None:
        """Compare rows in the order of their hours."""
        hours = self.columns.hour[rows]
        first, length = int(hours[0]), int(hours[-1] - hours[0]) + 1
        at = hours - first
        there = np.zeros(length, dtype=bool)
        there[at] = True
        # Windows that reach into hours nobody recorded are not compared.
        run = np.convolve(there, np.ones(WINDOW, dtype=np.int64))[:length]
        whole = run[at] == WINDOW
        self.found.not_compared += int((~whole).sum())
        means: dict[str, list[Fraction | None]] = {}
        self._gaps = np.zeros(len(rows), dtype=bool)
        for key in PM:
            values = self.columns.values[key][rows]
            series: list[int | None] = [None] * length
            for place, value in zip(at.tolist(), values.tolist(), strict=True):
                series[place] = None if value == MISSING else value
            gaps = np.convolve([value is None for value in series], np.ones(WINDOW))[:length]
            self._gaps |= gaps[at] > 0
            made = averaged(series, "24h-predicted", key, self.standard.complete)
            means[key] = [made[place].value for place in at.tolist()]
            self._particles(key, rows, whole, means[key], series, at.tolist())
        for key in GASES:
            self._gas(key, rows)
        self._indices(rows, whole, means)

    def _where(self, row: int) -> str:
        at = kst_iso(from_hour_number(int(self.columns.hour[row])))[:16].replace("T", " ")
        return f"{' '.join(self.name)} {at}"

    def _particles(
        self,
        key: str,
        rows: Integers,
        whole: NDArray[np.bool_],
        means: Sequence[Fraction | None],
        series: Sequence[int | None],
        places: Sequence[int],
    ) -> None:
        line, given = (self.found.line(f"{key} {what}") for what in (GRADE_24H, GIVEN_24H))
        points = self.standard.pollutants[key]
        theirs = self.columns.grades[key][rows].tolist()
        for number, (mean, their) in enumerate(zip(means, theirs, strict=True)):
            if not whole[number]:
                continue
            row, end = int(rows[number]), places[number]
            given.compared += 1
            if (mean is None) != (their == MISSING):
                gone = sum(value is None for value in series[end - WINDOW + 1 : end + 1])
                which = "no grade" if their == MISSING else "a grade"
                text = f"{self._where(row)}: mean {_shown(mean)}, AirKorea's {their}"
                given.differs(f"AirKorea gives {which}, {gone} of 12 hours missing", text)
                continue
            given.equal += 1
            if mean is None:
                continue
            line.compared += 1
            ours = points.grade(mean)
            if ours == their:
                line.equal += 1
                continue
            near = any(abs(Fraction(begin, points.parts) - mean) <= NEAR for begin in points.begins)
            cause = "unexplained"
            if None in series[end - WINDOW + 1 : end + 1]:
                cause = GAP
            elif self.columns.revised[rows[max(0, number - WINDOW + 1) : number + 1]].any():
                cause = "an hour of the window was revised"
            elif near:
                cause = "the mean lies within 0.2 µg/m³ of the limit"
            line.differs(
                cause, f"{self._where(row)}: mean {_shown(mean)}, ours {ours}, AirKorea's {their}"
            )

    def _gas(self, key: str, rows: Integers) -> None:
        line, points = self.found.line(f"{key} grade"), self.standard.pollutants[key]
        values = self.columns.values[key][rows]
        theirs = self.columns.grades[key][rows]
        both = (values != MISSING) & (theirs != MISSING)
        pairs, counts = np.unique(
            np.stack([values[both], theirs[both]]), axis=1, return_counts=True
        )
        line.compared += int(counts.sum())
        for (value, their), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
            if points.grade(value) == their:
                line.equal += count
            elif their in {grade for grade, _ in self._kinds_of(key, value)}:
                line.hidden += count
            else:
                row = int(rows[np.flatnonzero((values == value) & (theirs == their))[0]])
                text = f"{self._where(row)}: {value / pollutants()[key].scale} ppm, grade {their}"
                line.differs("unexplained", text, count)
        alone = int(((values == MISSING) & (theirs != MISSING)).sum())
        if alone:
            line.compared += alone
            row = int(rows[np.flatnonzero((values == MISSING) & (theirs != MISSING))[0]])
            line.differs("AirKorea gives a grade without a value", self._where(row), alone)

    def _kinds_of(self, key: str, value: int) -> dict[tuple[int | None, int | None], int]:
        known = self._kinds.get((key, value))
        if known is None:
            points = self.standard.pollutants[key]
            exact = [max(0, value + digit) for digit in HIDDEN[key]]
            known = {
                (points.grade(exact_value), points.index(exact_value)): exact_value
                for exact_value in exact
            }
            self._kinds[key, value] = known
        return known

    def _indices(
        self,
        rows: Integers,
        whole: NDArray[np.bool_],
        means: Mapping[str, Sequence[Fraction | None]],
    ) -> None:
        every, steady = self.found.line("index"), self.found.line("index, six values, not roadside")
        grades = self.found.line("grade of the index")
        columns = {key: self.columns.values[key][rows].tolist() for key in KEYS}
        theirs = self.columns.khai[rows].tolist()
        their_grades = self.columns.khai_grade[rows].tolist()
        for number in np.flatnonzero(whole).tolist():
            six = all(columns[key][number] != MISSING for key in KEYS)
            values: Values = {key: means[key][number] for key in PM}
            for key in GASES:
                value = columns[key][number]
                values[key] = None if value == MISSING else value
            gap = self._gaps[number]
            lines = [every, steady] if six and not self.roadside else [every]
            their, grade = theirs[number], their_grades[number]
            self._index(lines, int(rows[number]), values, their, gap=gap)
            if their != MISSING != grade:
                grades.compared += 1
                if self.standard.grade_of_index(their) == grade:
                    grades.equal += 1
                else:
                    where = self._where(int(rows[number]))
                    grades.differs("unexplained", f"{where}: index {their}, grade {grade}")

    def _index(
        self, lines: Sequence[Line], row: int, values: Values, their: int, *, gap: bool
    ) -> None:
        """Compare the index of one hour."""
        ours = self._overall(self.standard, values)
        equal = (MISSING if ours.index is None else ours.index) == their
        hidden = not equal and ours.index is not None and self._within(values, their)
        cause = None if equal or hidden else self._cause(values, ours, their)
        if cause is not None and gap and cause.startswith(PM):
            cause = GAP
        cells = ", ".join(f"{key} {_value(key, value)}" for key, value in values.items())
        for line in lines:
            line.compared += 1
            line.equal += equal
            line.hidden += hidden
            if cause is not None:
                index = "-" if their == MISSING else their
                where = self._where(row)
                line.differs(cause, f"{where}: ours {ours.index}, AirKorea's {index} ({cells})")

    def _overall(self, standard: Standard, values: Values) -> Overall:
        ways = {(key, standard.averaging(key) or ""): value for key, value in values.items()}
        return overall(standard, ways)

    def _choices(self, values: Values) -> Iterator[Values]:
        """The values with every hidden digit that makes a difference."""
        gases = [key for key in GASES if values[key] is not None]
        kinds = [list(self._kinds_of(key, values[key]).values()) for key in gases]
        for chosen in product(*kinds):
            yield {**values, **dict(zip(gases, chosen, strict=True))}

    def _within(self, values: Values, their: int) -> bool:
        """Whether some hidden digits of the gases give AirKorea's index."""
        if their == MISSING:
            return False
        low, high = ({
            **values,
            **{
                key: end(kinds.values())
                for key in GASES
                if values[key] is not None
                for kinds in [self._kinds_of(key, values[key])]
            },
        } for end in (min, max))  # fmt: skip
        ends = [self._overall(self.standard, end).index for end in (low, high)]
        if ends[0] is None or ends[1] is None or not ends[0] <= their <= ends[1]:
            return False
        return any(
            self._overall(self.standard, choice).index == their for choice in self._choices(values)
        )

    def _cause(self, values: Values, ours: Overall, their: int) -> str:
        """Why an index is not ours, as far as the values tell."""
        if their == MISSING:
            return "AirKorea gives none"
        if ours.index is None:
            same = self._overall(self.without, values).index == their
            return f"AirKorea goes without {' '.join(ours.missing)}{'' if same else ', not ours'}"
        less = ({**choice, "pm25": None} for choice in self._choices(values))
        if any(self._overall(self.without, choice).index == their for choice in less):
            return "AirKorea leaves PM2.5 out"
        off = abs(their - ours.index)
        steps = {abs(their - ours.index + ours.surcharge - more) for more in (0, 50, 75)}
        if off > SLIGHTLY >= min(steps):
            return "another surcharge: a grade at its limit"
        if ours.dominant in PM and off <= SLIGHTLY:
            return f"{ours.dominant} leads, its mean a little otherwise"
        return f"{ours.dominant} leads, unexplained"


def _shown(mean: Fraction | None) -> str:
    return "-" if mean is None else f"{rounded(mean, pollutants()['pm10'], 4)}"


def _value(key: str, value: Any) -> str:
    if value is None:
        return "-"
    return f"{rounded(value, pollutants()[key], 3)}"

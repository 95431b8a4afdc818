"""What a bench measured, as a table and as a file."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results.json"
ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- table of the last whole run -->", "<!-- end of the table -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is to be reached: `found` at least (or at most) `bound`."""

    text: str
    found: float
    bound: float
    at_most: bool = False

    @property
    def reached(self) -> bool:
        """Whether it is."""
        return self.found <= self.bound if self.at_most else self.found >= self.bound


def faster(than: str, plain: float, ours: float, times: float) -> Goal:
    """At least `times` × faster (or smaller) than something else."""
    text = f"{times:g} × {than}"
    return Goal(text=text, found=plain / max(ours, 1e-9), bound=times)


def below(what: str, found: float, bound: float) -> Goal:
    """At most an amount."""
    return Goal(text=f"{what} ≤ {bound:g}", found=found, bound=bound, at_most=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One piece of work: medians of some runs in `unit`, ours, the plain way's and the limit's,
    with the peaks of resident memory [MB]."""

    bench: str
    case: str
    ours: float
    runs: int
    unit: str = "s"
    plain: float | None = None
    limit: float | None = None
    ours_mb: float | None = None
    plain_mb: float | None = None
    limit_mb: float | None = None
    goals: tuple[Goal, ...] = ()

    @property
    def reached(self) -> bool | None:
        """Whether every goal is reached; None without one."""
        return all(goal.reached for goal in self.goals) if self.goals else None

    def as_dict(self) -> dict[str, Any]:
        """The case in JSON's types."""
        goals = [{**asdict(goal), "reached": goal.reached} for goal in self.goals]
        return {**asdict(self), "goals": goals, "reached": self.reached}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case in seconds and MB of resident memory, ours and the plain way's."""

    bench: str
    case: str
    runs: int
    seconds: float
    peak_mb: float
    plain_seconds: float | None = None
    plain_peak_mb: float | None = None


# A process counts the memory of its parent at the fork as its own peak: a small one stands between.
_BETWEEN = """
import resource, subprocess, sys
code = subprocess.call([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def measured(
    arguments: Sequence[str], environment: Mapping[str, str], runs: int
) -> tuple[float, float]:
    """Median seconds and largest resident memory [MB] of a Python process of its own."""
    seconds, peaks = [], []
    command = [sys.executable, "-c", _BETWEEN, *arguments]
    for _ in range(runs):
        began = time.perf_counter()
        done = subprocess.run(
            command, cwd=ROOT, env=dict(environment), stdout=subprocess.PIPE, text=True, check=True
        )
        seconds.append(time.perf_counter() - began)
        peaks.append(int(done.stdout) / 1024)
    return statistics.median(seconds), max(peaks)


def table(cases: Sequence[Case]) -> str:
    """The cases for people: three ways, their ratios, their memory, and what is reached."""
    head = ("bench", "case", "ours", "plain", "limit", "plain ÷", "÷ limit", "MB", "plain MB")
    rows = [(*head, "reached", "goal (found)")]
    for one in cases:
        goals = one.goals or (None,)
        cells = (
            one.bench,
            one.case,
            _amount(one.ours, one.unit),
            _amount(one.plain, one.unit),
            _amount(one.limit, one.unit),
            _times(one.plain, one.ours),
            _times(one.ours, one.limit),
            "–" if one.ours_mb is None else f"{one.ours_mb:.0f}",
            "–" if one.plain_mb is None else f"{one.plain_mb:.0f}",
        )
        for goal in goals:
            said = ("–", "") if goal is None else ("yes" if goal.reached else "NO", _goal(goal))
            rows.append((*cells, *said))
            cells = ("",) * len(cells)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        left = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(row[2:9], widths[2:9], strict=True)]
        lines.append("  ".join((*left, *right, row[9].ljust(widths[9]), row[10])).rstrip())
    return "\n".join(lines)


def _goal(goal: Goal) -> str:
    return f"{goal.text} ({goal.found:.3g})"


def _times(above: float | None, under: float | None) -> str:
    return "–" if above is None or not under else f"{above / under:.3g}"


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    if unit == "s" and value < 1:
        return f"{value * 1000:.3g} ms"
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"


def keep(cases: Sequence[Case]) -> None:
    """Write the results of these benches beside those of the others."""
    before = json.loads(RESULTS.read_text("utf-8"))["results"] if RESULTS.exists() else []
    names = {one.bench for one in cases}
    kept = [one for one in before if one["bench"] not in names]
    machine = {
        "python": platform.python_version(),
        "system": platform.system(),
        "processor": _processor(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }
    content = {"machine": machine, "results": [*kept, *(one.as_dict() for one in cases)]}
    RESULTS.write_text(f"{json.dumps(content, indent=2, ensure_ascii=False)}\n", "utf-8")


def document(cases: Sequence[Case]) -> None:
    """Put the table of a whole run into the document, between its marks."""
    text = DOCUMENT.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    when = f"{datetime.now(UTC):%Y-%m-%d}"
    machine = f"{os.cpu_count()} × {_processor() or platform.machine()}, {platform.system()},"
    said = f"{machine} Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}, {when}."
    body = f"{BEGIN}\n{said}\n\n```\n{table(cases)}\n```\n{END}"
    DOCUMENT.write_text(before + body + after, "utf-8")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "")

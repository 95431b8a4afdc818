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
from pathlib import Path

RESULTS = Path(__file__).parent / "results.json"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case: medians of some runs, ours and the plain way's [s, MB of resident memory]."""

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


def table(results: Sequence[Result]) -> str:
    """The results for people: ours, the plain way, and how many times it is."""
    lines = [
        f"{'bench':10} {'case':34} {'s':>8} {'plain s':>8} {'MB':>7} {'plain MB':>9} {'MB ×':>6}"
    ]
    for one in results:
        plain = "–" if one.plain_seconds is None else f"{one.plain_seconds:.2f}"
        peak = "–" if one.plain_peak_mb is None else f"{one.plain_peak_mb:.0f}"
        ratio = "–" if one.plain_peak_mb is None else f"{one.plain_peak_mb / one.peak_mb:.1f}"
        lines.append(
            f"{one.bench:10} {one.case:34} {one.seconds:8.2f} {plain:>8} {one.peak_mb:7.0f}"
            f" {peak:>9} {ratio:>6}"
        )
    return "\n".join(lines)


def keep(results: Sequence[Result]) -> None:
    """Write the results of these benches beside those of the others."""
    before = json.loads(RESULTS.read_text("utf-8"))["results"] if RESULTS.exists() else []
    names = {one.bench for one in results}
    kept = [one for one in before if one["bench"] not in names]
    machine = {
        "python": platform.python_version(),
        "system": platform.system(),
        "cpus": os.cpu_count(),
    }
    content = {"machine": machine, "results": [*kept, *(asdict(one) for one in results)]}
    RESULTS.write_text(f"{json.dumps(content, indent=2)}\n", "utf-8")

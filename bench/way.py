"""One way of doing a piece of work, timed in a process of its own.

`python -m bench.way MODULE NAME RUNS WARM ARG…` calls ``NAME(*ARG)`` of a module, which sets up and
gives the work as a function; the work is done once unmeasured (if WARM) and then RUNS times. It
prints JSON: the median seconds, the peak of resident memory [MB], and what the work gave.
"""

import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Timed:
    """Median seconds of some runs, by the clock and of the processor, peak memory [MB], and what
    the work gave."""

    seconds: float
    processor: float
    peak_mb: float
    result: Any


def timed(
    way: str, *arguments: object, runs: int = 5, warm: bool = True, environment: Mapping[str, str]
) -> Timed:
    """Time ``module:name`` of the benches; without `warm` the first run counts."""
    module, name = way.split(":")
    command = [sys.executable, "-m", "bench.way", f"bench.{module}", name, str(runs), str(warm)]
    command += [str(one) for one in arguments]
    # A process counts the memory of its parent at the fork as its own peak: a small one between.
    between = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", between, *command],
        cwd=ROOT,
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Timed(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Do the work and print what it took."""
    module, name, runs, warm, *arguments = sys.argv[1:]
    work = getattr(importlib.import_module(module), name)(*arguments)
    result = work() if warm == "True" else None
    seconds, processor = [], []
    for _ in range(int(runs)):
        began, used = time.perf_counter(), time.process_time()
        result = work()
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = Timed(statistics.median(seconds), statistics.median(processor), peak, result)
    print(json.dumps(asdict(found)))
    sys.stdout.flush()
    os._exit(0)  # what a data frame library takes down at the end is not of interest


if __name__ == "__main__":
    main()

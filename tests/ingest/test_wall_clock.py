"""The wall clock of a whole process set back and ahead under libfaketime: polls go on at once."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import libfaketime
import pytest

from tests.waiting import wait_until

LIBRARY = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
# Writes the wall clock's time at each poll, and what the scheduler says of jumps.
PROGRAM = """
import logging, sys
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from aq.domain.clock import Clock
from aq.domain.slots import latest_slot
from aq.ingest.schedule import Job, Scheduler
from aq.store import open_store
from aq.store.engine import migrate

logging.basicConfig(format="%(message)s", stream=sys.stdout, level=logging.WARNING)

@dataclass
class Done:
    ok: bool = True
    def as_dict(self): return {}

def run(now):
    print("poll", now.isoformat(), flush=True)
    return Done()

clock = Clock()
store = open_store(sys.argv[1], clock)
migrate(store)
job = Job(name="poll:x", slot=partial(latest_slot, minutes=(20, 35, 50)), run=run)
running = Scheduler(store, [job], clock, lease=timedelta(minutes=5))
running.start()
sys.stdin.read()
running.stop()
"""


@pytest.fixture
def offset(tmp_path: Path) -> Path:
    """The file that says how far the wall clock is off."""
    (tmp_path / "offset").write_text("+0", "utf-8")
    return tmp_path / "offset"


@pytest.fixture
def said(tmp_path: Path, offset: Path) -> Iterator[Path]:
    """What the process has written so far."""
    faked = {
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    command = [sys.executable, "-c", PROGRAM, f"sqlite:///{tmp_path / 'aq.db'}"]
    with (tmp_path / "said").open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=file, stderr=file, env={**os.environ, **faked}
        )
        try:
            yield tmp_path / "said"
        finally:
            process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_wall_clock_set_back_and_ahead_under_faketime_polls_at_once(
    said: Path, offset: Path
) -> None:
    def polled_near(wall: datetime) -> bool:
        """Whether it has polled by a clock that shows about this time."""
        lines = [line.split() for line in said.read_text("utf-8").splitlines()]
        polls = [datetime.fromisoformat(line[1]) for line in lines if line[:1] == ["poll"]]
        return any(abs(poll - wall) < timedelta(hours=1) for poll in polls)

    for words, hours in (("+0", 0), ("-6h", -6), ("+6h", 6)):
        written = offset.with_name("new offset")
        written.write_text(words, "utf-8")
        written.replace(offset)
        wall = datetime.now(UTC) + timedelta(hours=hours)
        wait_until(partial(polled_near, wall))

    def named(jump: str) -> bool:
        return re.search(rf"the wall clock went {jump}", said.read_text("utf-8")) is not None

    # On a busy machine the two clocks are not read at the same instant.
    wait_until(partial(named, r"ahead by (12:00|11:59):\d\d"))
    assert named(r"back by (6:00|5:59):\d\d")

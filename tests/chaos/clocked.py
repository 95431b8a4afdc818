"""`python -m tests.chaos.clocked FILE START COMMAND…`: `aq COMMAND` by a clock that a file holds.

Several processes share it, and who drives it can wait for them, so that time passes as fast as the
machine works and no faster.
"""

import mmap
import os
import runpy
import struct
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from aq.__main__ import run
from aq.clock import Clock

SPEED = 20  # as which the scheduler takes it: it then looks four times a second
_FORM = struct.Struct("d")


class SharedTime:
    """Seconds since the start, in a file that processes map; eight bytes are written as one."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(_FORM.pack(0.0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _FORM.size)

    def set(self, seconds: float) -> None:
        """Let it be so many seconds after the start."""
        self._map[:] = _FORM.pack(seconds)

    def clock(self, start: datetime) -> Clock:
        """A clock that shows it."""
        return Clock(start, SPEED, 0.0, lambda: _FORM.unpack(self._map[:])[0] / SPEED)


def _here(_program: str, arguments: Sequence[str]) -> None:
    """What `serve` becomes, within this process, which knows the clock."""
    sys.argv = list(arguments[2:])
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    clock = SharedTime(Path(sys.argv[1])).clock(datetime.fromisoformat(sys.argv[2]))
    Clock.from_text = classmethod(lambda _cls, _text: clock)  # type: ignore[method-assign]
    os.execv = _here  # type: ignore[assignment]
    sys.exit(run(sys.argv[3:]))

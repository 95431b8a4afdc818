"""`python -m chaos.clocked FILE START COMMAND…`: `aq COMMAND` by a clock that a file holds.

Several processes share it, and who drives it can wait for them, so that time passes as fast as the
machine works and no faster.
"""

import mmap
import struct
import sys
from datetime import datetime
from pathlib import Path

from aq.__main__ import run
from aq.domain.clock import Clock

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


if __name__ == "__main__":
    clock = SharedTime(Path(sys.argv[1])).clock(datetime.fromisoformat(sys.argv[2]))
    Clock.from_text = classmethod(lambda _cls, _text: clock)  # type: ignore[method-assign]
    sys.exit(run(sys.argv[3:]))

"""How long a test waits for what must come: far longer than a busy machine takes, never forever."""

import time
from collections.abc import Callable

PATIENCE = 120  # seconds


def wait_until(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Look again and again until `true`; fails when it has not become so within so many seconds."""
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)

"""How a process and its store do, for whoever operates them: runs, messages, size, archive."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from aq.context import Context
from aq.ingest.retention import check
from aq.store import statistics
from aq.store.standby import StandbyStatus
from aq.store.statistics import Runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Numbers of the store at one instant.

    Attributes
    ----------
    newest : the newest hour's number by (feed, province id)
    runs : the runs of the last 24 hours by job
    messages : the outbox's messages by state
    archive : the archive's months by state of their file
    store_bytes : size of the embedded store's file [bytes]; None where the store is a server
    standby : how the standby does; None without one
    """

    newest: Mapping[tuple[str, int], int]
    runs: Mapping[str, Runs]
    messages: Mapping[str, int]
    archive: Counter[str]
    store_bytes: int | None
    standby: StandbyStatus | None


def operations(context: Context, now: datetime) -> Operations:
    """The numbers at `now`. Raises `StoreError` when the store does not answer."""
    store = context.store
    with store.read() as connection:
        newest = statistics.newest_by_province(connection)
        runs = statistics.runs_of_a_day(connection, now)
        messages = statistics.outbox_states(connection)
    file = context.settings.store_file
    return Operations(
        newest=newest,
        runs=runs,
        messages=messages,
        archive=Counter(month.state for month in check(store, whole=False)),
        store_bytes=file.stat().st_size if file and file.exists() else None,
        standby=store.standby.status() if store.standby else None,
    )

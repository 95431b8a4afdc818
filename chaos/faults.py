"""Faults of a source over a real socket: an hour is asked for through each, then without.

Whatever the fault does, the process goes on, and the store then holds what it would have held.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aq import app
from aq.context import Context, start
from aq.domain.clock import HOUR, Clock
from aq.feeds import http
from aq.ingest.collect import RunReport
from aq.settings import load
from aq.simulator.scenario import AIRKOREA, KINDS, parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World
from chaos import Line, Scale, part
from chaos.places import contents
from tests.conftest import NOW

# What a fault is told beside its kind.
FIELDS: Mapping[str, str] = {
    "missing_provinces": 'provinces = ["서울", "제주"]',
    "old_hour": "hours = 1",
    "slow_headers": "seconds = 6",
    "slow_body": "seconds = 1",
    "gzip_bomb": "megabytes = 60",
}
# What a poll that meets one of these ends with; the others are read, as far as they can be.
SAID = {
    **dict.fromkeys(("gateway_30", "http_403"), "key_not_registered"),
    **dict.fromkeys(
        ("provider_error", "http_503_html", "http_504", "empty_items"), "upstream_down"
    ),
    **dict.fromkeys(("garbage", "gzip_bomb", "cut_body", "wrong_length"), "not_understood"),
    "gateway_20": "key_not_approved",
    "gateway_22": "quota_used_up",
    "gateway_10_http400": "bad_request",
    "http_429": "rate_limited",
    "slow_headers": "unreachable",
}
# A value that was changed and changed back has its history, and is to have it.
HISTORY = ("station_hour_rev", "province_hour_rev")


@contextmanager
def no_waiting() -> Iterator[None]:
    """Attempts follow each other at once."""
    kept, http.FIRST_BACKOFF = http.FIRST_BACKOFF, 0.01
    try:
        yield
    finally:
        http.FIRST_BACKOFF = kept


class Source:
    """A simulated source, and stores that poll it."""

    def __init__(self, folder: Path, simulator: SimulatorServer) -> None:
        self.folder, self.simulator = folder, simulator

    def context(self, name: str) -> Context:
        """A process's parts on a store of that name."""
        given = {
            "AQ_DATABASE_URL": self.url(name),
            "AQ_CLOCK": NOW.isoformat(),
            "AQ_FEEDS__AIRKOREA__URL": self.simulator.airkorea_url,
            "AQ_FEEDS__AIRKOREA__KEY": "any-key",
            "AQ_FEEDS__AIRKOREA__TIMEOUT_SECONDS": "4",
            "AQ_FEEDS__AIRKOREA__DEADLINE_SECONDS": "9",
            "AQ_FEEDS__OPENMETEO__ENABLED": "false",
        }
        return start(load(given))

    def url(self, name: str) -> str:
        """Its address."""
        return f"sqlite:///{self.folder / name}.db"

    def three_hours(self, name: str, kind: str | None) -> tuple[Counter[str], RunReport | None]:
        """(data after three hours, the report of the poll that met the fault in the second)."""
        context, met = self.context(name), None
        for number in range(3):
            moment = NOW + number * HOUR
            self.simulator.clock = Clock(moment)
            collector = app.collector(context)
            if kind is not None and number == 1:
                self.simulator.scenario = parse(
                    f'[[fault]]\nkind = "{kind}"\nfeed = "{AIRKOREA}"\n{FIELDS.get(kind, "")}\n'
                )
                met = collector.poll(AIRKOREA, moment, force=True)
                self.simulator.scenario = parse("")
                # Used-up quota is over at midnight; the other days' hours come by the gaps.
                moment = met.error.retry_at if getattr(met.error, "retry_at", None) else moment
            report = collector.poll(AIRKOREA, moment, force=True)
            assert report.error is None, report.error
        context.store.close()
        found = contents(self.url(name))
        return Counter({row: n for row, n in found.items() if not row.startswith(HISTORY)}), met


@part("faults")
def faults(scale: Scale, folder: Path) -> Iterator[Line]:
    """Each kind of fault that the simulator knows."""
    del scale
    with no_waiting(), SimulatorServer(World(34), Clock(NOW)) as simulator:
        source = Source(folder, simulator)
        expected, _ = source.three_hours("peace", None)
        for kind in KINDS:
            found, met = source.three_hours(kind, kind)
            assert met is not None
            yield Line(
                what=f"fault: {kind}",
                tried=1,
                survived=1,
                lost=(expected - found).total(),
                twice=(found - expected).total(),
                note=str(getattr(met.error, "reason", "read")),
            )

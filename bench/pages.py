"""The page over real websockets: a rerun, crowds of viewers, two processes behind a proxy."""

import statistics
import time
import urllib.request

from bench import data
from bench.data import Stores, say
from bench.proxy import proxied
from bench.report import Case, Goal, below, faster
from bench.serving import dashboard, plain_page
from bench.viewers import Load, watch

EVERY = 5.0  # seconds between a viewer's clicks
CROWD_SECONDS, PLAIN_SECONDS = 12.0, 10.0
# Who has not been answered by then counts with what he has waited: fewer seconds than it takes.
PLAIN_PATIENCE = 20.0
BUSY_VIEWERS, BUSY_SECONDS = 24, 8.0


def _rerun(stores: Stores) -> Case:
    say("one viewer")
    with dashboard(stores.url(data.YEARS)) as (address, _):
        ours = watch(address, 1, 6, 0.1)
        body = f"{address}/api/v1/provinces"
        limit = statistics.median(_read(body) for _ in range(30))
    with plain_page(stores) as address:
        plain = watch(address, 1, 6, 0.1)
    return Case(
        bench="page",
        case="a rerun of the live page, one viewer",
        runs=len(ours.clicks),
        ours=ours.median,
        plain=plain.median,
        limit=limit,
        goals=(faster("the plain page", plain.median, ours.median, 4),),
    )


def _read(url: str) -> float:
    began = time.perf_counter()
    with urllib.request.urlopen(url) as answer:
        answer.read()
    return time.perf_counter() - began


def _crowd(stores: Stores) -> list[Case]:
    with dashboard(stores.url(data.YEARS)) as (address, _):
        watch(address, 1, 4, 0.1)
        say("50 viewers")
        fifty = watch(address, 50, CROWD_SECONDS, EVERY)
        say("100 viewers")
        hundred = watch(address, 100, CROWD_SECONDS, EVERY)
    say("50 viewers of the plain page")
    with plain_page(stores) as address:
        plain = watch(address, 50, PLAIN_SECONDS, EVERY, PLAIN_PATIENCE)
    _whole(fifty, hundred)
    return [
        Case(
            bench="page",
            case="50 viewers clicking every 5 s, median",
            runs=len(fifty.clicks),
            ours=fifty.median,
            plain=plain.median,
            goals=(
                faster("the plain page", plain.median, fifty.median, 20),
                below("p95 s", fifty.p95, 0.5),
            ),
        ),
        Case(
            bench="page",
            case="100 viewers clicking every 5 s, median",
            runs=len(hundred.clicks),
            ours=hundred.median,
            goals=(below("p95 s", hundred.p95, 1),),
        ),
    ]


def _whole(*loads: Load) -> None:
    for load in loads:
        if load.lost:
            raise SystemExit(f"{load.lost} viewers got no page")


def _replicas(stores: Stores) -> Case:
    """Clicks a second of viewers who never pause, on one process and on two behind a proxy."""
    url = stores.url(data.YEARS)
    rates = []
    for count in (1, 2):
        say(f"{count} page process(es) behind a proxy")
        with (
            dashboard(url) as (one, _),
            dashboard(url) as (two, _),
            proxied([one, two][:count]) as address,
        ):
            watch(address, 2 * count, 3, 0.1)
            load = watch(address, BUSY_VIEWERS, BUSY_SECONDS, 0.0)
            _whole(load)
            rates.append(len(load.clicks) / BUSY_SECONDS)
    return Case(
        bench="page",
        case="two page processes behind a proxy, clicks a second",
        unit="/s",
        runs=1,
        ours=rates[1],
        plain=rates[0],
        goals=(Goal(text="1.8 × one process", found=rates[1] / rates[0], bound=1.8),),
    )


def run(stores: Stores) -> list[Case]:
    """All cases of the page that need no browser."""
    return [_rerun(stores), *_crowd(stores), _replicas(stores)]

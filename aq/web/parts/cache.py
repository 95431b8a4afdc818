"""The only Streamlit caches: what the pages read and draw, by store version and time."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import ParamSpec, TypeVar, cast

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from aq.context import Context, shared
from aq.domain.agreement import Agreement
from aq.domain.clock import floor_hour
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.i18n import text_in
from aq.queries import frames as queries
from aq.queries.evidence import Evidence
from aq.queries.evidence import evidence as evidence_of
from aq.queries.feed_status import FeedStatus
from aq.queries.feed_status import agreement as agreement_of
from aq.queries.feed_status import feed_status as feed_status_of
from aq.queries.model_hours import hours_ahead
from aq.web.charts import province_line as charts
from aq.web.charts.advisory_bands import act_bands
from aq.web.charts.theme import palette
from aq.web.drawings.view import shown_digits as digits_of
from aq.web.parts.page_cache import once
from aq.zones_file import zone_by_id

# A snapshot is 20 KB, a map or a year of hours about 1 MB; old versions fall out by number.
MANY, FEW = 64, 32
FRESH_SECONDS = 5
P = ParamSpec("P")
R = TypeVar("R")
Mark = tuple[str, str]  # province code, words


def context() -> Context:
    """The process's store, standards and clock."""
    return shared()


@once
def moment() -> datetime:
    """The present minute; what depends on the time of day is worked out once a minute."""
    return context().clock.minute()


@once
def this_hour() -> datetime:
    """The end of the last complete hour."""
    return floor_hour(context().clock.now())


@once
def version() -> tuple[str, int]:
    """Which store, and its newest version: part of every key."""
    return context().settings.database_url, context().store.version()


def stored(
    entries: int = FEW, *, at: Callable[[], datetime] | None = None, ttl: int | None = None
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep what a function gives, by its arguments, while the store stays at its version.

    At most `entries` results are kept, each for `ttl` [s], and of one instant of `at` where it is
    given. Arguments are plain values (text, numbers, days, instants, tuples of them); those called
    by a name that begins with ``_`` are no part of the key. Treat what comes as read-only.
    """

    def mark(function: Callable[P, R]) -> Callable[P, R]:
        def compute(
            store: tuple[str, int], now: datetime | None, *args: P.args, **options: P.kwargs
        ) -> R:
            return function(*args, **options)

        # Streamlit tells caches apart by the function's name.
        compute.__module__, compute.__qualname__ = function.__module__, function.__qualname__
        cached = st.cache_resource(max_entries=entries, ttl=ttl, show_spinner=False)(compute)

        @wraps(function)
        def answer(*args: P.args, **options: P.kwargs) -> R:
            return cached(version(), at() if at else None, *args, **options)

        return answer

    return mark


def kept(function: Callable[..., R], *args: object) -> R:
    """What ``function(context, *args)`` gives, kept as by `stored`.

    For reads and figures that depend on nothing but the store and their arguments.
    """
    name = f"{function.__module__}.{function.__qualname__}"
    return cast(R, _kept(name, args, _function=function))


@stored(MANY)
def _kept(name: str, args: tuple[object, ...], *, _function: Callable[..., object]) -> object:
    return _function(context(), *args)


@stored()
def line(
    code: str,
    pollutant: str,
    after: datetime,
    until: datetime,
    standard: str,
    as_of: int | None = None,
) -> pd.DataFrame:
    """Every hour of a range of a province or zone (by its id), as known at a store version."""
    rules, zone = context().standards[standard], zone_by_id(code)
    if zone is not None:
        return queries.zone_line(context(), zone, pollutant, after, until, rules, as_of)
    number = BY_CODE[code].id
    return queries.line(context(), number, pollutant, after, until, standard=rules, as_of=as_of)


@stored()
def evidence(code: str, pollutant: str, at: datetime, standard: str) -> Evidence:
    """What stands behind a province's grade of an hour."""
    return evidence_of(context(), BY_CODE[code], pollutant, at, context().standards[standard])


@stored(MANY)
def span(code: str) -> list[tuple[str, datetime, datetime]]:
    """(feed, first hour, last hour) of what is stored of a province."""
    return queries.span(context(), BY_CODE[code].id)


@once
@stored(at=moment, ttl=FRESH_SECONDS)
def feeds() -> list[FeedStatus]:
    """How the feeds do; at most some seconds old, as failures do not change the store's version."""
    return feed_status_of(context(), context().clock.now())


@stored(at=this_hour)
def agreement() -> list[Agreement]:
    """Our province means of the last month against upstream's own."""
    return agreement_of(context(), this_hour())


@stored()
def line_figure(
    code: str,
    pollutant: str,
    after: datetime,
    until: datetime,
    standard: str,
    lang: str,
    dark: bool,
    *,
    as_of: int | None = None,
    ahead_of: datetime | None = None,
) -> go.Figure:
    """The line of a province over a range, on the bands of a standard that grades hours; with
    `ahead_of` the model's hours after that instant go on from it."""
    one, text = context(), text_in(lang)
    style = charts.LineStyle(
        standard=one.standards[standard],
        pollutant=pollutant,
        unit=pollutants()[pollutant].unit,
        digits=shown_digits(pollutant, standard),
        revision=f"{code} {pollutant} {(until - after).days}",
        acts=act_bands(one, [BY_CODE[code].id], pollutant, (after, until), as_of, text),
        ahead=hours_ahead(one, code, pollutant, ahead_of) if ahead_of else None,
    )
    frame = line(code, pollutant, after, until, standard, as_of)
    return charts.province_line(frame, style, text, palette(dark))


def shown_digits(pollutant: str, standard: str) -> int:
    """Decimals shown of a pollutant by a standard, as in the drawings."""
    return digits_of(context().standards[standard], pollutant)

"""The only Streamlit caches: what the pages read and draw, by store version and time."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, TypeVar

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from aq.context import Context, shared
from aq.domain.agreement import Agreement
from aq.domain.clock import floor_hour
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.i18n import text_in
from aq.paths import config_dir
from aq.queries import current as now_page
from aq.queries import frames as queries
from aq.queries.current import CurrentItem, Snapshot
from aq.queries.evidence import Evidence
from aq.queries.evidence import evidence as evidence_of
from aq.queries.feed_status import FeedStatus
from aq.queries.feed_status import agreement as agreement_of
from aq.queries.feed_status import feed_status as feed_status_of
from aq.queries.model_hours import hours_ahead
from aq.web.charts import country as charts
from aq.web.charts.advisory_bands import act_bands
from aq.web.charts.theme import palette
from aq.web.parts import outlines
from aq.web.parts.page_cache import once

# A snapshot is 20 KB, a map or a year of hours about 1 MB; old versions fall out by number.
MANY, FEW = 64, 32
FRESH_SECONDS = 5
R = TypeVar("R")
Mark = tuple[str, str]  # province code, words


def context() -> Context:
    """The process's store, standards and clock."""
    return shared()


@once
def moment() -> datetime:
    """The present minute; what depends on the time of day is worked out once a minute."""
    return context().clock.now().replace(second=0, microsecond=0)


@once
def version() -> tuple[str, int]:
    """Which store, and its newest version: part of every key."""
    one = context()
    return one.settings.database_url, one.store.version()


def kept(function: Callable[..., R], *args: object) -> R:
    """What ``function(context, *args)`` gives, kept while the store stays at its version.

    For reads and figures that depend on nothing but the store and their arguments, which are plain
    values (text, numbers, days, instants, tuples of them). Treat what comes as read-only.
    """
    found: R = _kept(version(), f"{function.__module__}.{function.__qualname__}", args, function)
    return found


@st.cache_resource(max_entries=MANY, show_spinner=False)
def _kept(
    store: tuple[str, int], name: str, args: tuple[object, ...], _function: Callable[..., Any]
) -> Any:
    return _function(context(), *args)


def snapshot(pollutant: str, standard: str) -> Snapshot:
    """The 17 items of a pollutant now, by a standard."""
    return _snapshot(version(), moment(), pollutant, standard)


@st.cache_resource(max_entries=MANY, show_spinner=False)
def _snapshot(store: tuple[str, int], now: datetime, pollutant: str, standard: str) -> Snapshot:
    return now_page.current(context(), now, standard=standard, wanted=[pollutant])


def sparklines(pollutant: str, until: datetime, feed: str | None) -> dict[str, list[float | None]]:
    """The last 24 hourly means by province code."""
    return _sparklines(version(), pollutant, until, feed)


@st.cache_resource(max_entries=MANY, show_spinner=False)
def _sparklines(
    store: tuple[str, int], pollutant: str, until: datetime, feed: str | None
) -> dict[str, list[float | None]]:
    return queries.sparklines(context(), pollutant, until, feed=feed)


def line(
    code: str,
    pollutant: str,
    after: datetime,
    until: datetime,
    standard: str,
    as_of: int | None = None,
) -> pd.DataFrame:
    """Every hour of a range of a province, as known at a store version; treat as read-only."""
    return _line(version(), code, pollutant, after, until, standard, as_of)


@st.cache_resource(max_entries=FEW, show_spinner=False)
def _line(
    store: tuple[str, int],
    code: str,
    pollutant: str,
    after: datetime,
    until: datetime,
    standard: str,
    as_of: int | None = None,
) -> pd.DataFrame:
    one = context()
    number, rules = BY_CODE[code].id, one.standards[standard]
    return queries.line(one, number, pollutant, after, until, standard=rules, as_of=as_of)


def evidence(code: str, pollutant: str, at: datetime, standard: str) -> Evidence:
    """What stands behind a province's grade of an hour."""
    return _evidence(version(), code, pollutant, at, standard)


@st.cache_resource(max_entries=FEW, show_spinner=False)
def _evidence(
    store: tuple[str, int], code: str, pollutant: str, at: datetime, standard: str
) -> Evidence:
    one = context()
    return evidence_of(one, BY_CODE[code], pollutant, at, one.standards[standard])


def span(code: str) -> list[tuple[str, datetime, datetime]]:
    """(feed, first hour, last hour) of what is stored of a province."""
    return _span(version(), code)


@st.cache_resource(max_entries=MANY, show_spinner=False)
def _span(store: tuple[str, int], code: str) -> list[tuple[str, datetime, datetime]]:
    return queries.span(context(), BY_CODE[code].id)


def version_on(day: date) -> int | None:
    """The store version at the end of a day; None before the first."""
    return queries.version_on(context(), day)


def revised(code: str, after: datetime, until: datetime) -> list[datetime]:
    """The hours of a range with more than one known value, newest first."""
    return queries.revised_hours(context(), BY_CODE[code].id, after, until)


@once
def feeds() -> list[FeedStatus]:
    """How the feeds do; at most some seconds old, as failures do not change the store's version."""
    return _feeds(version(), moment())


@st.cache_resource(ttl=FRESH_SECONDS, max_entries=FEW, show_spinner=False)
def _feeds(store: tuple[str, int], now: datetime) -> list[FeedStatus]:
    return feed_status_of(context(), context().clock.now())


def agreement() -> list[Agreement]:
    """Our province means of the last month against upstream's own."""
    return _agreement(version(), this_hour())


@st.cache_resource(max_entries=FEW, show_spinner=False)
def _agreement(store: tuple[str, int], hour: datetime) -> list[Agreement]:
    return agreement_of(context(), hour)


@st.cache_resource(show_spinner=False)
def shapes() -> dict[str, Any]:
    """The provinces' outlines."""
    found: dict[str, Any] = json.loads((config_dir() / "provinces.geojson").read_text("utf-8"))
    return found


def map_figure(
    found: Snapshot, pollutant: str, lang: str, dark: bool, chosen: str, marks: tuple[Mark, ...]
) -> go.Figure:
    """The map of a snapshot; `marks` are codes with what the authority has in force there."""
    key = (*version(), found.as_of, pollutant, found.standard)
    return _map_figure(key, found.of(pollutant), lang, dark, chosen, marks)


@st.cache_resource(max_entries=FEW, show_spinner=False)
def _map_figure(
    key: tuple[str, int, datetime, str, str],
    _items: tuple[CurrentItem, ...],
    lang: str,
    dark: bool,
    chosen: str,
    marks: tuple[Mark, ...],
) -> go.Figure:
    one = context()
    return charts.country_map(
        _items,
        outlines.address(),
        one.standards[_items[0].standard],
        text_in(lang),
        palette(dark),
        chosen=chosen,
        digits=shown_digits(_items[0].pollutant, _items[0].standard),
        marks=dict(marks),
    )


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
    told_apart: bool = False,
    ahead_of: datetime | None = None,
) -> go.Figure:
    """The line of a province over a range, on the bands of a standard that grades hours; with
    `ahead_of` the model's hours after that instant go on from it."""
    asked = (code, pollutant, after, until, standard, lang, dark, as_of, told_apart, ahead_of)
    return _line_figure(version(), *asked)


@st.cache_resource(max_entries=FEW, show_spinner=False)
def _line_figure(
    store: tuple[str, int],
    code: str,
    pollutant: str,
    after: datetime,
    until: datetime,
    standard: str,
    lang: str,
    dark: bool,
    as_of: int | None,
    told_apart: bool,
    ahead_of: datetime | None,
) -> go.Figure:
    one, text = context(), text_in(lang)
    frame = _line(store, code, pollutant, after, until, standard, as_of)
    style = charts.LineStyle(
        standard=one.standards[standard],
        pollutant=pollutant,
        unit=pollutants()[pollutant].unit,
        digits=shown_digits(pollutant, standard),
        revision=f"{code} {pollutant} {(until - after).days}",
        told_apart=told_apart,
        acts=act_bands(one, [BY_CODE[code].id], pollutant, (after, until), as_of, text),
        ahead=hours_ahead(one, code, pollutant, ahead_of) if ahead_of else None,
    )
    return charts.province_line(frame, style, text, palette(dark))


def shown_digits(pollutant: str, standard: str) -> int:
    """Decimals shown: those the standard grades by, so that a printed value and its grade agree.

    Where it cuts off, or grades in another unit, the store's own decimals are shown: a value
    printed rounded would then stand in another row than the one it is graded by.
    """
    points = context().standards[standard].pollutants.get(pollutant)
    if points is None:
        return 0
    stored = pollutants()[pollutant]
    if points.rounding == "truncate" or points.unit != stored.unit:
        return stored.digits
    return points.digits


@once
def this_hour() -> datetime:
    """The end of the last complete hour."""
    return floor_hour(context().clock.now())

"""The range of days a page of the past looks at: how it is chosen, and why one is empty."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html import escape

import streamlit as st

from aq.domain.clock import day_bounds, kst_day
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.i18n import Text
from aq.web import components
from aq.web.parts import cache, page
from aq.web.parts.view_state import PRESETS, View
from aq.web.wording.korean import N_, day_words, province_name

PRESET_NAMES = {
    "7d": N_("7 days"),
    "30d": N_("30 days"),
    "90d": N_("90 days"),
    "1y": N_("1 year"),
    "all": N_("Everything"),
}
Spans = list[tuple[str, datetime, datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """KST days, both inclusive, and the hours they hold: ``after < hour end <= until``."""

    since: date
    last: date
    after: datetime
    until: datetime

    @property
    def days(self) -> int:
        """How many days, both ends in."""
        return (self.last - self.since).days + 1


def address(view: View) -> dict[str, str]:
    """The range as the address holds it, for a link to another page of the past."""
    if view.since and view.until:
        return {"since": view.since.isoformat(), "until": view.until.isoformat()}
    return {"r": view.preset} if view.preset else {}


def preset(view: View, default: str = "7d") -> str:
    """The preset in force where the address names no days."""
    return view.preset or default


def read(view: View, spans: Spans, default: str = "7d") -> Range:
    """The days asked for; a preset ends today, `all` is from the first hour there is."""
    today = kst_day(cache.this_hour())
    if view.since and view.until:
        since, last = view.since, view.until
    else:
        days = PRESETS[preset(view, default)]
        last = today
        first = min((start for _, start, _ in spans), default=cache.this_hour())
        since = kst_day(first) if days is None else today - timedelta(days=days - 1)
    after, until = day_bounds(since)[0], day_bounds(last)[1]
    return Range(since=since, last=last, after=after, until=min(until, cache.this_hour()))


def choose(code: str | None, view: View, asked: Range, spans: Spans, default: str = "7d") -> None:
    """A row of choices: the province (none where `code` is None: all 17), a preset, the days."""
    text = page.words()
    widths = [2, 1.4] if code is None else [1, 2, 1.4]
    *where, how_long, days = st.columns(widths, vertical_alignment="bottom")
    if where and code is not None:
        with where[0]:
            _choose_province(code, text)
    with how_long:
        picked = components.switch(
            "preset",
            {
                "label": text("Range"),
                "chosen": None if view.since else preset(view, default),
                "options": [{"key": k, "text": text(name)} for k, name in PRESET_NAMES.items()],
            },
        )
    with days:
        _choose_days(asked, spans, text)
    if picked in PRESETS:
        page.change(r=picked, since=None, until=None)


def _choose_province(code: str, text: Text) -> None:
    codes = [province.code for province in PROVINCES]
    chosen = st.selectbox(
        text("Province"),
        codes,
        index=codes.index(code),
        format_func=lambda one: province_name(BY_CODE[one], text.lang),
        key=f"province {code} {text.lang}",
    )
    if chosen != code:
        page.change(p=chosen)


def _choose_days(asked: Range, spans: Spans, text: Text) -> None:
    today = kst_day(cache.this_hour())
    first = min([asked.since, *(kst_day(start) for _, start, _ in spans)])
    shown = min(asked.since, today), min(asked.last, today)
    given = st.date_input(
        text("Days, first and last"),
        shown,
        min_value=min(first, today),
        max_value=today,
        key=f"days {asked.since} {asked.last} {text.lang}",
        format="YYYY-MM-DD",
    )
    if isinstance(given, tuple) and len(given) == 2 and given != shown:
        page.change(since=given[0].isoformat(), until=given[1].isoformat(), r=None)


def nothing(
    code: str | None, asked: Range, spans: Spans, text: Text, names: str | None = None
) -> None:
    """Why there is nothing (of `names`, else of the province, else of all 17), what there is, and
    what would fill it."""
    lines = [text("There are no values in this range.")]
    if names or code:
        name = names or province_name(BY_CODE[code or ""], text.lang)
        lines = [text("There are no values of {who} in this range.", who=name)]
    if asked.since > kst_day(cache.this_hour()):
        lines = [text("This range lies in the future.")]
    lines += [
        text(
            "{feed} has hours from {first} to {last}.",
            feed=text.feed(feed),
            first=day_words(text, kst_day(first)),
            last=day_words(text, kst_day(last)),
        )
        for feed, first, last in spans
    ]
    body = "".join(f"<p>{escape(line)}</p>" for line in lines)
    command = "<code>python -m aq import FILE…</code>"
    how = escape(
        text(
            "Confirmed files of AirKorea fill past months; read them in with {command}.",
            command="\0",
        )
    ).replace("\0", command)
    page.html(f'<div class="notice">{body}<p>{how}</p></div>')


def choose_known_on(view: View) -> date | None:
    """The day whose knowledge is shown; empty is now."""
    text = page.words()
    given = st.date_input(
        text("As known on (empty: now)"),
        view.as_of,
        max_value=kst_day(cache.moment()),
        min_value=date(2000, 1, 1),
        key=f"as known {view.as_of} {text.lang}",
        format="YYYY-MM-DD",
    )
    if given != view.as_of:
        page.change(asof=given.isoformat() if given else None)
    return given

"""The line: some provinces or stations, one pollutant, any range; gaps as gaps, a table beside."""

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from aq.domain.clock import kst_day
from aq.domain.provinces import BY_CODE
from aq.domain.windows import OVERALL
from aq.i18n import Text
from aq.queries.frames import version_on
from aq.web import components
from aq.web.charts import lines as lines_chart
from aq.web.charts.lines import Ask
from aq.web.parts import attribution as origin
from aq.web.parts import cache, live_view, page, places, ranges, revisions
from aq.web.parts.official import over_line
from aq.web.parts.places import Place
from aq.web.parts.ranges import Range, Spans
from aq.web.parts.tables import cards, opened
from aq.web.parts.view_state import View
from aq.web.public.range_pictures import MOST_DAYS
from aq.web.wording.facts import fact
from aq.web.wording.korean import (
    N_,
    day_words,
    exact,
    gap_word,
    listed,
    long_hour,
    month_words,
    number,
    provenance,
)

GRAIN_NAMES = {"hour": N_("Hourly"), "day": N_("Daily"), "month": N_("Monthly")}
# By the hour no further than this, whoever asks [days]; an index is worked out from six pollutants.
MOST_HOURS, MOST_INDEX = 3 * 366, 366
HIGHEST = {
    "hour": N_("highest hour, {hour}"),
    "day": N_("highest day, {hour}"),
    "month": N_("highest month, {hour}"),
}
LOWEST = {
    "hour": N_("lowest hour, {hour}"),
    "day": N_("lowest day, {hour}"),
    "month": N_("lowest month, {hour}"),
}
MEANS = {"hour": N_("hourly means"), "day": N_("daily means"), "month": N_("monthly means")}
# In a longer range two days to come are too narrow to be read.
MOST_WITH_AHEAD = timedelta(days=31)
# Days and months are pooled, and printed with a decimal more than their hours are graded by.
FINER = {"hour": 0, "day": 1, "month": 1}


def render() -> None:
    """Choices, the line, where it comes from, and its table."""
    page.top("past")
    view, pollutant, text = page.view(), page.pollutant(), page.words()
    chosen = places.read(view, text)
    alone = chosen[0].ref if len(chosen) == 1 else None
    picked = live_view.strip(pollutant, alone)
    spans = cache.span(chosen[0].code)
    asked = ranges.read(view, spans)
    grain = grain_of(view, pollutant, asked)
    _title(chosen, pollutant, asked, grain)
    with page.controls():
        page.switches(pollutant)
        places.choose(chosen, text)
        ranges.choose(None, view, asked, spans)
        left, right = st.columns([2, 1.4], vertical_alignment="bottom")
        with left:
            _choose_grain(view, pollutant, asked, grain)
        with right:
            ranges.choose_known_on(view)
    _show(chosen, pollutant, asked, spans, grain)
    page.bottom()
    page.pulse()
    if picked in BY_CODE:
        page.change(p=picked, ps=None, st=None)


def grain_of(view: View, pollutant: str, asked: Range) -> str:
    """The grain asked for; without one, what a screen can show of the range."""
    if pollutant == OVERALL:
        return "hour"
    automatic = "month"
    if asked.days <= lines_chart.MOST_HOURLY_DAYS:
        automatic = "hour"
    elif asked.days <= lines_chart.MOST_DAILY_DAYS:
        automatic = "day"
    if view.grain == "hour" and asked.days > MOST_HOURS:
        return automatic
    return view.grain or automatic


def _title(chosen: Sequence[Place], pollutant: str, asked: Range, grain: str) -> None:
    text = page.words()
    names = listed([place.name for place in chosen], text.lang)
    title = text("{who} · {what}", who=names, what=text.pollutant(pollutant))
    days = text(
        "{first} to {last}", first=day_words(text, asked.since), last=day_words(text, asked.last)
    )
    kind = text("hourly values") if pollutant == OVERALL else text(MEANS[grain])
    page.html(f"<h1>{escape(title)}</h1><p>{escape(f'{days}, {kind}')}</p>")


def _choose_grain(view: View, pollutant: str, asked: Range, grain: str) -> None:
    if pollutant == OVERALL:
        return
    text = page.words()
    name = text(GRAIN_NAMES[grain])
    auto = text("Automatic") if view.grain else text("Automatic: {grain}", grain=name)
    offered = [key for key in GRAIN_NAMES if key != "hour" or asked.days <= MOST_HOURS]
    options = [{"key": "auto", "text": auto}]
    options += [{"key": key, "text": text(GRAIN_NAMES[key])} for key in offered]
    chosen = view.grain if view.grain == grain else "auto"
    picked = components.switch(
        "grain", {"label": text("Mean over"), "chosen": chosen, "options": options}
    )
    if picked == "auto":
        page.change(g=None)
    if picked in GRAIN_NAMES:
        page.change(g=picked)


def _show(chosen: Sequence[Place], pollutant: str, asked: Range, spans: Spans, grain: str) -> None:
    text = page.words()
    names = listed([place.name for place in chosen], text.lang)
    if pollutant == OVERALL and _no_index(chosen, asked, text):
        return
    if asked.after >= asked.until:
        ranges.nothing(chosen[0].code, asked, spans, text, names)
        return
    day = page.view().as_of
    as_of = version_on(cache.context(), day) if day else None
    if day and as_of is None:
        words = text("Nothing was known yet on {day}.", day=day_words(text, day))
        page.html(f'<p class="notice">{escape(words)}</p>')
        return
    question = Ask(
        pollutant=pollutant,
        since=asked.since,
        last=min(asked.last, kst_day(asked.until)),
        after=asked.after,
        until=asked.until,
        grain=grain,
        standard=page.standard().id,
        as_of=as_of,
    )
    frames = [cache.kept(lines_chart.frame_of, place.level, place.id, question) for place in chosen]
    if all(frame["value"].isna().all() for frame in frames):
        ranges.nothing(chosen[0].code, asked, spans, text, names)
        return
    with page.picture():
        _chart(chosen, question, text)
    _told(chosen, frames, question, text)
    touched = tuple(dict.fromkeys(place.code for place in chosen if place.level == "province"))
    over_line(touched, question)
    _table(chosen, frames, question, text)
    # A picture is of provinces, hour by hour, as known now: of other charts there is none.
    is_drawn = _plain(question) and day is None and asked.days <= MOST_DAYS
    if is_drawn and len(touched) == len(chosen):
        page.take_away(
            {"line": text("this range")},
            pollutant=pollutant,
            provinces=",".join(touched),
            since=asked.since.isoformat(),
            until=asked.last.isoformat(),
        )
    for level in ("province", "station"):
        codes = list(dict.fromkeys(place.code for place in chosen if place.level == level))
        if codes:
            origin.downloads(codes, [pollutant], asked, grain, level=level)


def _no_index(chosen: Sequence[Place], asked: Range, text: Text) -> bool:
    """Say why there is no line of an index, where there is none."""
    words = ""
    if any(place.level == "station" for place in chosen):
        words = text("An index is of a province; a station has none. Choose a pollutant.")
    elif asked.days > MOST_INDEX:
        words = text("An index is drawn by the hour, over {n} days at most.", n=MOST_INDEX)
    if words:
        page.html(f"<p class='notice'>{escape(words)}</p>")
    return bool(words)


def _chart(chosen: Sequence[Place], asked: Ask, text: Text) -> None:
    names = listed([place.name for place in chosen], text.lang)
    dark, only = page.dark(), chosen[0]
    if len(chosen) == 1 and only.level == "province" and _plain(asked):
        # Alone, its gaps are hatched and named.
        figure = cache.line_figure(
            only.code,
            asked.pollutant,
            asked.after,
            asked.until,
            asked.standard,
            text.lang,
            dark,
            as_of=asked.as_of,
            ahead_of=cache.this_hour() if _goes_on(asked) else None,
        )
    else:
        spots = tuple((place.level, place.id, place.name) for place in chosen)
        figure = cache.kept(lines_chart.figure_of, spots, asked, _digits(asked), text.lang, dark)
    page.chart(
        figure,
        key="past",
        alt=text(
            "Line of {means}: {who}, {what}",
            means=text(MEANS[asked.grain]),
            who=names,
            what=text.pollutant(asked.pollutant),
        ),
    )
    if len(chosen) == 1 and only.level == "province" and _plain(asked) and _goes_on(asked):
        page.told_ahead(only.code, asked.pollutant)
    rules = page.standard()
    if not lines_chart.bands_for(rules, asked.pollutant, asked.grain):
        words = text(
            "The line lies on no bands: {standard} has no levels made for {means}.",
            standard=rules.titles[text.lang],
            means=text(MEANS[asked.grain]),
        )
        page.html(f'<p class="muted">{escape(words)}</p>')


def _goes_on(asked: Ask) -> bool:
    """Whether the range ends now, as known now: so that hours to come are its continuation."""
    now = cache.this_hour()
    short = asked.until - asked.after <= MOST_WITH_AHEAD
    return asked.as_of is None and asked.until >= now and short


def _plain(asked: Ask) -> bool:
    return asked.grain == "hour" and asked.pollutant != OVERALL


def _digits(asked: Ask) -> int:
    return cache.shown_digits(asked.pollutant, asked.standard) + FINER[asked.grain]


def _told(chosen: Sequence[Place], frames: Sequence[pd.DataFrame], asked: Ask, text: Text) -> None:
    """How complete each line is, its extremes, whose the values are."""
    if len(frames) == 1:
        frame, values = frames[0], frames[0]["value"]
        facts = [
            _extreme(frame, int(values.argmax()), HIGHEST[asked.grain], asked, text),
            _extreme(frame, int(values.argmin()), LOWEST[asked.grain], asked, text),
            fact(f"{number(_complete(frame), 1)}%", _counted(frame, text)),
        ]
        facts += origin.facts(frame.loc[values.notna(), ["feed", "kind", "status"]], text)
        page.html(f'<dl class="facts">{"".join(facts)}</dl>')
    else:
        page.html(_compared(chosen, frames, asked, text))
    line = text("Solid: observed. Dashed: values of a model. A rule on the axis: confirmed.")
    page.html(f'<p class="muted">{escape(line)}</p>')
    if len(chosen) == 1 and chosen[0].level == "province" and _plain(asked):
        revisions.show(chosen[0].code, asked.pollutant, asked.after, asked.until)


def _complete(frame: pd.DataFrame) -> float:
    """Hours with a value, of all [%]."""
    known, total = _hours(frame)
    return 100 * known / total


def _hours(frame: pd.DataFrame) -> tuple[int, int]:
    if "hours" in frame:
        return int(frame["hours"].sum()), int(frame["possible"].sum())
    return int(frame["value"].notna().sum()), len(frame)


def _counted(frame: pd.DataFrame, text: Text) -> str:
    known, total = _hours(frame)
    return text("hours with a value, {n} of {all}", n=f"{known:,}", all=f"{total:,}")


def _when(at: pd.Timestamp, grain: str, text: Text) -> str:
    if grain == "hour":
        return long_hour(text, at)
    if grain == "day":
        return day_words(text, at.date())
    return month_words(text, at.date())


def _extreme(frame: pd.DataFrame, place: int, label: str, asked: Ask, text: Text) -> str:
    at, value = frame["at"].iloc[place], frame["value"].iloc[place]
    amount = f"{number(value, _digits(asked))} {_unit(asked, text)}".rstrip()
    title = exact(at, text) if asked.grain == "hour" else ""
    return fact(escape(amount), text(label, hour=_when(at, asked.grain, text)), title)


def _unit(asked: Ask, text: Text) -> str:
    return "" if asked.pollutant == OVERALL else lines_chart.unit_of(asked.pollutant, text)


def _compared(
    chosen: Sequence[Place], frames: Sequence[pd.DataFrame], asked: Ask, text: Text
) -> str:
    """A row for each place: its extremes, how complete it is, whose its values are."""
    unit = lines_chart.unit_of(asked.pollutant, text)
    columns = (
        text("Place"),
        text("Highest, {unit}", unit=unit),
        text("When"),
        text("Lowest, {unit}", unit=unit),
        text("Complete"),
        text("Source"),
    )
    rows = [
        _compared_row(one, frame, asked, text) for one, frame in zip(chosen, frames, strict=True)
    ]
    return cards(text("The lines compared"), columns, rows, text)


def _compared_row(place: Place, frame: pd.DataFrame, asked: Ask, text: Text) -> list[str]:
    known = frame.loc[frame["value"].notna()]
    cells = ["–", "", "–"]
    if len(known):
        top, digits = int(known["value"].argmax()), _digits(asked)
        cells = [number(known["value"].iloc[top], digits)]
        cells.append(_when(known["at"].iloc[top], asked.grain, text))
        cells.append(number(known["value"].min(), digits))
    sources: list[Any] = list(
        known[["feed", "kind", "status"]].drop_duplicates().itertuples(index=False)
    )
    cells.append(f"{number(_complete(frame), 1)}%")
    whose = "; ".join(_source(each.feed, each.kind, each.status, text) for each in sources)
    cells.append(whose)
    return [escape(cell) for cell in (place.name, *cells)]


TABLE_TITLES = {
    "hour": N_("The hours as a table"),
    "day": N_("The days as a table"),
    "month": N_("The months as a table"),
}


def _table(chosen: Sequence[Place], frames: Sequence[pd.DataFrame], asked: Ask, text: Text) -> None:
    """The values as a table, newest first; sent only once a reader opens it."""
    title = text(TABLE_TITLES[asked.grain])
    opened(title, "hours", lambda: values_table(chosen, frames, asked, text), text)


def values_table(
    chosen: Sequence[Place], frames: Sequence[pd.DataFrame], asked: Ask, text: Text
) -> pd.DataFrame:
    """The values of some lines as a reader's table: text columns, newest first."""
    label = {
        "hour": text("Hour (end, KST)"),
        "day": text("Day"),
        "month": text("Month"),
    }[asked.grain]
    columns = {label: [_when(at, asked.grain, text) for at in frames[0]["at"].iloc[::-1]]}
    for one, frame in zip(chosen, frames, strict=True):
        rows: list[Any] = list(frame.iloc[::-1].itertuples(index=False))
        columns |= _columns(one.name if len(chosen) > 1 else "", rows, asked, text)
    return pd.DataFrame(columns)


def _columns(name: str, rows: list[Any], asked: Ask, text: Text) -> dict[str, list[str]]:
    """Several places have a value and a level each; one alone has all that is known of it."""
    digits, unit = _digits(asked), lines_chart.unit_of(asked.pollutant, text)
    values = [number(row.value, digits) for row in rows]
    levels = [_level_words(row.grade, text) for row in rows]
    if name:
        return {
            f"{name} · {unit}": values,
            f"{name} · {text('Level')}": levels,
        }
    if asked.grain == "hour":
        heard = {text("Stations"): [_heard(row.stations, row.stations_expected) for row in rows]}
        why = [_gap(row.reason, row.detail, text) for row in rows]
    else:
        heard = {text("Hours"): [f"{row.hours}/{row.possible}" for row in rows]}
        why = [_gap(row.reason, None, text) for row in rows]
    return {
        unit: values,
        text("Level"): levels,
        **heard,
        text("Source"): [_source(row.feed, row.kind, row.status, text) for row in rows],
        text("Why nothing"): why,
    }


def _heard(stations: int | None, expected: int | None) -> str:
    return "" if pd.isna(stations) else f"{stations}/{expected}"


def _source(feed: object, kind: object, status: object, text: Text) -> str:
    if not isinstance(feed, str) or not isinstance(kind, str):
        return ""
    known = status if isinstance(status, str) else None
    return f"{text.feed(feed)} · {provenance(text, kind, known)}"


def _gap(reason: object, detail: object, text: Text) -> str:
    if not isinstance(reason, str):
        return ""
    return gap_word(text, reason, detail if isinstance(detail, str) else None)


def _level_words(grade: int | None, text: Text) -> str:
    if grade is None or pd.isna(grade):
        return ""
    level = page.standard().level(int(grade))
    return f"{level.letter} {level.label(text.lang)}"


if __name__ == "__main__":
    render()

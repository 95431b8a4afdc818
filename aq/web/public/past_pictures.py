"""Charts of the past to take away: hours, days by level, forecasts, acts, rhythm and trend."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta

import pandas as pd

from aq.domain.clock import HOUR, kst, kst_day
from aq.domain.errors import InputError
from aq.domain.model import MODELLED
from aq.domain.provinces import Province
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.frames import span
from aq.queries.months import monthly_trend
from aq.queries.official import (
    ACT_LISTS,
    ACTS,
    VERIFIED,
    advisories_of,
    forecast_scores,
    lists_lacking,
)
from aq.queries.rhythm import LEAST, rhythm
from aq.web.drawings.history import act_ticks, forecast_dots, shares
from aq.web.drawings.paint import Paint
from aq.web.drawings.patterns import HOURS as HOURS_OF_DAY
from aq.web.drawings.patterns import bars_alone, months_alone, week_alone
from aq.web.drawings.view import View
from aq.web.public.figure import Figure
from aq.web.public.moment import Moment
from aq.web.public.pictures import (
    figure_of,
    judged_words,
    measured,
    model_names,
    span_words,
    year_of_days,
)
from aq.web.wording.advisories import forecasts_words
from aq.web.wording.korean import WEEKDAYS, listed, province_name
from aq.web.wording.trend import rules, verdict

FORECASTS = "airkorea_forecast"
FORECAST_DAYS, RHYTHM_DAYS = 30, 90
_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_SVG = re.compile(r"<svg.*?</svg>", re.DOTALL)
# Of the page's stylesheet what these drawings need, as a picture that stands alone has it.
_RULES = (
    ".alone text{{fill:{muted};text-anchor:middle;font-size:12px}}"
    ".alone .start{{text-anchor:start}}.alone .rows text,.alone .end,.alone .now{{text-anchor:end}}"
    ".alone .rows text,.alone .day,.alone .now{{fill:{ink}}}"
    ".alone .sign,.alone .tick{{stroke:{ink};stroke-width:1.5;fill:none}}"
    ".alone .full{{fill:{ink}}}.alone .calm{{fill:{muted}}}.alone .rule{{stroke:{rule};fill:none}}"
    ".alone .on{{fill:{paper}}}"
    ".alone .ahead rect{{fill:none;stroke:{rule}}}.gap0{{fill:{paper}}}.gap1{{fill:{hatch}}}"
)


def days_figure(
    moment: Moment, place: Province, pollutant: str, text: Text, paint: Paint
) -> Figure:
    """How many days of the last year of a province were of each level."""
    year = year_of_days(moment, place, pollutant)
    counts = Counter(year.grades.values())
    counts[0] = (year.last - year.first).days + 1 - sum(counts.values())
    modelled = Counter(year.grades[day] for day in year.modelled)
    key = text(
        "Dashed below: {n} days of a model, {feeds}.",
        n=len(year.modelled),
        feeds=model_names(year.feeds, text),
    )
    who, what = province_name(place, text.lang), text.pollutant(pollutant)
    return figured(
        moment,
        text("{who} · {what}, days by level", who=who, what=what),
        f"{span_words(year.first, year.last, text)} ·"
        f" {judged_words(moment.live.standard, pollutant, text)}",
        shares(view_of(moment, pollutant, text), +counts, modelled),
        text,
        paint,
        leveled=True,
        rules=[key] if year.modelled else [],
        feeds=year.feeds,
    )


def forecasts_figure(
    moment: Moment, _place: Province, pollutant: str, text: Text, paint: Paint
) -> Figure:
    """Each forecast of the day before in the last 30 days, and whether it came."""
    if pollutant not in VERIFIED:
        raise InputError(f"forecasts are checked of {', '.join(VERIFIED)}", "pollutant")
    last = kst_day(moment.now) - timedelta(days=1)
    first = last - timedelta(days=FORECAST_DAYS - 1)
    every = forecast_scores(moment.context, first, last)
    scores = [score for score in every if (score.pollutant, score.lead) == (pollutant, 1)]
    if not scores:
        raise InputError("no forecast of these days can be checked yet", "pollutant", unknown=True)
    title = forecasts_words(scores, pollutant, text)
    key = text("● hit, ○ miss, × false alarm, · not bad, as forecast")
    drawn = forecast_dots(view_of(moment, pollutant, text), scores)
    note, feeds = f"{span_words(first, last, text)} · {key}", (FORECASTS, *moment.sources)
    return figured(moment, title, note, drawn, text, paint, feeds=feeds)


def acts_figure(
    moment: Moment, _place: Province, pollutant: str, text: Text, paint: Paint
) -> Figure:
    """The authority's acts of this year, each a tick. Raises `InputError` where no list of them was
    ever received, as none is then known."""
    year = kst(moment.now).year
    rows = advisories_of(moment.context, year, moment.now).rows
    lacking = lists_lacking(moment.context, rows)
    if not rows and len(lacking) == len(ACT_LISTS):
        raise InputError("no list of official advisories was received so far", "kind", unknown=True)
    names = listed((text.operation(ACTS, name) for name in lacking), text.lang)
    words = text("Not received so far: {names}.", names=names)
    return figured(
        moment,
        text("{n} official advisories in {year}", n=f"{len(rows):,}", year=year),
        text("A tick is an act at the hour it was issued; tall ones are warnings."),
        act_ticks(view_of(moment, pollutant, text), year, rows),
        text,
        paint,
        rules=[words] if lacking else [],
        feeds=[ACTS],
    )


def bars_figure(
    moment: Moment, place: Province, pollutant: str, text: Text, paint: Paint
) -> Figure:
    """The pollutants of a province now, each against its levels."""
    who, what = province_name(place, text.lang), text("The six pollutants now")
    return figured(
        moment,
        text("{who} · {what}", who=who, what=what),
        moment.live.standard.titles[text.lang],
        bars_alone(view_of(moment, pollutant, text, place.code)),
        text,
        paint,
        leveled=True,
    )


def rhythm_figure(
    moment: Moment, place: Province, pollutant: str, text: Text, paint: Paint
) -> Figure:
    """The last 90 days of a province by weekday and hour of day."""
    measured(pollutant)
    until = moment.until
    after = until - timedelta(days=RHYTHM_DAYS)
    found = rhythm(moment.context, place.code, pollutant, after, until)
    week, sources = found.week, found.sources
    cells = [
        value if hours >= LEAST else None
        for hours, value in zip(week["hours"].tolist(), week["value"].tolist(), strict=True)
    ]
    rows = [cells[row : row + HOURS_OF_DAY] for row in range(0, len(cells), HOURS_OF_DAY)]
    who, what = province_name(place, text.lang), text.pollutant(pollutant)
    rule = text(
        "A cell is the median of its hourly means; an hour is named by its end, so 8 is from 7:00"
        " to 8:00. The tones are of this range and are no levels."
    )
    return figured(
        moment,
        f"{text('{who} · {what}', who=who, what=what)}: {text('By weekday and hour')}",
        span_words(kst_day(after), kst_day(until), text),
        week_alone(
            view_of(moment, pollutant, text),
            rows,
            [text(name) for name in WEEKDAYS],
            text("fewer than {n} hours", n=LEAST),
        ),
        text,
        paint,
        rules=[rule, *_hours_of_models(sources, found.hours, text)],
        feeds=sources["feed"].tolist(),
    )


def _hours_of_models(sources: pd.DataFrame, hours: int, text: Text) -> list[str]:
    """How many of the hours behind some medians are of a model, where any are."""
    modelled = sources[sources["kind"] == MODELLED]
    if modelled.empty:
        return []
    count, names = int(modelled["hours"].sum()), model_names(modelled["feed"].tolist(), text)
    if count == hours:
        return [text("All of its hours are of a model, {feeds}.", feeds=names)]
    return [
        text(
            "{n} of its {all} hours are of a model, {feeds}; a median mixes them with those that"
            " are measured.",
            n=f"{count:,}",
            all=f"{hours:,}",
            feeds=names,
        )
    ]


def trend_figure(
    moment: Moment, place: Province, pollutant: str, text: Text, paint: Paint
) -> Figure:
    """Every month of a province that is stored, and whether they rise or fall."""
    measured(pollutant)
    until = moment.until
    first_hour = min((begin for _, begin, _ in span(moment.context, place.id)), default=until)
    after = first_hour - HOUR
    table, trend, courses = monthly_trend(moment.context, pollutant, place.code, after, until)
    who, what = province_name(place, text.lang), text.pollutant(pollutant)
    drawn = months_alone(
        view_of(moment, pollutant, text),
        kst_day(first_hour),
        table["value"].tolist(),
        table["counts"].tolist(),
        courses,
        trend,
        modelled=(table["kind"] == MODELLED).tolist(),
    )
    feeds = [feed for feed, _ in Counter(table["feed"].dropna()).most_common()]
    names = model_names(feeds, text)
    key = [text("A dash is a month of a model, {feeds}.", feeds=names)] if names else []
    return figured(
        moment,
        f"{text('{who} · {what}', who=who, what=what)}: {verdict(table, trend, pollutant, text)}",
        span_words(kst_day(first_hour), kst_day(until), text),
        drawn,
        text,
        paint,
        rules=[*key, *rules(trend, courses, text)],
        feeds=feeds,
    )


def view_of(moment: Moment, pollutant: str, text: Text, place: str = "") -> View:
    """A view whose drawings have no links: a picture has none."""
    return View(answer=moment.live, text=text, pollutant=pollutant, place=place)


def figured(
    moment: Moment, title: str, note: str, drawn: str, text: Text, paint: Paint, *,
    leveled: bool = False, rules: Sequence[str] = (), feeds: Sequence[str] | None = None,
) -> Figure:  # fmt: skip
    """A drawing of the page as a figure, as `figure_of` takes its words."""
    drawing, size = alone(drawn, moment.live.standard, paint)
    return figure_of(
        moment, title, note, drawing, size, text, leveled=leveled, rules=rules, feeds=feeds
    )


def alone(drawn: str, standard: Standard, paint: Paint) -> tuple[str, tuple[int, int]]:
    """The first picture in some markup with its colours in it, and its size [units]."""
    svg, box = _SVG.search(drawn), _BOX.search(drawn)
    if svg is None or box is None:
        raise ValueError("no picture stands in this markup")
    rules = _RULES.format(**asdict(paint))
    colours = {"ink": paint.ink, "muted": paint.muted}
    for grade, level in enumerate(standard.levels, start=1):
        colours |= {f"g{grade}": level.colour, f"i{grade}": level.text_colour}
        rules += f".alone .cell.g{grade},.alone .ahead.g{grade} rect{{fill:{level.colour}}}"
        rules += f".alone .ahead.g{grade} text{{fill:{level.text_colour}}}"
    whole = re.sub(r"var\(--(\w+)\)", lambda match: colours[match[1]], svg[0])
    end = whole.index(">") + 1
    size = round(float(box[1])), round(float(box[2]))
    inner = f'<style>{rules}</style><g class="alone">{whole[end:].removesuffix("</svg>")}</g></svg>'
    return f"{whole[:end]}{inner}", size

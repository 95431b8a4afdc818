"""Charts to take away as SVG or PNG: map of now, a week of a province, its year of days."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aq.domain.clock import kst_day
from aq.domain.errors import InputError
from aq.domain.model import MODELLED
from aq.domain.pollutants import pollutants
from aq.domain.provinces import Province
from aq.domain.standards import Standard
from aq.feeds.registry import EVERY
from aq.i18n import Text
from aq.queries.days import MEAN, days, judged, ways
from aq.web.drawings.days_calendar import CELL, LEFT, TOP, days_calendar
from aq.web.drawings.hours_line import Line, hours_line
from aq.web.drawings.outline_map import outline_map
from aq.web.drawings.outlines import WIDTH, outlines
from aq.web.drawings.paint import Paint
from aq.web.public.figure import Figure
from aq.web.public.moment import WEEK_HOURS, Moment
from aq.web.wording import lead, summary
from aq.web.wording.korean import day_words, listed, province_name

CALENDAR_DAYS = 365
LINE_SIZE = 720, 300


def map_figure(
    moment: Moment,
    _place: Province,
    pollutant: str,
    text: Text,
    paint: Paint,
    places: Sequence[Province] = (),
) -> Figure:
    """The country now, or some provinces in it."""
    items, standard = moment.live.country.of(pollutant), moment.live.standard
    title = lead.title(items, moment.live.acts, standard, text)
    if places:
        title = chosen_words(places, pollutant, text)
        codes = {place.code for place in places}
        items = tuple(item for item in items if item.code in codes)
    drawing = outline_map(items, standard, text, paint, title)
    note = what_words(pollutant, standard, text)
    return figure_of(moment, title, note, drawing, (WIDTH, outlines().height), text, leveled=True)


def chosen_words(places: Sequence[Province], pollutant: str, text: Text) -> str:
    """Which provinces alone are shown, and of what: 부산·울산 · 미세먼지."""
    who = listed((province_name(place, text.lang) for place in places), text.lang)
    return text("{who} · {what}", who=who, what=text.pollutant(pollutant))


def _week_words(place: Province, pollutant: str, text: Text) -> str:
    who, what = province_name(place, text.lang), text.pollutant(pollutant)
    return text("{who} · {what}, last {n} days", who=who, what=what, n=WEEK_HOURS // 24)


def measured(pollutant: str) -> None:
    """Raises `InputError` for what has no hourly means, such as an index."""
    if pollutant not in pollutants():
        raise InputError(f"known are {', '.join(pollutants())}", "pollutant")


def week_line(
    moment: Moment,
    place: Province,
    pollutant: str,
    text: Text,
    paint: Paint,
    size: tuple[int, int],
) -> str:
    """The line of a province's week as an SVG element."""
    values = moment.week.get(pollutant, {}).get(place.code, [None] * WEEK_HOURS)
    line = Line(
        values=values,
        until=moment.until,
        pollutant=pollutant,
        standard=moment.live.standard,
        words=_week_words(place, pollutant, text),
    )
    return hours_line(line, text, paint, size)


@dataclass(frozen=True, slots=True, kw_only=True)
class YearOfDays:
    """The days ``first <= day <= last`` of a province that have a grade.

    `modelled` are those of a model; `feeds` are the feeds they are of, that of most days first.
    """

    grades: Mapping[date, int]
    modelled: frozenset[date]
    feeds: tuple[str, ...]
    first: date
    last: date


def year_of_days(moment: Moment, place: Province, pollutant: str) -> YearOfDays:
    """The year up to yesterday, judged by the day's mean where the standard has a table for it,
    else by its highest hour."""
    key = "year", place.code, pollutant
    return moment.shared(key, lambda: _year_of_days(moment, place, pollutant))


def last_year(moment: Moment) -> tuple[date, date]:
    """The first and the last day of the year up to yesterday."""
    last = kst_day(moment.now) - timedelta(days=1)
    return last - timedelta(days=CALENDAR_DAYS - 1), last


def _year_of_days(moment: Moment, place: Province, pollutant: str) -> YearOfDays:
    standard = moment.live.standard
    way = next(iter(ways(standard, pollutant)), None)
    if way is None:
        raise InputError(f"{standard.id} grades no days of {pollutant}", "pollutant")
    first, last = last_year(moment)
    frame = days(moment.context, (place.code,), pollutant, first, last, standard.id)
    graded = frame.assign(judged=judged(frame, way)).dropna(subset=["judged"])
    return YearOfDays(
        grades=dict(zip(graded["day"], graded["judged"].astype(int).tolist(), strict=True)),
        modelled=frozenset(graded.loc[graded["kind"] == MODELLED, "day"]),
        feeds=tuple(feed for feed, _ in Counter(graded["feed"]).most_common()),
        first=first,
        last=last,
    )


def model_names(feeds: Sequence[str], text: Text) -> str:
    """The names of those feeds that are models."""
    return ", ".join(text.feed(feed) for feed in feeds if EVERY[feed].kind == MODELLED)


def dashed_words(feeds: Sequence[str], text: Text) -> list[str]:
    """What the dashed hours of a line are, where it has any."""
    names = model_names(feeds, text)
    return [text("Dashed: hours of a model, {feeds}.", feeds=names)] if names else []


def round_days(year: YearOfDays, text: Text) -> list[str]:
    """What a calendar's round days are, where it has any."""
    if not year.modelled:
        return []
    names, count = model_names(year.feeds, text), len(year.modelled)
    return [text("Round: {n} days of a model, {feeds}. Square: measured.", n=count, feeds=names)]


def calendar_figure(
    moment: Moment, place: Province, pollutant: str, text: Text, paint: Paint
) -> Figure:
    """The days of the last year of a province."""
    year = year_of_days(moment, place, pollutant)
    who, what = province_name(place, text.lang), text.pollutant(pollutant)
    title = text("{who} · {what}, day by day", who=who, what=what)
    standard = moment.live.standard
    drawing = days_calendar(
        year.grades, year.first, year.last, standard, text, paint, title, round_days=year.modelled
    )
    weeks = CALENDAR_DAYS // 7 + 2
    width, height = LEFT + weeks * CELL, TOP + 7 * CELL + 2
    note = f"{span_words(year.first, year.last, text)} · {judged_words(standard, pollutant, text)}"
    return figure_of(
        moment, title, note, drawing, (width, height), text,
        leveled=True, rules=round_days(year, text), feeds=year.feeds,
    )  # fmt: skip


def span_words(first: date, last: date, text: Text) -> str:
    """The days from `first` to `last`."""
    return f"{day_words(text, first)} – {day_words(text, last)}"


def figure_of(
    moment: Moment, title: str, note: str, drawing: str, size: tuple[int, int], text: Text, *,
    leveled: bool = False, rules: Sequence[str] = (), feeds: Sequence[str] | None = None,
) -> Figure:  # fmt: skip
    """A drawing with its words: `leveled` has the key of levels, `rules` tell how it was made,
    `feeds` are all that is drawn of, that of what is now where none are named."""
    return Figure(
        title=title,
        note=note,
        drawing=drawing,
        size=size,
        foot=[*rules, *_foot(moment, moment.sources if feeds is None else feeds, text)],
        levels=moment.live.standard.levels if leveled else (),
        lang=text.lang,
        simulated=text("SIMULATED data") if moment.simulated else "",
    )


def judged_words(standard: Standard, pollutant: str, text: Text) -> str:
    """By what a day is judged."""
    by_mean = ways(standard, pollutant)[:1] == [MEAN]
    words = text("by the mean of the day") if by_mean else text("by the highest hour of the day")
    return f"{standard.titles[text.lang]}, {words}"


def what_words(pollutant: str, standard: Standard, text: Text) -> str:
    """The pollutant with its unit, and the standard that grades it."""
    unit = pollutants()[pollutant].unit if pollutant in pollutants() else ""
    return f"{text.pollutant(pollutant)} {unit} · {standard.titles[text.lang]}"


def _foot(moment: Moment, feeds: Sequence[str], text: Text) -> list[str]:
    """Hour, sources, licences and whose means they are."""
    hour = summary.stands(moment.hour, moment.newest, text)
    lines = [f"{hour} {summary.sources(feeds, text)}"]
    lines += [f"{text('Data:')} {licence}" for licence in summary.licences(feeds, text)]
    if any(EVERY[feed].pooled for feed in feeds):
        lines.append(summary.own_means(text))
    return lines

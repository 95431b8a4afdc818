"""Charts of the hours of a range to take away: the line of provinces, the carpet of all 17."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from html import escape

from aq.domain.clock import HOUR, floor_hour, kst_day, parse_since, parse_until
from aq.domain.errors import InputError
from aq.domain.model import MODELLED
from aq.domain.provinces import Province
from aq.i18n import Text
from aq.queries.frames import line
from aq.queries.map_hours import MOST_FRAMES, frames, sources
from aq.queries.question import Given
from aq.queries.week import line_hours
from aq.web.drawings.carpet import HOURS, WIDE, course, of_models, picture
from aq.web.drawings.hours_line import Line, hours_line
from aq.web.drawings.paint import Paint
from aq.web.public.figure import Figure, at, text_line
from aq.web.public.moment import WEEK_HOURS, Moment
from aq.web.public.past_pictures import figured, view_of
from aq.web.public.pictures import (
    LINE_SIZE,
    dashed_words,
    figure_of,
    measured,
    span_words,
    what_words,
)
from aq.web.wording.korean import listed, province_name

MOST_DAYS = 92  # of a line, hour by hour
ROW, NAME, LETTERS = 180, 22, 13.5  # [units] of a line among several, of its name, of its letters


def hours_asked(moment: Moment, since: str, until: str, hours: int) -> tuple[datetime, datetime]:
    """(after, until) of a range of KST days or instants, up to now at most; without `since` the
    last `hours`. Raises `InputError` for a range that is none."""
    given = Given({"since": since, "until": until})
    now = floor_hour(moment.now)
    end = min(floor_hour(given.time(parse_until, "until")), now) if until else moment.until
    begin = floor_hour(given.time(parse_since, "since")) if since else end - hours * HOUR
    if begin >= end:
        raise InputError("must lie before until and before now", "since")
    return begin, end


def line_figure(
    moment: Moment,
    place: Province,
    pollutant: str,
    text: Text,
    paint: Paint,
    *,
    places: Sequence[Province] = (),
    since: str = "",
    until: str = "",
) -> Figure:
    """Hours of a province, or of several below each other on one scale; without a range the last
    week."""
    measured(pollutant)
    after, end = hours_asked(moment, since, until, WEEK_HOURS)
    if end - after > timedelta(days=MOST_DAYS):
        raise InputError(f"at most {MOST_DAYS} days hour by hour", "since")
    standard, drawn = moment.live.standard, places or (place,)
    tables = [
        line(moment.context, province.id, pollutant, after, end, standard=standard)
        for province in drawn
    ]
    names = [province_name(province, text.lang) for province in drawn]
    title = text("{who} · {what}", who=listed(names, text.lang), what=text.pollutant(pollutant))
    rows = [line_hours(table) for table in tables]
    top = max((hour.value or 0.0 for row in rows for hour in row), default=0.0)
    wide, high = LINE_SIZE if len(drawn) == 1 else (LINE_SIZE[0], ROW)
    charts = [
        hours_line(
            Line(
                values=[hour.value for hour in row],
                until=end,
                pollutant=pollutant,
                standard=standard,
                words=f"{name}, {text.pollutant(pollutant)}",
                modelled=[hour.kind == MODELLED for hour in row],
                least_top=top,
            ),
            text,
            paint,
            (wide, high),
        )
        for name, row in zip(names, rows, strict=True)
    ]
    drawing = charts[0] if len(charts) == 1 else _below(names, charts, title, paint)
    size = wide, high if len(charts) == 1 else len(charts) * (NAME + ROW)
    counts = Counter(feed for table in tables for feed in table.loc[table["value"].notna(), "feed"])
    feeds = [feed for feed, _ in counts.most_common()]
    days = span_words(kst_day(after + HOUR), kst_day(end), text)
    note = f"{days} · {what_words(pollutant, standard, text)}"
    return figure_of(
        moment, title, note, drawing, size, text, rules=dashed_words(feeds, text), feeds=feeds
    )


def _below(names: Sequence[str], charts: Sequence[str], title: str, paint: Paint) -> str:
    """Charts below each other as one drawing, each under its name."""
    wide, high = LINE_SIZE[0], len(charts) * (NAME + ROW)
    body = ""
    for place, (name, chart) in enumerate(zip(names, charts, strict=True)):
        y = place * (NAME + ROW)
        body += text_line(name, 0, y + 16, LETTERS, paint.ink, 700)
        body += at(chart, 0, y + NAME, wide, ROW)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="100%"'
        f' role="img" aria-label="{escape(title)}">{body}</svg>'
    )


def carpet_figure(
    moment: Moment,
    _place: Province,
    pollutant: str,
    text: Text,
    paint: Paint,
    *,
    since: str = "",
    until: str = "",
) -> Figure:
    """Hours of all 17, of a long range its last month; without a range the last three days."""
    view, (after, end) = view_of(moment, pollutant, text), hours_asked(moment, since, until, HOURS)
    count = min(round((end - after) / HOUR), MOST_FRAMES)
    hours = frames(moment.context, pollutant, view.standard.id, end, count)
    is_known = any(shown.grade for frame in hours for shown in frame.provinces)
    what = what_words(pollutant, view.standard, text)
    days = span_words(kst_day(hours[0].at), kst_day(end), text)
    how = text("A row is a province, from west to east; a cell is an hour.")
    key = [text("Dashed above: hours of a model.")] if any(of_models(hours)) else []
    return figured(
        moment,
        course(view, hours) if is_known else text("There are no values in this range."),
        f"{days} · {what}. {how}",
        picture(view, hours, WIDE[text.lang]),
        text,
        paint,
        leveled=True,
        rules=key,
        feeds=[feed for feed, _, _ in sources(hours)],
    )

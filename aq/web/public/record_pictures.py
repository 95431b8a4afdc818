"""Charts of the record to take away: episodes, missing hours, stations, a past hour, a rule."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from aq.alerts.backtest import backtest
from aq.alerts.places import place_to_draw, zone_of_place
from aq.alerts.points import reader_of
from aq.alerts.rule import PLACELESS
from aq.alerts.rules import rule as saved_rule
from aq.alerts.wording import rule_title
from aq.domain.clock import EARLIEST, HOUR, KST, day_bounds, hour_number, kst_day
from aq.domain.episodes import Run
from aq.domain.errors import InputError
from aq.domain.model import MODELLED
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, PROVINCES, Province
from aq.feeds.registry import INFO
from aq.i18n import Text
from aq.queries.completeness import completeness
from aq.queries.evidence import COUNTS
from aq.queries.exceedances import lasting, level_of, middle_grade
from aq.queries.frames import line, zone_line
from aq.queries.map_hours import frames
from aq.queries.stations import roster
from aq.queries.week import line_hours
from aq.web.drawings.hours_line import Line, hours_line
from aq.web.drawings.outline_map import outline_map
from aq.web.drawings.outlines import WIDTH, outlines
from aq.web.drawings.paint import Paint
from aq.web.drawings.record import gaps_alone, stations_alone, timeline_alone
from aq.web.drawings.rule_line import Level, levels_of, stretches
from aq.web.public.figure import Figure
from aq.web.public.moment import Moment
from aq.web.public.past_pictures import figured, view_of
from aq.web.public.pictures import (
    LINE_SIZE,
    dashed_words,
    figure_of,
    measured,
    span_words,
    what_words,
)
from aq.web.wording.alerts import place_name
from aq.web.wording.episodes import sentence
from aq.web.wording.facts import missing_words
from aq.web.wording.korean import averaging_words, long_hour, province_name

SEASON_DAYS, RULE_DAYS, LEAST_HOURS = 90, 30, 3


def episodes_figure(
    moment: Moment, _place: Province, pollutant: str, text: Text, paint: Paint
) -> Figure:
    """The last 90 days' runs of hours at the worse levels, province by province."""
    measured(pollutant)
    standard = moment.live.standard
    level = level_of(standard, pollutant, middle_grade(standard))
    if level is None:
        raise InputError(f"{standard.id} has no levels for {pollutant}", "pollutant")
    after, until = _season(moment)
    spells, many = lasting(moment.context, pollutant, after, until, level, LEAST_HOURS)

    def grade(run: Run) -> int | None:
        return standard.grade(pollutant, run.peak, level.averaging)

    drawn = timeline_alone(
        view_of(moment, pollutant, text),
        spells.runs,
        hour_number(after),
        hour_number(until),
        grade,
    )
    how = text("Runs of at least {n} hours; colour: the grade of the highest value.", n=LEAST_HOURS)
    return figured(
        moment,
        sentence(many, level, pollutant, standard, text),
        f"{span_words(kst_day(after), kst_day(until), text)} ·"
        f" {averaging_words(text, level.averaging)}",
        drawn,
        text,
        paint,
        leveled=True,
        rules=[how],
        feeds=spells.feeds or moment.sources,
    )


def gaps_figure(
    moment: Moment, _place: Province, pollutant: str, text: Text, paint: Paint
) -> Figure:
    """Which share of each day's hours was missing in the last 90 days, province by province."""
    measured(pollutant)
    after, until = _season(moment)
    days = completeness(moment.context, pollutant, after, until).days
    columns_of = (days[name].tolist() for name in ("province", "day", "hours", "expected"))
    shares: dict[tuple[int, date], float | None] = {
        (province, day): 1 - hours / expected if expected else None
        for province, day, hours, expected in zip(*columns_of, strict=True)
    }
    columns = sorted({day for _, day in shares})
    drawn = gaps_alone(
        view_of(moment, pollutant, text),
        columns,
        [[shares.get((province.id, day)) for day in columns] for province in PROVINCES],
    )
    return figured(
        moment,
        missing_words(int(days["hours"].sum()), int(days["expected"].sum()), pollutant, text),
        f"{span_words(kst_day(after), kst_day(until), text)} ·"
        f" {text('Share of the hours that is missing:').rstrip(':')}",
        drawn,
        text,
        paint,
        feeds=days["feed"].dropna().unique().tolist(),
    )


def _season(moment: Moment) -> tuple[datetime, datetime]:
    until = moment.until
    return day_bounds(kst_day(until) - timedelta(days=SEASON_DAYS - 1))[0], until


def stations_figure(
    moment: Moment, place: Province, pollutant: str, text: Text, paint: Paint
) -> Figure:
    """The stations of a province in the newest hour."""
    measured(pollutant)
    standard, until = moment.live.standard, moment.until
    found = roster(moment.context, place.id, pollutant, until - HOUR, until, standard)
    if all(member.latitude is None for member in found.members):
        raise InputError("no list has told where its stations stand", "province", unknown=True)
    counting = sum(member.part == COUNTS for member in found.members)
    note = text(
        "{hour}: {n} of {all} stations count in the province's mean.",
        hour=long_hour(text, found.at) if found.at else "",
        n=counting,
        all=len(found.members),
    )
    who, what = province_name(place, text.lang), text.pollutant(pollutant)
    title = f"{text('{who}: its stations', who=who)} · {what}"
    view = view_of(moment, pollutant, text)
    return figured(
        moment,
        title,
        note,
        stations_alone(view, place.code, found.members),
        text,
        paint,
        leveled=True,
        rules=[text("Circles count in the mean, squares do not.")],
    )


def hour_figure(
    moment: Moment, _place: Province, pollutant: str, text: Text, paint: Paint, at: str = ""
) -> Figure:
    """The country in a past hour, `2026-05-08T20` on Korea's clock; without one in the newest."""
    hour, standard = _asked_hour(at, moment), moment.live.standard
    (frame,) = frames(moment.context, pollutant, standard.id, hour, 1)
    then = []
    now = moment.live.country.of(pollutant)
    for item, shown in zip(now, frame.provinces, strict=True):
        info = INFO[shown.feed] if shown.feed and not shown.reason else None
        then.append(
            replace(
                item,
                value=shown.value,
                index=None,
                grade=shown.grade,
                letter=standard.level(shown.grade).letter if shown.grade else None,
                missing_reason=shown.reason,
                feed=info.name if info else None,
                kind=info.kind if info else None,
                status=info.status if info else None,
                observed_at=hour,
            )
        )
    country = replace(moment.live.country, hour=hour, items=tuple(then))
    moment = replace(moment, live=replace(moment.live, country=country, acts=()))
    title = f"{text.pollutant(pollutant)}, {long_hour(text, hour)}"
    drawing = outline_map(then, standard, text, paint, title)
    note = what_words(pollutant, standard, text)
    return figure_of(moment, title, note, drawing, (WIDTH, outlines().height), text, leveled=True)


def _asked_hour(given: str, moment: Moment) -> datetime:
    newest = moment.until
    if not given:
        return newest
    try:
        hour = datetime.strptime(given, "%Y-%m-%dT%H").replace(tzinfo=KST)
    except ValueError:
        raise InputError("an hour of Korea's clock, such as 2026-05-08T20", "at") from None
    if not EARLIEST < hour <= moment.now:
        raise InputError("an hour between 1995 and now", "at")
    return hour


def rule_figure(
    moment: Moment, place: Province, pollutant: str, text: Text, paint: Paint, rule: str = ""
) -> Figure:
    """The last 30 days of a place that a rule judges, with its levels and when it would have
    fired: of the place of the province asked for where it fires most."""
    del pollutant  # the rule has its own
    if not rule:
        raise InputError("name a rule, as /api/v1/alerts does", "rule")
    context = moment.context
    wanted = saved_rule(context.store, rule).rule
    if wanted.kind in PLACELESS or wanted.pollutant not in pollutants():
        raise InputError("this rule watches nothing that has hourly means", "rule")
    until = moment.until
    after = until - timedelta(days=RULE_DAYS)
    found = backtest(context.store, reader_of(context), wanted, after, until).as_dict()
    counts: dict[str, int] = {entry["place"]: entry["fired"] for entry in found["places"]}
    if not counts:
        raise InputError("this rule judged no place in these days", "rule", unknown=True)
    where = place_to_draw(counts, place.code)
    log = [change for change in found["transitions"] if change["place"] == where]
    spans = stretches(log[::-1], log[-1]["after"] if log else "clear", after, until)
    standard, key = moment.live.standard, wanted.pollutant
    zone = zone_of_place(where)
    frame = (
        zone_line(context, zone, key, after, until, standard)
        if zone
        else line(context, BY_CODE[where].id, key, after, until, standard=standard)
    )
    who = place_name(where, text)
    name = rule_title(wanted.id, wanted.name, text)
    title = f"{name} · {text('{who}: fired {n} times', who=who, n=counts[where])}"
    levels: Sequence[Level] = ()
    if wanted.watch == "value" and wanted.threshold is not None and wanted.clear_below is not None:
        levels = levels_of(float(wanted.threshold), float(wanted.clear_below), text)
    hours = line_hours(frame)
    drawing = hours_line(
        Line(
            values=[hour.value for hour in hours],
            modelled=[hour.kind == MODELLED for hour in hours],
            until=until,
            pollutant=key,
            standard=standard,
            words=title,
            levels=[
                (level.value, level.words.replace("{n}", f"{level.value:g}")) for level in levels
            ],
            stretches=[
                (
                    round((span.start - after) / HOUR),
                    round((span.end - after) / HOUR),
                    span.phase == "firing",
                )
                for span in spans
            ],
        ),
        text,
        paint,
        LINE_SIZE,
    )
    how = [text("The bar under the line: solid while the alert is on, pale while data lack.")]
    if wanted.over == "any_station":
        how.append(text("The line is the province's mean; the rule looks at each station."))
    note = f"{what_words(key, standard, text)} · {span_words(kst_day(after), kst_day(until), text)}"
    feeds = frame.loc[frame["value"].notna(), "feed"].unique().tolist()
    how += dashed_words(feeds, text)
    return figure_of(moment, title, note, drawing, LINE_SIZE, text, rules=how, feeds=feeds)

"""Where bad air has passed: 17 rows from west to east by hours, in the colours of their levels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby

from aq.domain.clock import floor_hour, hour_number, kst, kst_day
from aq.domain.episodes import Episode, episodes, runs
from aq.domain.forecasts import DayAhead
from aq.domain.model import MODELLED
from aq.domain.provinces import BY_ID, PROVINCES
from aq.queries.map_hours import Frame, Shown, sources
from aq.web.drawings.map import hatch
from aq.web.drawings.marks import forecast, svg_text
from aq.web.drawings.outlines import LABELS
from aq.web.drawings.view import View
from aq.web.wording.korean import (
    N_,
    gap_word,
    listed,
    number,
    provenance,
    short_hour,
    told_hour,
)

HOURS = 72
MOST_ROWS = 7 * 24
# Days that have room for their names above the picture.
WIDE_DAYS, NARROW_DAYS = 10, 2
NOW_CLEAR = 40  # units that an hour's name stays away from the last
NAMED = 3  # more provinces than this are counted
# Page-header places of the provinces from west to east, by where their names stand.
WEST_TO_EAST = sorted(range(17), key=lambda place: LABELS[PROVINCES[place].code][0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of a carpet [units]: of the names, an hour, a row, a day to come, the letters."""

    kind: str
    names: float
    hour: float
    row: float
    day: float
    font: float
    gap: float = 12
    head: float = 18


# English words are longer: as wide as the Korean one, with more room for them.
WIDE = {
    "ko": Shape(kind="wide", names=66, hour=11.6, row=18, day=88, font=12.5),
    "en": Shape(kind="wide", names=82, hour=11.4, row=18, day=88, font=12.5),
}
NARROW = {
    "ko": Shape(kind="narrow", names=34, hour=2.72, row=18, day=40, font=11, gap=6),
    "en": Shape(kind="narrow", names=70, hour=1.68, row=18, day=53, font=11, gap=6),
}


def carpet(view: View, frames: Sequence[Frame], *, headed: bool = True) -> str:
    """The heading, a sentence of where it began and how long it stays, the picture, its numbers.

    Not `headed` it is without heading and first sentence, for a page whose headline says them.
    """
    text = view.text
    if not any(shown.grade for frame in frames for shown in frame.provinces):
        return ""
    title = escape(text("Where bad air has passed"))
    how = escape(text("A row is a province, from west to east; a cell is an hour."))
    if headed:
        said = f"<h2>{title}</h2>" + _said(f"{how} <b>{escape(course(view, frames))}</b>")
    else:
        said = _said(escape(" ".join(sentences(view, frames)[1:])))
    notes = escape(_notes(view, frames)) if headed else f"{how} {escape(_notes(view, frames))}"
    return (
        f'<section class="wave{"" if headed else " bare"}">{said}'
        f"{picture(view, frames, WIDE[text.lang])}{picture(view, frames, NARROW[text.lang])}"
        f'<p class="meta at" aria-live="polite"></p><p class="meta">{notes}</p>'
        f"{_numbers(view, frames)}</section>"
    )


def _said(words: str) -> str:
    return f'<p class="said">{words}</p>' if words else ""


def course(view: View, frames: Sequence[Frame]) -> str:
    """The sentences of the newest episode as one text."""
    return " ".join(sentences(view, frames))


def sentences(view: View, frames: Sequence[Frame]) -> list[str]:
    """How the newest episode went: where it began, how long to the last province, how long it
    stays. Bad is the upper half of the scale; hours without a value prove nothing."""
    text, bad = view.text, len(view.standard.levels) // 2 + 1
    word = view.standard.level(bad).label(text.lang)
    first = hour_number(frames[0].at)
    last = hour_number(frames[-1].at)
    by_place = {
        province.id: runs(first, [frame.provinces[place].grade for frame in frames], bad)
        for place, province in enumerate(PROVINCES)
    }
    every = episodes(by_place)
    if not every:
        return [text("In these {n} hours no province reached {word}.", n=len(frames), word=word)]
    newest = every[-1]
    return [*_began(view, newest, frames, word), *_stays(view, newest, last)]


def _began(view: View, episode: Episode, frames: Sequence[Frame], word: str) -> list[str]:
    text, places = view.text, episode.places
    earliest = [place for place, hour in places if hour == episode.first]
    where = _named(view, earliest)
    begin = frames[episode.first - hour_number(frames[0].at)].at
    when = told_hour(text, begin, view.answer.now)
    message = N_("{word} began at {when} in {where}.")
    if episode.first == hour_number(frames[0].at):
        message = N_("At {when} it was {word} in {where} already.")
    sentences = [text(message, when=when, word=word, where=where)]
    reached = places[-1]
    if len(places) > len(earliest):
        sentences.append(
            text(
                "It reached {n} provinces, {last} as the last {hours} hours later.",
                n=len(places),
                last=view.name(BY_ID[reached[0]].code),
                hours=reached[1] - episode.first,
            )
        )
    return sentences


def _stays(view: View, episode: Episode, last: int) -> list[str]:
    text = view.text
    lasting = [(run.length, place) for place, run in episode.parts if run.last == last]
    if not lasting:
        return [text("It is over.")]
    length, place = max(lasting)
    return [
        text(
            "It has lasted {hours} hours in {who}.",
            who=view.name(BY_ID[place].code),
            hours=length,
        )
    ]


def _named(view: View, places: Sequence[int]) -> str:
    if len(places) > NAMED:
        return view.text("{n} of the 17 provinces", n=len(places))
    return listed((view.name(BY_ID[place].code) for place in places), view.text.lang)


def picture(view: View, frames: Sequence[Frame], shape: Shape) -> str:
    """The carpet alone."""
    shape = replace(shape, hour=shape.hour * HOURS / len(frames))
    width = shape.names + shape.hour * len(frames)
    days = _coming(view, frames)
    whole = width + (shape.gap + shape.day * len(days) if days else 0)
    height = shape.head + shape.row * 17 + 16
    alt = view.text(
        "{what} of the 17 provinces, hour by hour", what=view.text.pollutant(view.pollutant)
    )
    order = " ".join(PROVINCES[place].code for place in WEST_TO_EAST)
    pattern = f"gap-{shape.kind}"
    return (
        f'<svg class="carpet {shape.kind}" viewBox="0 0 {whole:.0f} {height:.0f}" role="img"'
        f' tabindex="0" aria-label="{escape(alt)}" data-carpet="{order}" data-x="{shape.names}"'
        f' data-hour="{shape.hour}" data-y="{shape.head}" data-row="{shape.row}"'
        f' font-size="{shape.font}">{hatch(pattern)}{_axis(view, frames, shape)}'
        f"{_cells(frames, shape, pattern)}{_modelled(frames, shape)}{_names(view, shape)}"
        f"{_outlook(view, days, shape, width)}"
        f'<rect class="cursor" width="{shape.hour}" height="{shape.row - 1.5}"'
        ' visibility="hidden"/></svg>'
    )


def _cells(frames: Sequence[Frame], shape: Shape, pattern: str) -> str:
    """A path per level: runs of hours of one level are one rectangle of it."""
    paths: dict[int, list[str]] = {}
    tall = shape.row - 1.5
    for row, place in enumerate(WEST_TO_EAST):
        grades = [frame.provinces[place].grade or 0 for frame in frames]
        begin = 0
        for end in range(1, len(grades) + 1):
            if end < len(grades) and grades[end] == grades[begin]:
                continue
            x, y = shape.names + begin * shape.hour, shape.head + row * shape.row
            wide = (end - begin) * shape.hour
            piece = f"M{x:.1f} {y:g}h{wide:.1f}v{tall:g}h-{wide:.1f}z"
            paths.setdefault(grades[begin], []).append(piece)
            begin = end
    drawn = ""
    for grade, pieces in sorted(paths.items()):
        fill = f' fill="url(#{pattern})"' if not grade else ""
        drawn += f'<path class="cell g{grade}"{fill} d="{"".join(pieces)}"/>'
    return drawn


def of_models(frames: Sequence[Frame]) -> list[bool]:
    """Of each hour whether any value in it is of a model."""
    models = {feed for feed, kind, _ in sources(frames) if kind == MODELLED}
    return [
        any(shown.feed in models and not shown.reason for shown in frame.provinces)
        for frame in frames
    ]


def _modelled(frames: Sequence[Frame], shape: Shape) -> str:
    """A dashed line above the hours of a model."""
    flags, path = of_models(frames), ""
    for is_model, run in groupby(range(len(frames)), key=flags.__getitem__):
        places = list(run)
        if is_model:
            left = shape.names + places[0] * shape.hour
            path += f"M{left:.1f} {shape.head - 2.5:g}h{len(places) * shape.hour:.1f}"
    if not path:
        return ""
    return f'<path style="fill:none;stroke:var(--ink)" stroke-dasharray="5 3" d="{path}"/>'


def _axis(view: View, frames: Sequence[Frame], shape: Shape) -> str:
    """Days above with their weekday, hours of day below, and where now is."""
    text, drawn = view.text, ""
    bottom = shape.head + 17 * shape.row + 11
    step = 6 if shape.kind == "wide" else 12
    every = -(-len(frames) // (WIDE_DAYS if shape.kind == "wide" else NARROW_DAYS) // 24)
    for place, frame in enumerate(frames):
        hour = kst(frame.at).hour
        x = shape.names + (place + 1) * shape.hour
        if hour == 12 and (place // 24) % max(every, 1) == 0:
            day = text.day(kst_day(frame.at))
            drawn += svg_text(x, 11, day, "day")
        is_clear = (len(frames) - place - 1) * shape.hour > NOW_CLEAR
        if len(frames) <= HOURS and hour % step == 0 and hour and is_clear:
            drawn += (
                f'<text class="hour" x="{x:.0f}" y="{bottom:g}">{short_hour(text, frame.at)}</text>'
            )
    x = shape.names + len(frames) * shape.hour
    end = text("now") if _to_now(view, frames) else text.hour(frames[-1].at)
    return drawn + svg_text(x, bottom, end, "now")


def _to_now(view: View, frames: Sequence[Frame]) -> bool:
    """Whether the hours reach to the newest there is."""
    return frames[-1].at >= (view.answer.country.hour or floor_hour(view.answer.now))


def _coming(view: View, frames: Sequence[Frame]) -> tuple[DayAhead, ...]:
    """The days to come, beside hours that reach to now."""
    return view.days if _to_now(view, frames) else ()


def _names(view: View, shape: Shape) -> str:
    drawn = ""
    for row, place in enumerate(WEST_TO_EAST):
        code = PROVINCES[place].code
        kind = "me" if code == view.place else ""
        y = shape.head + row * shape.row + shape.row * 0.68
        drawn += svg_text(shape.names - 6, y, view.name(code), kind, f' data-pick="{code}"')
    return f'<g class="rows">{drawn}</g>'


def _outlook(view: View, days: Sequence[DayAhead], shape: Shape, left: float) -> str:
    """AirKorea's words of the days to come as blocks to the right."""
    drawn, today = "", kst_day(view.answer.now)
    for column, day in enumerate(days):
        x = left + shape.gap + column * shape.day
        middle = x + shape.day / 2 - 1
        title = view.text.day_ahead(day.day, (day.day - today).days)
        drawn += svg_text(middle, 11, title, "day")
        for row, place in enumerate(WEST_TO_EAST):
            sign = forecast(view, day, PROVINCES[place].code)
            y = shape.head + row * shape.row
            box = f'x="{x:.0f}" y="{y:g}" width="{shape.day - 2:g}" height="{shape.row - 1.5:g}"'
            word = svg_text(middle, y + shape.row * 0.68, sign.word)
            drawn += f'<g class="ahead g{sign.grade}"><rect {box}/>{word}</g>'
    return drawn


def _notes(view: View, frames: Sequence[Frame]) -> str:
    """Whose values they are, who is missing and why, and whose forecasts."""
    text = view.text
    parts = [
        f"{text.feed(feed)} {provenance(text, kind, status)}"
        for feed, kind, status in sources(frames)
    ]
    if any(of_models(frames)):
        parts.append(text("dashed above: hours of a model"))
    missing: dict[str, int] = {}
    for frame in frames:
        for shown in frame.provinces:
            if shown.grade is None and shown.value is None:
                word = gap_word(text, shown.reason, shown.detail)
                missing[word] = missing.get(word, 0) + 1
    parts += [
        text("hatched: {why}, {n} hours", why=word, n=count) for word, count in missing.items()
    ]
    issued = {day.notice.issued_at for day in _coming(view, frames) if day.notice}
    if issued:
        when = text.hour(max(issued))
        parts.append(text("days to come: AirKorea, issued {when}", when=when))
    return " · ".join(parts)


def _numbers(view: View, frames: Sequence[Frame]) -> str:
    """The same as a table, an hour a row, the newest first; of more than a week it is too long."""
    if len(frames) > MOST_ROWS:
        return ""
    text, digits = view.text, view.digits(view.pollutant)
    names = "".join(
        f'<th scope=col data-code="{province.code}">{escape(view.name(province.code))}'
        for province in PROVINCES
    )
    rows = "".join(
        f"<tr><th scope=row>{escape(text.hour(frame.at))}"
        + "".join(_number(view, shown, digits) for shown in frame.provinces)
        for frame in reversed(frames)
    )
    # On a phone an hour is a card, and each number stands beside its province's name.
    beside = "".join(
        f'.numbers td:nth-of-type({place})::before{{content:"{view.name(province.code)}"}}'
        for place, province in enumerate(PROVINCES, 1)
    )
    summary = escape(text("The numbers as a table"))
    unit = escape(f"{text.pollutant(view.pollutant)} {view.unit(view.pollutant)}".rstrip())
    head = f"<thead><tr><th scope=col>{escape(text('Hour'))}{names}"
    return (
        f"<style>@media (max-width:700px){{{beside}}}</style>"
        f'<details data-keep="numbers"><summary>{summary}</summary><div class="scroll" tabindex="0"'
        f' role="region" aria-label="{summary}"><table class="numbers"><caption>{unit}</caption>'
        f"{head}<tbody>{rows}</table></div></details>"
    )


def _number(view: View, shown: Shown, digits: int) -> str:
    if shown.value is None:
        return f"<td>– {escape(gap_word(view.text, shown.reason, shown.detail))}"
    letter = f" {view.standard.letter(shown.grade)}" if shown.grade else ""
    return f"<td>{number(shown.value, digits)}{letter}"

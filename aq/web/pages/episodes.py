"""The episodes page: when the air was at or above a level, how long, how high, where in what
order."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from aq.context import Context
from aq.domain.clock import from_hour_number
from aq.domain.episodes import BRIDGE, Episode, Run
from aq.domain.pollutants import Exact, pollutants
from aq.domain.provinces import BY_ID, PROVINCES
from aq.domain.standards import Standard
from aq.feeds.registry import INFO
from aq.i18n import Text, text_in
from aq.queries.completeness import completeness
from aq.queries.exceedances import Level, Spells, lasting, level_of, middle_grade
from aq.web.charts.theme import palette
from aq.web.charts.timeline import TimelineStyle, timeline
from aq.web.parts import attribution as origin
from aq.web.parts import cache, page, ranges
from aq.web.parts import history_page as frame
from aq.web.parts.history_page import Asked
from aq.web.parts.tables import cards
from aq.web.wording.episodes import sentence, value_words
from aq.web.wording.facts import fact
from aq.web.wording.korean import (
    averaging_words,
    listed,
    long_hour,
    number,
    province_name,
    short_hour,
)

DEFAULT = "90d"
LEAST_HOURS = (1, 3, 6, 12, 24)
DEFAULT_HOURS = 3
# Rows of the table on the page, the newest; all of them are in the file.
MOST_ROWS = 60


def render() -> None:
    """The timeline of the 17 and the table of episodes."""
    frame.show("episodes", _headline, _body, default=DEFAULT)


def _grade(rules: Standard) -> int:
    """The level asked for; without one the first that is worse than the middle."""
    known = {str(place): place for place in range(2, len(rules.levels) + 1)}
    return known.get(st.query_params.get("level", ""), middle_grade(rules))


def _over() -> float | None:
    """The value asked for in place of a level [the pollutant's unit]."""
    try:
        value = float(st.query_params.get("over", ""))
    except ValueError:
        return None
    return value if 0 < value < 100_000 else None


def _least() -> int:
    known = {str(hours): hours for hours in LEAST_HOURS}
    return known.get(st.query_params.get("least", ""), DEFAULT_HOURS)


def level_asked(rules: Standard, key: str, grade: int, over: float | None) -> Level | None:
    """What counts: an hourly mean of at least `over`, else the standard's level."""
    if over is not None:
        return Level(least=round(over * pollutants()[key].scale), averaging="1h")
    return level_of(rules, key, grade)


def _asked_level(asked: Asked) -> Level | None:
    rules = page.standard()
    return level_asked(rules, asked.pollutant, _grade(rules), _over())


def _found(asked: Asked, level: Level) -> tuple[Spells, list[Episode]]:
    after = min(asked.range.after, asked.range.until)
    return cache.kept(lasting, asked.pollutant, after, asked.range.until, level, _least())


def _headline(asked: Asked) -> str:
    text, level = asked.text, _asked_level(asked)
    if level is None:
        return text("{what}: episodes", what=text.pollutant(asked.pollutant))
    _, many = _found(asked, level)
    return sentence(many, level, asked.pollutant, page.standard(), text)


def _body(asked: Asked) -> None:
    text, rules = asked.text, page.standard()
    with asked.controls:
        _choose(asked, rules)
    level = _asked_level(asked)
    if level is None:
        words = text("This standard has no levels for this pollutant; give a value above.")
        page.html(f'<p class="notice">{escape(words)}</p>')
        return
    spells, many = _found(asked, level)
    share = _known_share(asked)
    if not share:
        _nothing(asked)
        return
    with page.picture():
        page.chart(
            cache.kept(
                figure,
                asked.pollutant,
                asked.range.after,
                asked.range.until,
                level,
                _least(),
                rules.id,
                text.lang,
                page.dark(),
            ),
            key="episodes",
            alt=text("Timeline of the 17 provinces; the table below has the episodes."),
        )
    _key(level, rules, text)
    _facts(spells, many, share, level, asked)
    _rule(text)
    if many:
        page.html(episodes_table(many, asked.pollutant, text))
        _runs(spells, asked.pollutant, text)
    page.take_away({"episodes": text("the last 90 days")}, pollutant=asked.pollutant)
    codes = [province.code for province in PROVINCES]
    origin.downloads(codes, [asked.pollutant], asked.range, "hour")


def _choose(asked: Asked, rules: Standard) -> None:
    """The level or a value, and how long a run must last to be shown."""
    text = asked.text
    with st.container(horizontal=True, vertical_alignment="bottom", key="levels"):
        if asked.pollutant in rules.pollutants:
            options = {
                str(place): f"{one.letter} {one.label(text.lang)}"
                for place, one in enumerate(rules.levels, start=1)
                if place > 1 and level_of(rules, asked.pollutant, place)
            }
            chosen = "" if _over() is not None else str(_grade(rules))
            picked = frame.pick("level", text("From which level on"), options, chosen)
            if picked:
                page.change(level=picked, over=None)
        hours = {str(hour): text("from {n} h", n=hour) for hour in LEAST_HOURS}
        frame.choice("least", text("Shortest"), hours, str(_least()), str(DEFAULT_HOURS))
        _choose_value(asked)


def _choose_value(asked: Asked) -> None:
    text, one, over = asked.text, pollutants()[asked.pollutant], _over()
    given = st.number_input(
        text("or from an hourly mean [{unit}]", unit=one.unit),
        min_value=0.0,
        max_value=float(one.high),
        value=over,
        step=1 / one.scale,
        format=f"%.{one.digits}f",
        key=f"over {asked.pollutant} {over} {text.lang}",
        width=220,
    )
    if given != over:
        page.change(over=f"{given:g}" if given else None)


def _known_share(asked: Asked) -> float:
    """The share of province hours of the range that have a value, 0 to 1."""
    after = min(asked.range.after, asked.range.until)
    days = cache.kept(completeness, asked.pollutant, after, asked.range.until, None).days
    expected = int(days["expected"].sum())
    return int(days["hours"].sum()) / expected if expected else 0.0


def _nothing(asked: Asked) -> None:
    ranges.nothing(None, asked.range, asked.spans, asked.text)


def _facts(
    spells: Spells, many: Sequence[Episode], share: float, level: Level, asked: Asked
) -> None:
    text = asked.text
    facts = []
    if many:
        top = max(many, key=lambda episode: episode.peak[1].peak)
        place, run = top.peak
        words = text(
            "highest, {where}, {hour}",
            where=province_name(BY_ID[place], text.lang),
            hour=long_hour(text, from_hour_number(run.peak_hour)),
        )
        facts.append(fact(escape(value_words(run.peak, asked.pollutant)), words))
        touched = sum(bool(own) for own in spells.runs.values())
        facts.append(fact(f"{touched} / 17", text("provinces with an episode")))
    name = averaging_words(text, level.averaging)
    facts.append(fact(escape(name), text("compared with the level")))
    facts.append(fact(f"{number(100 * share, 1)}%", text("of the province hours have a value")))
    names = spells.feeds or tuple(one for one, _, _ in asked.spans if one in INFO)
    rows = [(one, INFO[one].kind, INFO[one].status) for one in names]
    facts += origin.facts(pd.DataFrame(rows, columns=["feed", "kind", "status"]), text)
    page.html(f'<dl class="facts">{"".join(facts)}</dl>')


def _key(level: Level, rules: Standard, text: Text) -> None:
    """What the colours of the bars mean; without a level they have none."""
    if level.grade is None:
        return
    words = " ".join(
        f'<span style="white-space:nowrap;margin-right:12px"><b style="padding:0 7px;'
        f'border-radius:4px;background:{one.colour};color:{one.text_colour}">{escape(one.letter)}'
        f"</b> {escape(one.label(text.lang))}</span>"
        for one in rules.levels[level.grade - 1 :]
    )
    page.html(f"<p>{escape(text('Colour: the grade of the highest value.'))} {words}</p>")


def _rule(text: Text) -> None:
    words = text(
        "Runs that overlap make one episode. A missing hour neither ends a run nor counts for it:"
        " up to {n} in a row are bridged and hatched; after more the run is cut, and a ? stands"
        " where its beginning or end is not known.",
        n=BRIDGE,
    )
    page.html(f'<p class="muted">{escape(words)}</p>')


def figure(
    context: Context,
    pollutant: str,
    after: datetime,
    until: datetime,
    level: Level,
    least: int,
    standard: str,
    lang: str,
    dark: bool,
) -> go.Figure:
    """The timeline of a range; bars have the colour of the grade of their highest value."""
    text, colours, rules = text_in(lang), palette(dark), context.standards[standard]
    spells, _ = lasting(context, pollutant, after, until, level, least)

    def colour(run: Run) -> str:
        grade = level.grade and rules.grade(pollutant, run.peak, level.averaging)
        return rules.level(grade).colour if grade else colours.ink

    def value(scaled: Exact) -> str:
        return value_words(scaled, pollutant)

    style = TimelineStyle(after=after, until=until, colour=colour, value=value)
    return timeline(spells.runs, style, text, colours)


def episodes_table(many: Sequence[Episode], key: str, text: Text) -> str:
    """The episodes, newest first, as markup."""
    head = [
        text("Start"),
        text("End"),
        text("Hours, first to last"),
        text("Highest"),
        text("In what order"),
    ]
    rows = [_row(episode, key, text) for episode in reversed(many[-MOST_ROWS:])]
    caption = text("Episodes, newest first")
    more = ""
    if len(many) > MOST_ROWS:
        words = text("The newest {n} of {all}.", n=MOST_ROWS, all=f"{len(many):,}")
        more = f'<p class="muted">{escape(words)}</p>'
    return f"<h2>{escape(caption)}</h2>{cards(caption, head, rows, text)}{more}"


def _row(episode: Episode, key: str, text: Text) -> list[str]:
    """The cells of an episode, as markup."""
    place, run = episode.peak
    begin, end = _ends(episode, text)
    highest = f"{value_words(run.peak, key)}, {province_name(BY_ID[place], text.lang)}"
    bridged = len({hour for _, part in episode.parts for hour in part.bridged})
    length = f"{episode.length:,}"
    if bridged:
        length += f" ({text('bridged: {n}', n=bridged)})"
    order = f'<span class="prose">{escape(order_words(episode, text))}</span>'
    return [*map(escape, (begin, end, length, highest)), order]


def _ends(episode: Episode, text: Text) -> tuple[str, str]:
    """First and last hour in words, a question mark where it is not known."""
    first = [run for _, run in episode.parts if run.first == episode.first]
    last = [run for _, run in episode.parts if run.last == episode.last]
    begin = _stamp(episode.first, text, all(run.begins_known for run in first))
    return begin, _stamp(episode.last, text, all(run.ends_known for run in last))


def _stamp(hour: int, text: Text, known: bool = True) -> str:
    """An hour's end on the Korean clock: 2026년 4월 2일(목) 21시."""
    words = long_hour(text, from_hour_number(hour))
    return words if known else f"{words} ?"


def order_words(episode: Episode, text: Text) -> str:
    """서울 21시 → 경기 22시: the provinces in the order in which they reached it."""
    places = episode.places
    if len({hour for _, hour in places}) == 1 and len(places) > 1:
        names = [province_name(BY_ID[place], text.lang) for place, _ in places]
        return text("{names} together", names=listed(names, text.lang))
    parts = [
        f"{province_name(BY_ID[place], text.lang)} {short_hour(text, from_hour_number(hour))}"
        for place, hour in places
    ]
    return " → ".join(parts)


def _runs(spells: Spells, key: str, text: Text) -> None:
    """Every run as a table, sent once a reader opens it, and as a file."""
    box = st.expander(text("Every province's runs as a table"), key="runs", on_change="rerun")
    if not box.open:
        return
    with box:
        table = runs_table(spells, key, text)
        # By province: who wants the longest or the highest of hundreds sorts them.
        st.dataframe(table, hide_index=True, width="stretch", height=420)
        st.download_button(
            text("This table as CSV"),
            table.to_csv(index=False).encode("utf-8-sig"),
            f"episodes-{key}.csv",
            "text/csv",
        )


def runs_table(spells: Spells, key: str, text: Text) -> pd.DataFrame:
    """Every run: province, first and last hour, hours, bridged ones, the highest value."""
    rows = [(place, run) for place, own in spells.runs.items() for run in own]
    return pd.DataFrame(
        {
            text("Province"): [province_name(BY_ID[place], text.lang) for place, _ in rows],
            text("Start"): [_stamp(run.first, text, run.begins_known) for _, run in rows],
            text("End"): [_stamp(run.last, text, run.ends_known) for _, run in rows],
            text("Hours above"): [run.hours for _, run in rows],
            text("Bridged"): [len(run.bridged) for _, run in rows],
            text("Highest"): [value_words(run.peak, key) for _, run in rows],
            text("When"): [_stamp(run.peak_hour, text) for _, run in rows],
        }
    )


if __name__ == "__main__":
    render()

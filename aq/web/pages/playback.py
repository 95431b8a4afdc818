"""The map in time: the 17 at any past hour, with a slider and play."""

import math
from datetime import date, datetime, timedelta
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from aq.domain.clock import EARLIEST, HOUR, KST, day_bounds, kst, kst_day
from aq.domain.colour import lightness
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.map_hours import Frame, Shown, frames, sources
from aq.web import components
from aq.web.drawings.outlines import AT_SEA, LABELS, SMALL, outline, shapes
from aq.web.parts import attribution as origin
from aq.web.parts import cache, daily, live_view, page
from aq.web.parts.history_page import choice
from aq.web.parts.ranges import Range
from aq.web.parts.tables import opened
from aq.web.wording.korean import exact, gap_word, number, province_name

DAYS = (1, 3, 7)  # played up to the end of the chosen one
WIDTH = 640  # of the drawing, in its own units
WEST, EAST, SOUTH, NORTH = 124.5, 131.0, 33.05, 38.7


def render() -> None:
    """Choices, the map with its slider, and the hour as a table."""
    page.top("playback")
    text, view, pollutant = page.words(), page.view(), page.pollutant()
    chosen = view.province.code if view.province else None
    now = live_view.answer().country
    picked = live_view.strip(pollutant, chosen)
    at = asked_hour(st.query_params.get("at"), now.hour or cache.this_hour(), cache.this_hour())
    what = text.pollutant(pollutant)
    title = text("{what}, {hour}", what=what, hour=text.hour(at))
    line = text("Move the slider or press play: the hours of a day, each at its end.")
    page.html(f'<h1>{escape(title)}</h1><p title="{escape(exact(at, text))}">{escape(line)}</p>')
    with page.controls():
        page.switches(pollutant)
        _choose_day(at, text)
        _choose_days(text)
    from_map = hour = None
    known, as_of = daily.known_then(text)
    if known:
        from_map, hour = _map(pollutant, at, as_of, chosen, text)
    page.bottom()
    page.pulse()
    if hour:
        page.change(at=hour)
    if (picked or from_map) in BY_CODE:
        page.change(p=picked or from_map)


def asked_hour(given: str | None, newest: datetime, last: datetime) -> datetime:
    """The hour an address asks for (`2026-05-08T20`, Korean time), up to `last`; else the newest
    with values."""
    try:
        asked = datetime.strptime(given or "", "%Y-%m-%dT%H").replace(tzinfo=KST)
    except ValueError:
        return newest
    return asked if EARLIEST < asked <= last else newest


def _choose_day(at: datetime, text: Text) -> None:
    day = kst_day(at)
    given = st.date_input(
        text("Day"),
        day,
        max_value=kst_day(cache.this_hour()),
        min_value=date(2000, 1, 1),
        key=f"day {day} {text.lang}",
        format="YYYY-MM-DD",
        width=220,
    )
    if isinstance(given, date) and given != day:
        moment = at + timedelta(days=(given - day).days)
        page.change(at=f"{kst(moment):%Y-%m-%dT%H}")


def _days() -> int:
    """How many days are played, as the address asks."""
    asked = st.query_params.get("n", "")
    return int(asked) if asked in {str(days) for days in DAYS} else DAYS[0]


def _choose_days(text: Text) -> None:
    names = {str(days): text("{n} days", n=days) for days in DAYS}
    choice("n", text("Days played"), names, str(_days()), str(DAYS[0]))


def _map(
    pollutant: str, at: datetime, as_of: int | None, chosen: str | None, text: Text
) -> tuple[str | None, str | None]:
    """Draw the day; gives the province and the hour picked, if any."""
    rules = page.standard()
    after, end = day_bounds(kst_day(at))
    until = min(end, cache.this_hour())
    hours = round((until - after) / HOUR) + 24 * (_days() - 1)
    made: list[Frame] = cache.kept(frames, pollutant, rules.id, until, hours, as_of)
    if not any(province.reason is None for frame in made for province in frame.provinces):
        daily.empty(text("No province has values on this day."), text)
    data = component_data(made, rules, pollutant, at, text)
    data["places"] = [{**one, "chosen": one["code"] == chosen} for one in data["places"]]
    data["signature"] = f"{kst_day(at)} {pollutant} {rules.id} {as_of} {kst(at):%H} {_days()}"
    with page.picture():
        picked, hour = components.playback(data)
    rows = origin.facts(pd.DataFrame(sources(made), columns=["feed", "kind", "status"]), text)
    page.html(f'<dl class="facts">{"".join(rows)}</dl>')
    _table(next(one for one in made if one.at == at), rules, pollutant, text)
    page.take_away({"hour": text.hour(at)}, pollutant=pollutant, at=f"{kst(at):%Y-%m-%dT%H}")
    if pollutant in pollutants():
        day = Range(since=kst_day(at), last=kst_day(at), after=after, until=until)
        origin.downloads([province.code for province in PROVINCES], [pollutant], day, "hour")
    return picked, hour


def component_data(
    made: list[Frame], rules: Standard, pollutant: str, at: datetime, text: Text
) -> dict[str, Any]:
    """What the component is given: outlines once, then a grade and words a province and hour."""
    levels = [
        {
            "colour": level.colour,
            "ink": level.text_colour,
            "letter": level.letter,
            # A name that reaches over its border is legible on any colour by its rim.
            "rim": "rgba(0,0,0,.7)"
            if lightness(level.text_colour) > 50
            else "rgba(255,255,255,.75)",
        }
        for level in rules.levels
    ]
    return {
        "lang": text.lang,
        "alt": text(
            "Map of the 17 provinces coloured by level of {what}", what=text.pollutant(pollutant)
        ),
        "slider": text("Hour"),
        "play": text("Play"),
        "pause": text("Pause"),
        "back": text("An hour back"),
        "on": text("An hour on"),
        "speed": text("Speed"),
        "box": f"0 0 {WIDTH} {_y(SOUTH):.0f}",
        "levels": levels,
        "places": _places(text),
        "at": next((n for n, one in enumerate(made) if one.at == at), len(made) - 1),
        "frames": [
            {
                "key": f"{kst(frame.at):%Y-%m-%dT%H}",
                "hour": text.hour(frame.at),
                "exact": exact(frame.at, text),
                "items": [
                    [shown.grade or 0, _about(shown, rules, pollutant, text)]
                    for shown in frame.provinces
                ],
            }
            for frame in made
        ],
    }


def _about(shown: Shown, rules: Standard, pollutant: str, text: Text) -> str:
    """B 보통 62 µg/m³, or why there is nothing."""
    if shown.reason:
        return text("no data: {why}", why=gap_word(text, shown.reason, shown.detail))
    unit = pollutants()[pollutant].unit if pollutant in pollutants() else ""
    digits = cache.shown_digits(pollutant, rules.id)
    amount = f"{number(shown.value, digits)} {unit}".rstrip()
    return f"{daily.level_cell(rules, shown.grade, text)} {amount}".strip()


def _x(longitude: float) -> float:
    return (longitude - WEST) / (EAST - WEST) * WIDTH


def _y(latitude: float) -> float:
    """Mercator, so that the outlines look as on the map of now."""

    def height(degrees: float) -> float:
        return math.log(math.tan(math.pi / 4 + math.radians(degrees) / 2))

    return (height(NORTH) - height(latitude)) / math.radians(EAST - WEST) * WIDTH


def _places(text: Text) -> list[dict[str, Any]]:
    """The 17 in page-header order: outline, and where the name stands."""
    out = []
    for province in PROVINCES:
        longitude, latitude = LABELS[province.code]
        side = AT_SEA.get(province.code)
        out.append(
            {
                "code": province.code,
                "name": province_name(province, text.lang),
                "path": outline(shapes()[province.code], lambda east, north: (_x(east), _y(north))),
                "x": round(_x(longitude), 1),
                "y": round(_y(latitude), 1),
                "anchor": side or "middle",
                "small": province.code in SMALL,
                "sea": side is not None,
            }
        )
    return out


def _table(frame: Frame, rules: Standard, pollutant: str, text: Text) -> None:
    title = text("The hour as a table")
    opened(title, "hour", lambda: hour_table(frame, rules, pollutant, text), text)


def hour_table(frame: Frame, rules: Standard, pollutant: str, text: Text) -> pd.DataFrame:
    """The 17 of an hour as a reader's table."""
    digits = cache.shown_digits(pollutant, rules.id)
    unit = pollutants()[pollutant].unit if pollutant in pollutants() else text("index")
    return pd.DataFrame(
        {
            text("Province"): [province_name(province, text.lang) for province in PROVINCES],
            unit: [number(province.value, digits) for province in frame.provinces],
            text("Level"): [
                daily.level_cell(rules, province.grade, text) for province in frame.provinces
            ],
            text("Source"): [
                text.feed(province.feed) if province.feed else "" for province in frame.provinces
            ],
            text("Why nothing"): [
                gap_word(text, province.reason, province.detail) if province.reason else ""
                for province in frame.provinces
            ],
        }
    )


if __name__ == "__main__":
    render()

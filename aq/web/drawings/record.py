"""Charts of the record as pictures that stand alone: episodes, missing hours, stations."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from html import escape
from itertools import groupby

from aq.domain.clock import from_hour_number, hour_number, kst_day
from aq.domain.episodes import Run
from aq.domain.provinces import PROVINCES
from aq.queries.evidence import COUNTS
from aq.queries.stations import Member
from aq.web.charts.map_names import LINE, MARK, Name, names, window
from aq.web.drawings.history import HEAD, NAMES, WIDTH, small_svg
from aq.web.drawings.map import hatch
from aq.web.drawings.marks import svg_text
from aq.web.drawings.outlines import outline, shapes
from aq.web.drawings.patterns import KEY_SHARES, tone
from aq.web.drawings.view import View

ROW = 19  # [units]
LEAST_WIDE = 1.6  # of a bar, so that an hour of a season can be seen
DAYS_NAMED = (1, 15)  # of a month


def timeline_alone(
    view: View,
    runs: Mapping[int, Sequence[Run]],
    after: int,
    until: int,
    grade: Callable[[Run], int | None],
) -> str:
    """A row a province, a bar a run in the colour of its highest value's grade; bridged hours
    hatched, a question mark where an end is not known. `after` and `until` are hour numbers."""
    step, drawn = (WIDTH - NAMES) / max(1, until - after), hatch("gap-runs")

    def x(hour: int) -> float:
        return NAMES + (hour - after) * step

    for row, province in enumerate(PROVINCES):
        y = HEAD + row * ROW
        drawn += svg_text(NAMES - 8, y + ROW / 2 + 4, view.name(province.code), "end")
        drawn += f'<path class="rule" d="M{NAMES} {y + ROW / 2:g}H{WIDTH}"/>'
        for run in runs.get(province.id, ()):
            left, wide = x(run.first - 1), max(LEAST_WIDE, run.length * step)
            place = grade(run)
            paint = f'style="fill:var(--g{place})"' if place else 'class="full"'
            box = f'y="{y + 3}" height="{ROW - 6}"'
            drawn += f'<rect {paint} x="{left:.1f}" width="{wide:.1f}" {box}/>'
            for hour in run.bridged:
                at = f'x="{x(hour - 1):.1f}" width="{max(1.0, step):.1f}"'
                drawn += f'<rect fill="url(#gap-runs)" {at} {box}/>'
            if not run.begins_known:
                drawn += svg_text(left - 2, y + ROW / 2 + 4, "?", "end day")
            if not run.ends_known:
                drawn += svg_text(left + wide + 2, y + ROW / 2 + 4, "?", "start day")
    first, last = (kst_day(from_hour_number(hour)) for hour in (after + 1, until))
    for day in _named(first, last):
        left = x(24 * (day - first).days + hour_number(from_hour_number(after)))
        drawn += svg_text(left, 12, view.text.day(day), "start")
    alt = view.text("Timeline of the 17 provinces; the table below has the episodes.")
    return small_svg(alt, WIDTH, HEAD + len(PROVINCES) * ROW + 4, drawn)


def gaps_alone(view: View, days: Sequence[date], shares: Sequence[Sequence[float | None]]) -> str:
    """A row a province, a column a day, darker the more hours are missing (0 to 1)."""
    step, drawn = (WIDTH - NAMES) / max(1, len(days)), ""
    for row, (province, cells) in enumerate(zip(PROVINCES, shares, strict=True)):
        y = HEAD + row * ROW
        drawn += svg_text(NAMES - 8, y + ROW / 2 + 4, view.name(province.code), "end")
        column = 0
        for share, alike in groupby(cells):
            wide = len(list(alike))
            if share is not None:
                at = f'x="{NAMES + column * step:.1f}" width="{wide * step:.1f}"'
                drawn += f'<rect {tone(share)} {at} y="{y}" height="{ROW - 2}"/>'
            column += wide
    for day in _named(days[0], days[-1]) if days else ():
        left = NAMES + (day - days[0]).days * step
        drawn += svg_text(left, 12, view.text.day(day), "start")
    y = HEAD + len(PROVINCES) * ROW + 10
    for place, share in enumerate(KEY_SHARES):
        x = NAMES + place * 80
        drawn += f'<rect {tone(share)} x="{x}" y="{y}" width="18" height="16"/>'
        drawn += svg_text(x + 24, y + 13, f"{share:.0%}", "start")
    alt = view.text(
        "Heat map of missing hours by province and day; the tables below have the numbers."
    )
    return small_svg(alt, WIDTH, y + 20, drawn)


def _named(first: date, last: date) -> Iterator[date]:
    """The days whose names stand above a season: the first and the middle of each month."""
    for place in range((last - first).days - 4):
        day = first + timedelta(days=place)
        if day.day in DAYS_NAMED:
            yield day


def stations_alone(view: View, code: str, members: Sequence[Member]) -> str:
    """The stations of a province that have a place: the letter of each on its colour, round where
    it counts in the mean; their names and those of districts where there is room."""
    placed = [member for member in members if member.latitude is not None]
    east, north = window(placed)

    def at(longitude: float, latitude: float) -> tuple[float, float]:
        x = (longitude - east[0]) / (east[1] - east[0])
        return WIDTH * x, WIDTH * (north[1] - latitude) / (north[1] - north[0])

    paths = {province.code: outline(shapes()[province.code], at) for province in PROVINCES}
    ground = "".join(f'<path class="rule" d="{path}"/>' for path in paths.values())
    ground += f'<path class="full" fill-opacity=".07" d="{paths[code]}"/>'
    marks = "".join(_mark(view, member, *at(*_spot(member))) for member in placed)
    words = "".join(
        _name(name, *at(name.longitude, name.latitude))
        for name in names(placed, east, north, view.text)
    )
    body = (
        f'<defs><clipPath id="window"><rect width="{WIDTH}" height="{WIDTH}"/></clipPath></defs>'
        f'<g clip-path="url(#window)">{ground}</g>{marks}{words}'
    )
    alt = view.text("Map of the stations of {who} by level", who=view.name(code))
    return small_svg(alt, WIDTH, WIDTH, body)


def _spot(member: Member) -> tuple[float, float]:
    return member.longitude or 0.0, member.latitude or 0.0


def _mark(view: View, member: Member, x: float, y: float) -> str:
    level = view.standard.level(member.grade) if member.grade else None
    paint = f'style="fill:var(--g{member.grade})"' if level else 'class="calm"'
    half = MARK / 2
    shape = f'<circle {paint} cx="{x:.1f}" cy="{y:.1f}" r="{half}"/>'
    if member.part != COUNTS:
        at = f'x="{x - half:.1f}" y="{y - half:.1f}"'
        shape = f'<rect {paint} {at} width="{MARK}" height="{MARK}"/>'
    ink = f' style="fill:var(--i{member.grade})"' if level else ' class="on"'
    letter = escape(level.letter if level else "–")
    return f'{shape}<text{ink} x="{x:.1f}" y="{y + 4:.1f}" font-weight="700">{letter}</text>'


def _name(name: Name, x: float, y: float) -> str:
    """A name beside its mark, on the side where it has room."""
    vertical, horizontal = name.side.split()
    down = {"top": -MARK / 2 - 3, "bottom": MARK / 2 + LINE, "middle": 4}[vertical]
    beside = {"left": -MARK / 2 - 3, "right": MARK / 2 + 3, "center": 0}[horizontal]
    anchor = {"left": "end", "right": "start", "center": ""}[horizontal]
    kind = f"{anchor} day".strip() if name.district else anchor
    bold = ' font-weight="700"' if name.district else ""
    return svg_text(x + beside, y + down, name.words, kind, bold)

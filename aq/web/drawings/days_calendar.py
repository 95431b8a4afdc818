"""Days of a place as squares in their levels' colours, a column a week: SVG without a script."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from html import escape

from aq.domain.standards import Standard
from aq.i18n import Text
from aq.web.drawings.paint import Paint, hatching

CELL, LEFT, TOP = 13, 22, 18
WEEK = 7


def days_calendar(
    grades: Mapping[date, int],
    first: date,
    last: date,
    standard: Standard,
    text: Text,
    paint: Paint,
    words: str,
    *,
    round_days: Collection[date] = (),
) -> str:
    """The days ``first <= day <= last``; those without a grade are hatched, and some round."""
    monday = first - timedelta(days=first.weekday())
    weeks = (last - monday).days // WEEK + 1
    width, height = LEFT + weeks * CELL + 2, TOP + WEEK * CELL + 2
    cells, months = "", ""
    day = first
    while day <= last:
        week, row = divmod((day - monday).days, WEEK)
        x, y = LEFT + week * CELL, TOP + row * CELL
        grade = grades.get(day)
        fill = standard.level(grade).colour if grade else "url(#noday)"
        corners = f' rx="{CELL // 2}"' if day in round_days else ""
        box = f'x="{x}" y="{y}" width="{CELL - 1}" height="{CELL - 1}"{corners}'
        cells += f'<rect {box} fill="{fill}"/>'
        if day.day == 1 or day == first:
            name = f"{day.month}월" if text.lang == "ko" else f"{day:%b}"
            if day.day <= WEEK * 2 and week < weeks - 1:
                months += f'<text x="{x}" y="{TOP - 5}">{name}</text>'
        day += timedelta(days=1)
    rows = "".join(
        f'<text x="{LEFT - 4}" y="{TOP + row * CELL + 10}" text-anchor="end">{escape(name)}</text>'
        for row, name in ((0, text("Mon")), (2, text("Wed")), (4, text("Fri")))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="100%"'
        f' role="img" aria-label="{escape(words)}" font-family="{paint.font}" font-size="9.5"'
        f' fill="{paint.muted}"><defs>{hatching(paint, "noday")}</defs>{months}{rows}{cells}</svg>'
    )

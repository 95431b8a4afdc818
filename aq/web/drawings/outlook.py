"""The days ahead as AirKorea forecasts them: in words, by province, and above 50 µg/m³."""

import re
from collections.abc import Sequence
from html import escape

from aq.domain.clock import kst_day
from aq.domain.forecasts import DayAhead, outlooks
from aq.domain.model import DAILY, ForecastNotice
from aq.domain.provinces import PROVINCES
from aq.queries.official import ABOVE
from aq.web.drawings.marks import forecast, unseen
from aq.web.drawings.view import View
from aq.web.wording.korean import long_hour, province_name

# What the bulletin sets before its sentences: a mark and the pollutant in brackets.
MARKS = re.compile(r"^[\s○◦·\-]*(\[[^\]]*\])?\s*")


def ahead(
    view: View,
    notices: Sequence[ForecastNotice],
    over_50: Sequence[ForecastNotice],
    *,
    headed: bool = True,
) -> str:
    """What the notices that count say of the view's pollutant; nothing where they say nothing.

    `over_50` are those of PM2.5 above 50 µg/m³, which stand with PM2.5 and with the index. Where
    the page's own heading says what this is, it stands without (`headed`).
    """
    days = _days(view, notices)
    above = _above(view, over_50) if view.pollutant in ("pm25", "overall") else ""
    if not days:
        return above
    text = view.text
    title = text(
        "The days ahead, as AirKorea forecasts them: {what}", what=text.pollutant(view.pollutant)
    )
    rule = text(
        "Gyeonggi and Gangwon show the worse of their two forecast regions. From the third day on"
        " the forecast is of PM2.5 alone, low or high."
    )
    first = days[0] if days[0].kind == DAILY else None
    body = f"{_words(view, first) if first else ''}{_tables(view, days)}"
    body += f'<p class="meta">{escape(rule)}</p>{above}'
    return f'<section class="place"><h2>{escape(title)}</h2>{body}</section>' if headed else body


def _days(view: View, notices: Sequence[ForecastNotice]) -> list[ForecastNotice]:
    """Today and what follows; a day in four grades needs no older notice in two."""
    today = kst_day(view.answer.now)
    own = [notice for notice in notices if notice.pollutant == view.pollutant]
    daily = [notice for notice in own if notice.kind == DAILY and notice.day >= today]
    last = max((notice.day for notice in daily), default=today)
    return daily + [notice for notice in own if notice.kind != DAILY and notice.day > last]


def _words(view: View, notice: ForecastNotice) -> str:
    """The bulletin's own sentences, which are Korean, under their day."""
    lines = (MARKS.sub("", line) for line in notice.overall.splitlines())
    body = "<br>".join(escape(line) for line in lines if line)
    issued = escape(_issued(view, notice))
    return f'<p lang="ko"><b>{_named(view, notice)}</b> {body}</p><p class="meta">{issued}</p>'


def _issued(view: View, notice: ForecastNotice) -> str:
    return view.text("Issued {when}", when=long_hour(view.text, notice.issued_at))


def _named(view: View, notice: ForecastNotice) -> str:
    """The day as a reader calls it: tomorrow, 9일(토)."""
    place = max(0, (notice.day - kst_day(view.answer.now)).days)
    return escape(view.text.day_ahead(notice.day, place))


def _tables(view: View, notices: Sequence[ForecastNotice]) -> str:
    """A row a day with the 17 beside each other, as in the strip; where that has no room a row a
    province with the days beside each other."""
    text = view.text
    names = [escape(province_name(province, text.lang)) for province in PROVINCES]
    days = [escape(text.day(notice.day)) for notice in notices]
    cells = [_cells(view, notice) for notice in notices]
    by_place = [list(row) for row in zip(*cells, strict=True)]
    label = escape(text("Forecast by province"))
    return _table(label, "by-day", text("Day"), names, days, cells) + _table(
        label, "by-place", text("Province"), days, names, by_place
    )


def _cells(view: View, notice: ForecastNotice) -> list[str]:
    by_code = {outlook.province.code: outlook for outlook in outlooks(notice)}
    day = DayAhead(day=notice.day, notice=notice, by_code=by_code)
    signs = (forecast(view, day, province.code) for province in PROVINCES)
    return [f'<td title="{escape(sign.words)}">{sign.badge}</td>' for sign in signs]


def _table(
    label: str, kind: str, corner: str, heads: list[str], names: list[str], rows: list[list[str]]
) -> str:
    head = "".join(f'<th scope="col">{words}</th>' for words in (escape(corner), *heads))
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(row)}</tr>'
        for name, row in zip(names, rows, strict=True)
    )
    return (
        f'<table class="outlook {kind}"><caption>{unseen(label)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _above(view: View, notices: Sequence[ForecastNotice]) -> str:
    """Where PM2.5 is forecast above 50 µg/m³ from today on, and what that is asked for."""
    if not notices:
        return ""
    text = view.text
    lines = "".join(f"<li>{_named(view, day)}: {escape(_where(view, day))}</li>" for day in notices)
    title = escape(text("Days of PM2.5 above 50 µg/m³, as AirKorea forecasts them"))
    why = text(
        "Emergency reduction measures are called for the next day where a day's mean of PM2.5 is"
        " above 50 µg/m³ until 16:00 and forecast above it for tomorrow, or an advisory is in force"
        " and more than 50 is forecast, or more than 75 is forecast (Special Act on the Reduction"
        " and Management of Fine Dust, Enforcement Rule, Article 7). The province decides; a"
        " forecast alone is no such measure."
    )
    issued = _issued(view, max(notices, key=lambda notice: notice.issued_at))
    return f'<h2>{title}</h2><ul>{lines}</ul><p class="meta">{escape(issued)}. {escape(why)}</p>'


def _where(view: View, notice: ForecastNotice) -> str:
    """The provinces above, or that it is none or all of them."""
    above = [outlook.province for outlook in outlooks(notice) if outlook.grade == ABOVE]
    if not above:
        return view.text("nowhere")
    if len(above) == len(PROVINCES):
        return view.text("everywhere")
    return ", ".join(province_name(province, view.text.lang) for province in above)

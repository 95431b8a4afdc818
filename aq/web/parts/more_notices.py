"""Yellow dust acts, and where PM2.5 is forecast above 50 µg/m³, on the live page and the list."""

from collections.abc import Iterable
from html import escape

from aq.domain.clock import kst, kst_day
from aq.domain.forecasts import outlooks
from aq.domain.model import ForecastNotice, YellowDust
from aq.domain.provinces import PROVINCES, provinces_named
from aq.i18n import Text
from aq.queries.official import ABOVE, over_50_notices
from aq.web.parts import cache, page
from aq.web.wording.korean import long_hour, province_name


def yellow_dust_rows(acts: Iterable[YellowDust], text: Text) -> str:
    """Rows of a table: when, the round, the areas, the provinces named in them."""
    rows = ""
    for act in acts:
        names = ", ".join(
            province_name(province, text.lang) for province in provinces_named(act.areas)
        )
        cells = (act.sequence or "–", text.name(act.areas), names or "–")
        body = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        rows += f"<tr><th scope='row'>{escape(long_hour(text, act.at))}</th>{body}</tr>"
    return rows


def over_50(pollutant: str) -> None:
    """Where PM2.5 is forecast above 50 µg/m³ from today on, and what that is asked for."""
    if pollutant not in ("pm25", "overall"):
        return
    text, now = page.words(), cache.moment()
    notices: Iterable[ForecastNotice] = cache.kept(over_50_notices, now)
    if not notices:
        return
    lines = "".join(f"<li>{escape(_day(notice, text))}</li>" for notice in notices)
    issued = max(notice.issued_at for notice in notices)
    title = escape(text("Days of PM2.5 above 50 µg/m³, as AirKorea forecasts them"))
    why = text(
        "Emergency reduction measures are called for the next day where a day's mean of PM2.5 is"
        " above 50 µg/m³ until 16:00 and forecast above it for tomorrow, or an advisory is in force"
        " and more than 50 is forecast, or more than 75 is forecast (Special Act on the Reduction"
        " and Management of Fine Dust, Enforcement Rule, Article 7). The province decides; a"
        " forecast alone is no such measure."
    )
    when = text("Issued {when}", when=long_hour(text, kst(issued)))
    page.html(f"<h2>{title}</h2><ul>{lines}</ul><p class='muted'>{escape(when)}. {escape(why)}</p>")


def _day(notice: ForecastNotice, text: Text) -> str:
    said = [outlook for outlook in outlooks(notice) if outlook.grade is not None]
    above = [one.province for one in said if one.grade == ABOVE]
    place = max(0, (notice.day - kst_day(cache.moment())).days)
    day = text.day_ahead(notice.day, place)
    if not above:
        return f"{day}: " + text("nowhere")
    if len(above) == len(PROVINCES):
        return f"{day}: " + text("everywhere")
    return f"{day}: " + ", ".join(province_name(one, text.lang) for one in above)

"""The header strip as a piece any site can embed: self-contained HTML without a script, or data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from aq.domain.clock import kst, kst_iso
from aq.domain.forecasts import DayAhead
from aq.domain.model import FORECAST, MODELLED
from aq.domain.standards import Level, Standard
from aq.i18n import Text, text_in
from aq.queries.current import CurrentItem, Snapshot
from aq.web.wording.korean import item_name

REFRESH_SECONDS = 300
MISSING_COLOUR, MISSING_INK = "#d4d7db", "#16191d"
_CSS = (
    "*{box-sizing:border-box}body{margin:0;background:#fff;color:#16191d;font:13px/1.4 Pretendard,"
    '"Apple SD Gothic Neo","Malgun Gothic","Noto Sans KR","Noto Sans CJK KR",sans-serif}'
    "ol{display:flex;list-style:none;margin:0;padding:0;flex-wrap:wrap;border-top:1px solid"
    " #16191d;border-bottom:1px solid #d9dce0}li{position:relative;flex:1 0 58px;"
    "padding:7px 2px;text-align:center;"
    "border-left:1px solid #edeff1}li:first-child{border:0}b,i,small{display:block}"
    "i{font-style:normal;font-weight:700;width:26px;margin:2px auto;border-radius:4px;"
    "line-height:22px;border:1px solid transparent}small{font-size:11px;color:#4a525c}"
    "p{margin:4px 2px;font-size:11.5px;color:#4a525c}p b{display:inline;background:#fff3c4;"
    "padding:0 5px;border-radius:3px;color:#16191d}a{color:inherit}"
    ".d i{display:inline-block;width:18px;margin:2px 0 0 2px;line-height:16px;font-size:11px}"
    "li .v{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
    "@media(prefers-color-scheme:dark){body{background:#14171a;color:#e8eaed}ol{border-top-color:"
    "#e8eaed;border-bottom-color:#3a4047}li{border-left-color:#2a2f35}small,p{color:#aab2bb}}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the strip shows and in which language.

    `ahead` are the days to come of its second line, graded by `rules`, the forecast's own standard.
    """

    pollutant: str
    lang: str
    rules: Standard
    ahead: tuple[DayAhead, ...] = ()
    # By day (ISO) the provinces whose PM2.5 is forecast above 50 µg/m³; of PM2.5 alone.
    over_50: Mapping[str, frozenset[str]] = field(default_factory=dict)


def data(snapshot: Snapshot, options: Options) -> dict[str, Any]:
    """The strip as JSON: 17 chips in page-header order; `ahead` only where days were asked for."""
    text = text_in(options.lang)
    label = text.pollutant(options.pollutant)
    chips = [
        {
            "province": item.province,
            "code": item.code,
            "letter": item.letter,
            "grade": item.grade,
            "label": label,
            "text": chip_text(item, label, options.lang),
            "missing_reason": item.missing_reason,
            "missing_detail": item.missing_detail,
            "stale": item.stale,
            **({"ahead": _ahead_data(item, options)} if options.ahead else {}),
        }
        for item in snapshot.items
    ]
    found = {
        "as_of": kst_iso(snapshot.as_of),
        "hour": kst_iso(snapshot.hour) if snapshot.hour else None,
        "pollutant": options.pollutant,
        "standard": snapshot.standard,
        "feed": snapshot.feed,
        "simulated": snapshot.simulated,
        "chips": chips,
    }
    if options.ahead:
        found["ahead"] = [
            {
                "day": one.day.isoformat(),
                "issued_at": kst_iso(one.notice.issued_at) if one.notice else None,
                "feed": "airkorea_forecast",
                "kind": FORECAST,
            }
            for one in options.ahead
        ]
    return found


def _ahead_data(item: CurrentItem, options: Options) -> list[dict[str, Any]]:
    """The days ahead of a chip; without a grade `label` is upstream's own word, or null."""
    found = []
    for day in options.ahead:
        said = day.by_code.get(item.code)
        grade = said.grade if said else None
        letter = options.rules.level(grade).letter if grade else None
        label = said.word if said else None
        one = {"day": day.day.isoformat(), "grade": grade, "letter": letter, "label": label}
        over = options.over_50.get(day.day.isoformat())
        found.append({**one, **({} if over is None else {"over_50": item.code in over})})
    return found


def chip_text(item: CurrentItem, label: str, lang: str) -> str:
    """Province, letter and pollutant label: `서울 B 미세먼지`."""
    return f"{item_name(item, lang)} {item.letter or '–'} {label}"


def page(snapshot: Snapshot, standard: Standard, options: Options) -> str:
    """A complete HTML page under 12 KB that asks for nothing and refreshes itself."""
    text = text_in(options.lang)
    chips = "".join(_chip(item, standard, text, options) for item in snapshot.items)
    title = escape(text("Air quality of the 17 provinces"))
    return (
        f'<!doctype html><html lang="{options.lang}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}"><title>{title}</title>'
        f"<style>{_CSS}</style></head><body>"
        f'<ol aria-label="{title}">{chips}</ol><p>{_source(snapshot, text)}'
        f"{_forecast_source(options, text)}</p></body></html>"
    )


def _chip(item: CurrentItem, standard: Standard, text: Text, options: Options) -> str:
    level = standard.level(item.grade) if item.grade else None
    word = (
        level.label(options.lang)
        if level
        else text.missing(item.missing_reason, item.missing_detail)
    )
    return (
        f'<li title="{escape(word)}"><b>{escape(item_name(item, options.lang))}</b> '
        f"{_letter(level)} <small>{escape(text.pollutant(options.pollutant))}</small>"
        f"{_ahead(item, text, options)}</li>"
    )


def _letter(level: Level | None) -> str:
    colour = level.colour if level else MISSING_COLOUR
    ink = level.text_colour if level else MISSING_INK
    letter = level.letter if level else "–"
    return f'<i style="background:{colour};color:{ink}">{letter}</i>'


def _ahead(item: CurrentItem, text: Text, options: Options) -> str:
    """The second line: a day to come with its letter, its word for those who hear the page."""
    found = ""
    for place, day in enumerate(options.ahead):
        said = day.by_code.get(item.code)
        level = options.rules.level(said.grade) if said and said.grade else None
        word = level.label(options.lang) if level else text("no forecast")
        above = item.code in options.over_50.get(day.day.isoformat(), ())
        word += f", {text('above 50 µg/m³')}" if above else ""
        found += (
            f'<small class="d" title="{escape(word)}">{escape(text.day_ahead(day.day, place + 1))} '
            f"{_letter(level)}{'&gt;50' if above else ''}"
            f'<b class="v">{escape(word)}</b></small>'
        )
    return found


def _forecast_source(options: Options, text: Text) -> str:
    """Whose forecast it is and of when; the days of one notice are told once."""
    if not options.ahead:
        return ""
    issued = sorted({one.notice.issued_at for one in options.ahead if one.notice})
    if not issued:
        return f"<br>{escape(text('no forecast'))}"
    whens = ", ".join(
        f'<time datetime="{kst_iso(one)}">{escape(text.hour(one))}</time>' for one in issued
    )
    words = escape(text("Days ahead: forecast by AirKorea, issued {when}", when="\0"))
    return f"<br>{words}".replace("\0", whens)


def _source(snapshot: Snapshot, text: Text) -> str:
    parts = []
    if snapshot.simulated:
        parts.append("<b>SIMULATED</b>")
    if snapshot.hour is None:
        parts.append(escape(text("No current data")))
    else:
        stamp = kst_iso(snapshot.hour)
        hour = escape(text.hour(kst(snapshot.hour)))
        parts.append(f'<time datetime="{stamp}">{hour}</time>')
        if any(item.stale for item in snapshot.items):
            parts.append(f"<b>{escape(text('late data'))}</b>")
    kinds = {item.kind for item in snapshot.items if item.kind}
    source = text.feed(snapshot.feed) if snapshot.feed else ""
    if MODELLED in kinds:
        source = f"{source} ({text('model')})"
    elif any(item.status == "preliminary" for item in snapshot.items):
        source = f"{source} ({text('unconfirmed')})"
    if source:
        parts.append(escape(source))
    return " · ".join(parts)

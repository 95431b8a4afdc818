"""Our means of cities and stations beside those that AirKorea publishes, on the feeds page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from aq.domain.agreement import Agreement
from aq.domain.clock import from_day_number, from_hour_number
from aq.domain.model import CITY_HOUR, STATION_DAY, STATION_MONTH
from aq.domain.provinces import find_province
from aq.i18n import Text
from aq.queries.official_means import OfficialService
from aq.web.parts.notice_services import failing
from aq.web.parts.tables import cards
from aq.web.wording.korean import N_, day_words, province_name, told_hour

SERIES = {
    CITY_HOUR: N_("hours of cities and counties"),
    STATION_DAY: N_("days of stations"),
    STATION_MONTH: N_("months of stations"),
}
HEADS = (
    N_("mean of"),
    N_("pollutant"),
    N_("compared"),
    N_("equal as printed"),
    N_("mean difference"),
    N_("largest difference"),
)
LEFT_OUT = {
    "total_only": N_("answers with a total and no rows"),
    "later_pages": N_("answers that go on after the first page"),
    "duplicate": N_("rows of one name that differ"),
    "outside_window": N_("days or months outside of what AirKorea keeps, answered without rows"),
}


def section(
    lines: Sequence[Agreement],
    services: Sequence[OfficialService],
    left_out: Mapping[str, int],
    now: datetime,
    text: Text,
) -> str:
    """A row for each series and pollutant, and the reason of each operation that fails."""
    label = text("Cities, station days and months: ours and AirKorea’s own")
    title = f"<h2>{escape(label)}</h2>"
    failures = "".join(failing(service, text) for service in services)
    if not lines:
        nothing = text(
            "Nothing to compare yet: AirKorea’s means of cities and stations are asked for once a"
            " day, at 03:25."
        )
        return f"{title}<p>{escape(nothing)}</p>{_left_out(left_out, text)}{failures}"
    rows = [_row(line, now, text) for line in lines]
    note = text(
        "Ours minus AirKorea’s: the newest hours of cities (ours: the mean of the urban stations"
        " there), the last days and the last month of stations (ours with three quarters of the"
        " hours). Equal means equal in the digits that AirKorea prints."
    )
    out = _left_out(left_out, text)
    body = cards(label, [text(name) for name in HEADS], rows, text)
    return f"{title}<p>{escape(note)}</p>{body}{out}{failures}"


def _row(line: Agreement, now: datetime, text: Text) -> list[str]:
    place = f"{_place(line, text)}, {_period(line, now, text)}"
    cells = (
        text(SERIES[line.series]),
        text.pollutant(line.pollutant),
        f"{line.hours:,}",
        f"{100 * line.same / line.hours:.1f} %",
        f"{line.bias} {line.unit}",
        f"{line.largest} {line.unit} ({place})",
    )
    return [escape(cell) for cell in cells]


def _place(line: Agreement, text: Text) -> str:
    """A station, or a city after its province in the reader's language."""
    where = line.where or ""
    if line.series != CITY_HOUR:
        return text.name(where)
    province, _, city = where.partition(" ")
    return f"{province_name(find_province(province), text.lang)} {text.name(city)}"


def _period(line: Agreement, now: datetime, text: Text) -> str:
    number = line.at or 0
    if line.series == CITY_HOUR:
        return told_hour(text, from_hour_number(number), now)
    if line.series == STATION_MONTH:
        return line.period or ""
    return day_words(text, from_day_number(number))


def _left_out(kinds: Mapping[str, int], text: Text) -> str:
    if not kinds:
        return ""
    told = ", ".join(f"{text(LEFT_OUT.get(kind, kind))} {count:,}" for kind, count in kinds.items())
    words = text("Left out of the last reading: {what}", what=told)
    return f'<p class="muted">{escape(words)}</p>'

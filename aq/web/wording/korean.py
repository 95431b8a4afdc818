"""Words of the pages: Korean particles that follow the last sound, and names in either language."""

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from aq.domain.clock import kst
from aq.domain.provinces import BY_CODE, Province
from aq.domain.standards import Standard
from aq.i18n import FLAG_WORDS, REASONS, Text
from aq.queries.current import CurrentItem


def N_(message: str) -> str:  # noqa: N802 - the name gettext tools know
    """Mark a message for the catalogue where it is kept in a table and said later."""
    return message


WEEKDAYS = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))


def province_name(province: Province, lang: str) -> str:
    """서울, or Seoul."""
    return province.ko if lang == "ko" else province.en


def zone_place(province: Province, zone: str, text: Text) -> str:
    """경기 남부권, or Gyeonggi Nambu zone; one named after its province stands alone."""
    name = text.zone(zone)
    if zone.startswith(province.ko):
        return name
    return f"{province_name(province, text.lang)} {name}".rstrip()


def item_name(item: CurrentItem, lang: str) -> str:
    """The name of an item's province."""
    return province_name(BY_CODE[item.code], lang)


def grade_word(item: CurrentItem, standard: Standard, lang: str) -> str | None:
    """보통, or Moderate; None without a grade."""
    return standard.level(item.grade).label(lang) if item.grade else None


def edge_words(
    text: Text, standard: Standard, grades: tuple[int | None, int | None], one_station: bool | None
) -> str | None:
    """That a grade could be its neighbour, or hangs on one station; None where it is sure.

    `grades` are the lowest and the highest it can have.
    """
    low, high = grades
    edge = None
    if low is not None and high is not None and low != high:
        words = [standard.level(grade).label(text.lang) for grade in (low, high)]
        edge = text("on the edge: {low} to {high}", low=words[0], high=words[1])
    if not one_station:
        return edge
    alone = text("depends on one station")
    return f"{edge} ({alone})" if edge else alone


def item_edge(text: Text, item: CurrentItem, standard: Standard) -> str | None:
    """`edge_words` of an item; None where the standard looks at other means than the hour's."""
    return edge_words(text, standard, (item.grade_low, item.grade_high), item.one_station)


def shown(item: CurrentItem) -> float | None:
    """The number an item is shown by: its value, or the index where all pollutants are one."""
    return item.value if item.value is not None else item.index


# Averaging time of a standard -> words; the sentences stand in the message catalogue.
AVERAGING_WORDS: Mapping[str, str] = {
    "1h": N_("the hourly mean"),
    "8h": N_("the 8-hour mean"),
    "24h": N_("the 24-hour mean"),
    "24h-predicted": N_("the predicted 24-hour moving mean"),
    "nowcast": N_("NowCast, the newer hours weighing more"),
}


def averaging_words(text: Text, averaging: str) -> str:
    """Over how long a mean is taken: 24시간 예측이동평균."""
    return text(AVERAGING_WORDS.get(averaging, averaging))


def listed(names: Iterable[str], lang: str) -> str:
    """서울·경기, or Seoul, Gyeonggi and Incheon."""
    words = list(names)
    if lang == "ko":
        return "·".join(words)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def number(value: float | None, digits: int) -> str:
    """A value as the pages print it; an en dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    # Halves up on the printed decimals, as grades are taken: 80.5 is printed 81 and graded 나쁨.
    exact_value = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return f"{exact_value:,}"


def short_hour(text: Text, moment: datetime) -> str:
    """20시, or 20:00."""
    local = kst(moment)
    return f"{local.hour}시" if text.lang == "ko" else f"{local:%H}:00"


def day_words(text: Text, day: date) -> str:
    """2026년 11월 23일(월), or Mon 23 Nov 2026."""
    return f"{day.year}년 {text.day(day)}" if text.lang == "ko" else f"{text.day(day)} {day.year}"


def month_name(text: Text, month: int) -> str:
    """11월, or November."""
    return f"{month}월" if text.lang == "ko" else f"{date(2000, month, 1):%B}"


def month_words(text: Text, month: date) -> str:
    """2026년 11월, or Nov 2026."""
    return f"{month.year}년 {month.month}월" if text.lang == "ko" else f"{month:%b %Y}"


def long_hour(text: Text, moment: datetime) -> str:
    """2026년 11월 23일(월) 20시, or Mon 23 Nov 2026 20:00."""
    return f"{day_words(text, kst(moment).date())} {short_hour(text, moment)}"


def told_hour(text: Text, moment: datetime, now: datetime) -> str:
    """An hour with the date a reader needs at `now`: none today, no year this year."""
    then, today = kst(moment).date(), kst(now).date()
    if then == today:
        return short_hour(text, moment)
    return text.hour(moment) if then.year == today.year else long_hour(text, moment)


def long_minute(text: Text, moment: datetime) -> str:
    """2026년 11월 23일(월) 20시 35분, or Mon 23 Nov 2026 20:35; at a full hour as `long_hour`."""
    local = kst(moment)
    if not local.minute:
        return long_hour(text, moment)
    clock = f"{local.hour}시 {local.minute}분" if text.lang == "ko" else f"{local:%H:%M}"
    return f"{day_words(text, local.date())} {clock}"


def exact(moment: datetime, text: Text) -> str:
    """The exact instant, for a title attribute: 2026년 11월 23일(월) 20시 KST (UTC+9)."""
    return f"{long_minute(text, moment)} KST (UTC+9)"


KINDS: Mapping[str, str] = {"observed": N_("observed"), "modelled": N_("modelled")}
STATUSES: Mapping[str, str] = {"preliminary": N_("unconfirmed"), "confirmed": N_("confirmed")}


def provenance(text: Text, kind: str | None, status: str | None) -> str:
    """실측 · 미확정."""
    parts = [text(KINDS[kind])] if kind else []
    if status:
        parts.append(text(STATUSES[status]))
    return " · ".join(parts)


def flag_word(text: Text, detail: str | None) -> str:
    """Upstream's own flag in the reader's language."""
    return text(FLAG_WORDS.get(detail or "", detail or ""))


def missing_short(text: Text, item: CurrentItem) -> str:
    """The reason alone, as a table cell has room for: 통신장애."""
    return gap_word(text, item.missing_reason, item.missing_detail)


def gap_word(text: Text, reason: str | None, detail: str | None) -> str:
    """A reason for a gap in a few words."""
    if reason == "source_flag" and detail:
        return flag_word(text, detail)
    return text(REASONS.get(reason or "", "no data"))

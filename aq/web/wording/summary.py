"""Title and description of a page in a list of results or on a card, computed from the data."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from aq.domain.model import Advisory
from aq.domain.standards import Standard
from aq.feeds.registry import EVERY
from aq.i18n import Text
from aq.queries.current import CurrentItem, Snapshot
from aq.web.wording import headline, lead
from aq.web.wording.korean import (
    KINDS,
    grade_word,
    item_name,
    missing_short,
    provenance,
    shown,
)

MAIN = ("pm10", "pm25", "o3")  # of a province, told in its description


def country_title(
    country: Snapshot, acts: Sequence[Advisory], pollutant: str, standard: Standard, text: Text
) -> str:
    """The live page's headline: of the pollutant that is worst now, never calm under an act."""
    first = lead.leading(country.items, pollutant)
    return lead.title(country.of(first), acts, standard, text)


def province_title(item: CurrentItem, standard: Standard, value: str, text: Text) -> str:
    """`서울 미세먼지 ‘보통’, 48 µg/m³`, of a value as printed; without one, why there is none."""
    who = item_name(item, text.lang)
    return f"{who} {_air(item, standard, value, text)}"


def _air(item: CurrentItem, standard: Standard, value: str, text: Text) -> str:
    """`미세먼지 ‘보통’, 48 µg/m³`."""
    what = text.pollutant(item.pollutant)
    if shown(item) is None:
        return text("{what}: no data ({why})", what=what, why=missing_short(text, item))
    word = grade_word(item, standard, text.lang) or text("no level")
    told = f"{value} {item.unit or ''}".rstrip()
    return text("{what} {word}, {value}", what=what, word=word, value=told)


def province_description(
    every: Sequence[CurrentItem],
    standard: Standard,
    printed: Callable[[CurrentItem], str],
    text: Text,
) -> str:
    """Hour, level and value of the main pollutants of a province, and the source.

    `printed` gives the number of an item as it is printed.
    """
    items = [item for item in every if item.pollutant in MAIN] or every
    parts = [text("SIMULATED data") + "."] if items[0].simulated else []
    hour = next((item.observed_at for item in items if item.observed_at), None)
    who = item_name(items[0], text.lang)
    if hour is None:
        return " ".join([*parts, f"{who}: {text('No current data')}."])
    air = "; ".join(_air(item, standard, printed(item), text) for item in items)
    parts += [text("As of {hour}.", hour=text.hour(hour)), f"{who}: {air}."]
    late = headline.late(items, text)
    return " ".join([*parts, *([late] if late else []), source(items, text)])


def description(items: Sequence[CurrentItem], standard: Standard, text: Text) -> str:
    """Hour, provinces by level, what is missing and the source of 17 items of a pollutant."""
    parts = [text("SIMULATED data") + "."] if items[0].simulated else []
    hour = next((item.observed_at for item in items if item.observed_at), None)
    if hour is None:
        return " ".join([*parts, text("No current data") + "."])
    parts.append(text("As of {hour}.", hour=text.hour(hour)))
    counts = Counter(item.grade for item in items if item.grade)
    if counts:
        told = ", ".join(
            f"{standard.level(grade).label(text.lang)} {count}"
            for grade, count in sorted(counts.items())
        )
        what = text.pollutant(items[0].pollutant)
        parts.append(text("{what}, provinces by level: {counts}.", what=what, counts=told))
    parts.append(headline.late(items, text) or headline.coverage(items, text))
    parts.append(source(items, text))
    return " ".join(parts)


def source(items: Sequence[CurrentItem], text: Text) -> str:
    """Whose values they are, and of which kind: `에어코리아, 실측 · 미확정`."""
    item = next((item for item in items if item.feed and item.observed_at), None)
    if item is None or item.feed is None:
        return ""
    return f"{text.feed(item.feed)}, {provenance(text, item.kind, item.status)}"


def sources(feeds: Sequence[str], text: Text) -> str:
    """Each feed with its kind: `에어코리아, 실측 · 미확정; Open-Meteo, 모델`."""
    told = []
    for feed in feeds:
        info = EVERY[feed]
        kind = (
            info.kind if info.kind in KINDS else None
        )  # a notice is neither measured nor modelled
        told.append(", ".join(filter(None, (text.feed(feed), provenance(text, kind, info.status)))))
    return "; ".join(told)


def licences(feeds: Sequence[str], text: Text) -> list[str]:
    """Whose the data of some feeds are and under which licence, each once."""
    infos = (EVERY[feed] for feed in feeds)
    return list(dict.fromkeys(f"{text.owner(i.attribution)} — {text(i.licence)}" for i in infos))


def stands(hour: datetime | None, newest: datetime | None, text: Text) -> str:
    """Of which hour the data are; where it is too old to be shown as now, which is the newest."""
    if hour is not None:
        return text("As of {hour}.", hour=text.hour(hour))
    if newest is None:
        return text("No current data") + "."
    return text("No current data; the newest are of {hour}.", hour=text.hour(newest))


def own_means(text: Text) -> str:
    """Whose the values of provinces are."""
    return text(
        "Province values are this page's own means of AirKorea's urban stations; they are not"
        " published by AirKorea."
    )

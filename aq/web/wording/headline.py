"""The live page's sentences, computed from the items: what is worst, what is good, what is missing.

Nothing is claimed about a province without a value. Pure.
"""

from collections.abc import Mapping, Sequence

from aq.domain.provinces import PROVINCES
from aq.domain.standards import Standard
from aq.i18n import Text
from aq.queries.current import CurrentItem
from aq.web.wording.korean import N_, flag_word, item_name, listed, shown

# Groups that newspapers name as one, when all their provinces are of one grade.
REGIONS: Mapping[str, frozenset[str]] = {
    N_("the capital region"): frozenset({"서울", "경기", "인천"}),
    N_("Chungcheong"): frozenset({"대전", "세종", "충북", "충남"}),
    N_("Honam"): frozenset({"광주", "전북", "전남"}),
    N_("Yeongnam"): frozenset({"대구", "울산", "부산", "경북", "경남"}),
}
LISTED = 6  # what is missing is listed in full up to this many
NAMED = 3  # more names than this are no headline
_REASON_SENTENCES: Mapping[str, str] = {
    "source_flag": N_("No data for {who}: {why}."),
    "not_received": N_("Nothing has come in yet for {who}."),
    "not_measured": N_("No value was measured in {who}."),
    "quality_flag": N_("In {who} only doubtful values came in; they do not count."),
    "network_unknown": N_("The network of the stations of {who} is not known."),
    "stale": N_("Nothing new has come from {who} for hours."),
    "feed_down": N_("The source cannot be reached for {who}."),
    "no_history": N_("Nothing has been collected yet for {who}."),
    "not_enough_hours": N_("Too few hours for this average in {who}."),
    "needed_missing": N_("A pollutant that the index needs is missing in {who}."),
    "clock_behind": N_("All hours of {who} lie ahead of this computer's clock."),
}


def headline(
    items: Sequence[CurrentItem],
    standard: Standard,
    text: Text,
    *,
    brief: bool = False,
    best: bool = True,
) -> str:
    """One sentence about one pollutant in 17 provinces.

    The worst provinces first when the worst level lies in the upper half of the scale; else what
    most of the country has. Levels are named by the standard's words. With `brief` a calm country
    is told as a whole, by its levels; without `best` a bad one without its best provinces.
    """
    what = text.pollutant(items[0].pollutant)
    by_grade: dict[int, list[CurrentItem]] = {}
    for item in items:
        if item.grade is not None:
            by_grade.setdefault(item.grade, []).append(item)
    if not by_grade:
        return _without_grade(items, what, text)
    known = sum(len(group) for group in by_grade.values())
    if len(by_grade) == 1:
        grade = next(iter(by_grade))
        return _one_level(what, _word(standard, grade, text), known, len(items), text)
    if is_bad(items, standard):
        return _bad(by_grade, standard, what, text, best=best)
    if brief:
        return _levels(by_grade, standard, what, known, text)
    return _calm(by_grade, standard, what, known, text)


def is_bad(items: Sequence[CurrentItem], standard: Standard) -> bool:
    """Whether the worst level lies in the upper half of the scale."""
    worst = max((item.grade for item in items if item.grade is not None), default=0)
    return worst > len(standard.levels) / 2


def _word(standard: Standard, grade: int, text: Text) -> str:
    word = standard.level(grade).label(text.lang)
    return word if text.lang == "ko" else word.lower()


def _without_grade(items: Sequence[CurrentItem], what: str, text: Text) -> str:
    if any(shown(item) is not None for item in items):
        return text("{what}: there are values, but this scale has no level for them", what=what)
    return text("No {what} data to show right now", what=what)


def _one_level(what: str, word: str, known: int, total: int, text: Text) -> str:
    if known == total:
        return text("{what} {word} across the whole country", what=what, word=word)
    if known == 1:
        return text("{what} {word} in the one province that has data", what=what, word=word)
    return text("{what} {word} in all {n} provinces that have data", what=what, word=word, n=known)


def _bad(
    by_grade: Mapping[int, Sequence[CurrentItem]],
    standard: Standard,
    what: str,
    text: Text,
    *,
    best: bool,
) -> str:
    """충남 미세먼지 ‘매우나쁨’, 인천·경기 ‘나쁨’, 제주는 ‘좋음’."""
    half = len(standard.levels) / 2
    bad = sorted((grade for grade in by_grade if grade > half), reverse=True)[:2]
    first = text(
        "{what} {word} in {who}",
        who=places(by_grade[bad[0]], text),
        what=what,
        word=_word(standard, bad[0], text),
    )
    parts = [first]
    if len(bad) > 1:
        word = _word(standard, bad[1], text)
        parts.append(text("{word} in {who}", who=places(by_grade[bad[1]], text), word=word))
    lowest = min(by_grade)
    if best and lowest < min(bad):
        parts.append(_best(by_grade[lowest], _word(standard, lowest, text), by_grade, text))
    return ", ".join(parts)


def _best(
    group: Sequence[CurrentItem],
    word: str,
    by_grade: Mapping[int, Sequence[CurrentItem]],
    text: Text,
) -> str:
    """제주는 ‘좋음’; most of the country, and more names than a headline has, are counted."""
    most = 2 * len(group) > sum(len(items) for items in by_grade.values())
    if most or len(_names(group, text)) > NAMED:
        return text("but {word} in {n} others", n=len(group), word=word)
    who = places(group, text, cleanest_first=True)
    return text("but {word} in {who}", who=who, word=word)


def _levels(
    by_grade: Mapping[int, Sequence[CurrentItem]],
    standard: Standard,
    what: str,
    known: int,
    text: Text,
) -> str:
    """미세먼지 대체로 ‘보통’; without a level of most provinces, ‘좋음’~‘보통’."""
    most = _largest(by_grade)
    if 2 * len(by_grade[most]) > known:
        return _mostly(standard, most, what, text)
    mild, word = (_word(standard, grade, text) for grade in (min(by_grade), max(by_grade)))
    return text("{what} {mild} to {word}", what=what, mild=mild, word=word)


def _largest(by_grade: Mapping[int, Sequence[CurrentItem]]) -> int:
    """The level of the most provinces; of two alike the worse."""
    return max(by_grade, key=lambda grade: (len(by_grade[grade]), grade))


def _mostly(standard: Standard, grade: int, what: str, text: Text) -> str:
    return text("{what} mostly {word}", what=what, word=_word(standard, grade, text))


def _calm(
    by_grade: Mapping[int, Sequence[CurrentItem]],
    standard: Standard,
    what: str,
    known: int,
    text: Text,
) -> str:
    """미세먼지 대체로 ‘보통’, 제주는 ‘좋음’."""
    most = _largest(by_grade)
    rest = sorted((grade for grade in by_grade if grade != most), reverse=True)
    if 2 * len(by_grade[most]) > known:
        parts = [_mostly(standard, most, what, text)]
    else:
        who = places(by_grade[most], text)
        word = _word(standard, most, text)
        parts = [text("{what} {word} in {who}", who=who, what=what, word=word)]
    for grade in rest[:2]:
        who = places(by_grade[grade], text)
        parts.append(text("but {word} in {who}", who=who, word=_word(standard, grade, text)))
    return ", ".join(parts)


def places(items: Sequence[CurrentItem], text: Text, *, cleanest_first: bool = False) -> str:
    """Provinces by name, whole regions by theirs; many as the first few and how many in all.

    Highest values first, because these are the ones a reader looks for; among the good ones, the
    lowest.
    """
    ordered = sorted(items, key=lambda item: shown(item) or 0.0, reverse=not cleanest_first)
    names = _names(ordered, text)
    if len(names) <= NAMED:
        return listed(names, text.lang)
    singles = [item_name(item, text.lang) for item in ordered][:2]
    first = names[:2] if _covered(names, text) > len(names) else singles
    return _and_others(first, len(items) - _covered(first, text), len(items), text)


def _names(items: Sequence[CurrentItem], text: Text) -> list[str]:
    """Whole regions by name, then the provinces outside them in the order given."""
    present = {item.province for item in items}
    whole = [(name, members) for name, members in REGIONS.items() if members <= present]
    covered: set[str] = set().union(*(members for _, members in whole))
    return [text(name) for name, _ in whole] + [
        item_name(item, text.lang) for item in items if item.province not in covered
    ]


def _and_others(names: Sequence[str], more: int, total: int, text: Text) -> str:
    told = ("·" if text.lang == "ko" else ", ").join(names)
    return text("{names} and {more} others", names=told, more=more, n=total)


def _covered(names: Sequence[str], text: Text) -> int:
    """How many of the items the names already speak of."""
    members = {text(name): provinces for name, provinces in REGIONS.items()}
    return sum(len(members[name]) if name in members else 1 for name in names)


def coverage(items: Sequence[CurrentItem], text: Text) -> str:
    """How many of the 17 have a value."""
    known = sum(shown(item) is not None for item in items)
    if known == len(items):
        return text("All {total} provinces are reporting.", total=len(items))
    if known == 0:
        return text("None of the {total} provinces is reporting.", total=len(items))
    return text("{known} of {total} provinces are reporting.", known=known, total=len(items))


def absences(items: Sequence[CurrentItem], text: Text) -> list[str]:
    """A sentence per reason: who has no value, and why, in plain words."""
    groups: dict[tuple[str, str | None], list[CurrentItem]] = {}
    for item in items:
        if item.missing_reason:
            key = (item.missing_reason, item.missing_detail)
            groups.setdefault(_reason_key(*key), []).append(item)
    return [
        text(
            _REASON_SENTENCES.get(reason, _REASON_SENTENCES["not_received"]),
            who=_everyone(group, text),
            why=flag_word(text, detail),
        )
        for (reason, detail), group in groups.items()
    ]


def _reason_key(reason: str, detail: str | None) -> tuple[str, str | None]:
    """Only the source's own words tell two reasons apart; a flag without words is no flag."""
    if reason != "source_flag":
        return reason, None
    return (reason, detail) if detail else ("not_measured", None)


def _everyone(items: Sequence[CurrentItem], text: Text) -> str:
    if len(items) == len(PROVINCES):
        return text("all 17 provinces")
    names = [item_name(item, text.lang) for item in items]
    if len(names) <= LISTED:
        return listed(names, text.lang)
    return _and_others(names[:2], len(names) - 2, len(names), text)


def late(items: Sequence[CurrentItem], text: Text) -> str | None:
    """Said when the values shown are older than they should be."""
    ages = [item.age_hours for item in items if item.stale and item.age_hours is not None]
    if not ages:
        return None
    return text("Late data: the newest hour ended {n} hours ago.", n=int(max(ages)))

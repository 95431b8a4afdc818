"""Words of advisories and forecasts: kinds of acts, their places and values."""

from collections.abc import Iterable

from aq.domain.forecast_skill import Score, total
from aq.domain.forecasts import Part
from aq.domain.model import Advisory, YellowDust
from aq.domain.pollutants import pollutants
from aq.domain.provinces import district_provinces
from aq.i18n import Text
from aq.queries.official import value
from aq.web.wording.korean import N_, number, zone_place

# Words of the authority's forecasts, and its halves of provinces -> English.
GRADE_WORDS = {
    "예보없음": N_("no forecast"),
    "낮음": N_("low"),
    "높음": N_("high"),
    "좋음": N_("good"),
    "보통": N_("moderate"),
    "나쁨": N_("poor"),
    "매우나쁨": N_("very poor"),
}
HALVES = {
    "경기북부": N_("northern Gyeonggi"),
    "경기남부": N_("southern Gyeonggi"),
    "영서": N_("western Gangwon"),
    "영동": N_("eastern Gangwon"),
    "강원영서": N_("western Gangwon"),
    "강원영동": N_("eastern Gangwon"),
}


def act_word(row: Advisory, text: Text) -> str:
    """The kind of an advisory; upstream's own word where nobody knows it."""
    return text.advisory(row.word)


def act_name(row: Advisory, text: Text) -> str:
    """An advisory by place, pollutant and kind: 경기 남부권 미세먼지 주의보."""
    return f"{place_words(row, text)} {text.pollutant(row.pollutant)} {act_word(row, text)}"


def advisory_words(act: Advisory, when: str, text: Text) -> str:
    """What was issued where, `when` in words, and the value at issue."""
    return text(
        "{place}: {what} {act}, since {since}, {value} at issue",
        place=place_words(act, text),
        what=text.pollutant(act.pollutant),
        act=act_word(act, text),
        since=when,
        value=value_words(act, act.issue_value),
    )


def yellow_dust_words(act: YellowDust, when: str, text: Text) -> str:
    """That yellow dust was announced, `when` in words, and in which round of the day."""
    told = text(", round {n}", n=act.sequence) if act.sequence else ""
    return text("Yellow dust announced at {when}{round}", when=when, round=told)


def halves_words(parts: Iterable[Part], text: Text) -> str:
    """The forecast regions of a province, each with its word: 경기 북부 나쁨, 경기 남부 보통."""
    return ", ".join(
        f"{text(HALVES[part.region]) if part.region in HALVES else text.name(part.region)}"
        f" {text(GRADE_WORDS[part.word]) if part.word in GRADE_WORDS else text.name(part.word)}"
        for part in parts
    )


def place_words(row: Advisory, text: Text) -> str:
    """District and zone: 경기 남부권, or Gyeonggi Nambu zone."""
    there = district_provinces(row.district)
    if len(there) == 1:
        return zone_place(there[0], row.zone, text)
    return " ".join(word for word in (text.name(row.district), text.zone(row.zone)) if word)


def value_words(row: Advisory, scaled: int | None) -> str:
    """A value of an advisory with its unit; a dash where there is none."""
    found = value(row, scaled)
    if found is None:
        return "–"
    unit = pollutants()[row.pollutant].unit
    return f"{number(found, 4 if row.pollutant == 'o3' else 0)} {unit}"


def forecasts_words(scores: Iterable[Score], pollutant: str, text: Text) -> str:
    """How the forecasts of the day before did for a pollutant, in one sentence."""
    lead = [score for score in scores if (score.pollutant, score.lead) == (pollutant, 1)]
    counted, hits, misses, false_alarms, _ = total(lead).get((pollutant, 1), (0, 0, 0, 0, 0))
    what = text.pollutant(pollutant)
    if not counted:
        return text("No forecast of the day before can be checked yet")
    if not hits + misses:
        return text("{what}: no bad day came; {n} were forecast", what=what, n=false_alarms)
    return text(
        "{what}: {hits} of {bad} bad province-days were forecast the day before;"
        " {false_alarms} false alarms",
        what=what,
        bad=hits + misses,
        hits=hits,
        false_alarms=false_alarms,
    )

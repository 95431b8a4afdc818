"""Words of advisories and forecasts: kinds of acts, their places and values."""

from aq.domain.model import Advisory
from aq.domain.pollutants import pollutants
from aq.domain.provinces import district_provinces
from aq.i18n import Text
from aq.queries.official import value
from aq.web.wording.korean import N_, number, province_name

GRADE_WORDS = {"예보없음": N_("no forecast"), "낮음": N_("low"), "높음": N_("high")}


def act_word(row: Advisory, text: Text) -> str:
    """The kind of an advisory; upstream's own word where nobody knows it."""
    return text.advisory(row.word)


def place_words(row: Advisory, text: Text, zone: str | None = None) -> str:
    """District and zone; zones have no English names, so `zone` may stand for it."""
    there = district_provinces(row.district)
    district = province_name(there[0], text.lang) if len(there) == 1 else row.district
    return f"{district} {row.zone if zone is None else zone}".strip()


def value_words(row: Advisory, scaled: int | None) -> str:
    """A value of an advisory with its unit; a dash where there is none."""
    found = value(row, scaled)
    if found is None:
        return "–"
    unit = pollutants()[row.pollutant].unit
    return f"{number(found, 4 if row.pollutant == 'o3' else 0)} {unit}"

"""What a zone's air is now, behind an act that holds for it."""

from datetime import datetime

from aq.domain.clock import from_hour_number
from aq.domain.criteria import Standing
from aq.domain.model import Advisory
from aq.domain.pollutants import pollutants
from aq.i18n import Text
from aq.queries.zones import ZoneHour, why
from aq.web.wording.korean import N_, gap_word, number, told_hour
from aq.zones_file import zone_of_act

ABSENT = {
    "members_unknown": N_("its members are not known"),
    "no_station": N_("no urban station stands in it"),
}
LEVELS = ("", N_("advisory"), N_("warning"), N_("severe warning"))


def zone_words(act: Advisory, zone_now: ZoneHour | None, text: Text, moment: datetime) -> str:
    """The value of the act's zone at a moment, or why there is none."""
    if zone_of_act(act) is None:
        return text("(a zone that is not in our table)")
    if zone_now is None or zone_now.value is None:
        return text("(no value of the zone now)")
    return text(
        "now {value} ({when}, {n} of {all} stations)",
        value=value_of(zone_now),
        when=told_hour(text, from_hour_number(zone_now.hour), moment),
        n=zone_now.value.heard,
        all=max(zone_now.expected, zone_now.value.heard),
    )


def criterion_words(standing: Standing | None, text: Text) -> str:
    """Where a zone stands to the criteria: the level they have reached, the hours in a row towards
    the next; empty far from them."""
    if standing is None:
        return ""
    words = (
        [text("criteria of {act} met", act=text(LEVELS[standing.level]))] if standing.level else []
    )
    if standing.reached and standing.level < 1:
        words.append(text("at the limit for {n} h", n=standing.reached))
    return ", ".join(words)


def value_of(hour: ZoneHour) -> str:
    """A zone's value with its unit; a dash for none."""
    return "–" if hour.exact is None else f"{figure_of(hour)} {hour.unit}"


def figure_of(hour: ZoneHour) -> str:
    """A zone's value: fine dust whole, ozone by four digits; a dash for none."""
    if hour.exact is None:
        return "–"
    digits = 4 if hour.key == "o3" else 0
    return number(float(hour.exact / pollutants()[hour.key].scale), digits)


def absent_words(hour: ZoneHour | None, text: Text) -> str:
    """Why a zone has no value."""
    reason = why(hour) if hour else "not_received"
    return text(ABSENT[reason]) if reason in ABSENT else gap_word(text, reason, None)

"""What alerts say to a reader: reasons, phases and severities in words, a sentence over all."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aq.alerts.places import province_of, zone_of_place
from aq.alerts.rule import YELLOW_DUST
from aq.alerts.wording import ACT_WORDS, dust_words, rule_title
from aq.domain.pollutants import pollutants
from aq.i18n import Text
from aq.web.wording.korean import N_, listed, number, province_name, zone_place

Fields = Mapping[str, Any]
PHASE_WORDS = {
    "firing": N_("on now"),
    "unknown": N_("on now, no data"),
    "pending": N_("building up"),
    "clear": N_("clear"),
}
REASON_WORDS = {
    "pending": N_("over the level, not long enough yet"),
    "first": N_("began"),
    "worse": N_("grew worse"),
    "repeat": N_("goes on"),
    "better": N_("grew better"),
    "resolved": N_("ended"),
    "unknown": N_("goes on, no data"),
    "muted": N_("muted"),
    "held": N_("held for quiet hours"),
    "nothing": N_("no change"),
}
SEVERITY_WORDS = {
    "notice": N_("Notice"),
    "warning": N_("Warning"),
    "alarm": N_("Alarm"),
    "emergency": N_("Emergency"),
}


OVER_NAMES = {
    "mean": N_("the province's mean"),
    "any_station": N_("any one station"),
    "zone": N_("each zone of advisories"),
}


def place_name(place: str, text: Text) -> str:
    """A province's name, a zone's with its province, or a feed's."""
    province, zone = province_of(place), zone_of_place(place)
    if province is None:
        return text.feed(place)
    return zone_place(province, zone.name, text) if zone else province_name(province, text.lang)


def zone_name(full_name: str, text: Text) -> str:
    """A zone as a rule names it, for people: 경기 중부권, or Gyeonggi Jungbu zone."""
    province, _, zone = full_name.partition(" ")
    return f"{text.name(province)} {text.zone(zone)}".rstrip()


def amount(fields: Fields, name: str, text: Text) -> str:
    """A value of a state or event with its unit; a dash without one."""
    value = fields[name]
    if value is None:
        return "–"
    unit = text("hours") if fields["unit"] == "h" else fields["unit"] or ""
    digits = 0 if fields["unit"] != "ppm" else 3
    return f"{number(value, digits)} {unit}".rstrip()


def moment(iso: str | None) -> datetime | None:
    """An instant as the routes write it."""
    return datetime.fromisoformat(iso) if iso else None


def rule_sentence(body: Fields, text: Text) -> str:
    """A rule in one sentence: what is watched, from when it fires, when it clears."""
    if body["kind"] == "watchdog":
        n = body["repeat_hours"]
        return text(
            "Tells every {n} h that the alerts are alive; if it stays away, they are not.", n=n
        )
    if body["kind"] == "data_late":
        return text(
            "A feed's newest hour is {n} hours old or older.", n=f"{float(body['threshold']):g}"
        )
    if body["kind"] == "official":
        if body["pollutant"] == YELLOW_DUST:
            return text("The authority announces yellow dust; each act is told once.")
        watched = text.pollutant(body["pollutant"])
        return text("{what}: the authority issues, raises, lowers or clears.", what=watched)
    watched = text.pollutant(body["pollutant"])
    over = text(OVER_NAMES[body.get("over", "mean")])
    return text(
        "{what} ({over}) at {level} or above for {n} h; clears below {clear} for {m} h.",
        what=watched,
        over=over,
        level=f"{float(body['threshold']):g} {_unit(body)}".rstrip(),
        n=body.get("for", 1),
        clear=f"{float(body['clear_below']):g} {_unit(body)}".rstrip(),
        m=body.get("clear_for", 1),
    )


def level_words(body: Fields, text: Text) -> str:
    """From when a rule fires, as short as a list has room for; empty where it has no level."""
    if "threshold" not in body:
        return ""
    number = f"{float(body['threshold']):g}"
    if body["kind"] == "data_late":
        return text("from {n} hours", n=number)
    level = f"{number} {_unit(body)}".rstrip()
    return text("from {level} for {n} h", level=level, n=body.get("for", 1))


def now_words(fields: Fields, text: Text) -> str:
    """The value now; of an official act the one at its issue, as no later one comes with it."""
    value = amount(fields, "value", text)
    return text("{value} at issue", value=value) if fields["official"] and value != "–" else value


def official_words(fields: Fields, text: Text) -> str:
    """What is in force by an authority's act, with its zones: 경보 남부권 · 주의보 중부권."""
    acts = fields["official"] or ()
    return " · ".join(
        f"{text.advisory(act['label'])} {text.zone(act['zone'])}".rstrip() for act in acts
    )


def act_words(fields: Fields, text: Text) -> str:
    """What an authority did: 경기 남부권 경보 해제."""
    act = fields["official"]
    if "areas" in act:
        return f"{dust_words(text, act)}, {text('told once')}"
    words = (text.zone(act["zone"]), text.advisory(act["label"]), text(ACT_WORDS[act["act"]]))
    return " ".join(word for word in words if word)


def _unit(body: Fields) -> str:
    known = pollutants().get(body["pollutant"])
    return known.unit if known and body.get("watch", "value") == "value" else ""


def headline(standing: Sequence[Fields], text: Text) -> str:
    """What is on now, in one sentence; late feeds are told apart from the air."""
    air = [fields for fields in standing if fields["alert"] and fields["code"]]
    late = [fields for fields in standing if fields["alert"] and not fields["code"]]
    if not air and not late:
        building = sum(fields["phase"] == "pending" for fields in standing)
        if building:
            return text("No alert is on; {n} are building up", n=building)
        return text("No alert is on")
    if not air:
        return text("Data are late: {who}", who=_names(late, text))
    worst = max(one["rank"] for one in air)
    top = [one for one in air if one["rank"] == worst]
    names = _names(top, text)
    rules, count = _rules(top, text), len(_places(top))
    if count == 1:
        return text("{rule} in one place: {who}", rule=rules, who=names)
    return text("{rule} in {n} places: {who}", rule=rules, n=count, who=names)


def _places(found: Iterable[Fields]) -> list[str]:
    return list(dict.fromkeys(fields["place"] for fields in found))


def _names(found: Iterable[Fields], text: Text) -> str:
    return listed([place_name(place, text) for place in _places(found)], text.lang)


def _rules(found: Iterable[Fields], text: Text) -> str:
    names = (rule_title(fields["rule"], fields["rule_name"], text) for fields in found)
    return " · ".join(dict.fromkeys(names))

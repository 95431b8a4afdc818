"""An alert message in words: what, where, how much, since when, by which rule, from what data."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from aq.alerts.fit import ANY, Sheet, fit
from aq.domain.clock import kst, parse_instant
from aq.domain.provinces import BY_CODE
from aq.feeds.registry import INFO
from aq.i18n import N_, Text, text_in

Event = Mapping[str, Any]
# What happened, by `change` of an event.
CHANGES: Mapping[str, str] = {
    "pending": "above the level, not yet long enough",
    "first": "level reached",
    "worse": "getting worse",
    "repeat": "still above the level",
    "better": "easing",
    "resolved": "back below the level",
    "unknown": "no data; whether it goes on is not known",
}
SEVERITY_WORDS: Mapping[str, str] = {
    "notice": "For your notice",
    "warning": "Advisory level",
    "alarm": "Alarm level",
    "emergency": "Emergency level",
}
# What an authority did, by `official.act` of an event.
ACT_WORDS: Mapping[str, str] = {
    "issued": "issued",
    "raised": "raised to this level",
    "lowered": "lowered to this level",
    "cleared": "cleared",
}
# What ended an alert where the air did not, by `ended` of an event.
ENDED: Mapping[str, str] = {
    "off": "the rule was switched off; no longer watched",
    "removed": "the rule was removed; no longer watched",
    "changed": "the rule was changed; no alert by what it says now",
}
SHOWN_PLACES = 5

# The language of the names in config/alerts.toml.
SHIPPED_IN = "ko"
# Shipped rules as both languages call them; a rule that was given another name keeps that one.
SHIPPED_NAMES = {
    "pm10-warning": N_("PM10 advisory level"),
    "pm10-alarm": N_("PM10 alarm level"),
    "pm25-warning": N_("PM2.5 advisory level"),
    "pm25-alarm": N_("PM2.5 alarm level"),
    "o3-warning": N_("Ozone advisory level"),
    "o3-alarm": N_("Ozone alarm level"),
    "o3-emergency": N_("Ozone emergency level"),
    "official-pm10": N_("PM10, official advisories"),
    "official-pm25": N_("PM2.5, official advisories"),
    "official-o3": N_("Ozone, official advisories"),
    "official-yellow-dust": N_("Yellow dust, official announcements"),
    "data-late": N_("Data late"),
}


def rule_title(rule: str, name: str, text: Text) -> str:
    """A rule's name; a shipped one's in the reader's language while nobody has renamed it."""
    shipped = SHIPPED_NAMES.get(rule)
    return text(shipped) if shipped and text_in(SHIPPED_IN)(shipped) == name else name


def compose(message: Mapping[str, Any], lang: str, public_url: str = "") -> tuple[str, str]:
    """Title and whole text of a message of the outbox: its events in the order they have there."""
    made = sheet(message, lang, public_url)
    (body,) = fit(made, ANY, text_in(lang))
    return made.title, body


def sheet(message: Mapping[str, Any], lang: str, public_url: str = "") -> Sheet:
    """A message of the outbox in words, to be fitted to a channel."""
    text = text_in(lang)
    events: Sequence[Event] = message["events"]
    notes = []
    acts = [event["official"] for event in events if event.get("official")]
    if any("areas" not in act for act in acts):
        notes.append(text("Advisories and warnings named here were issued by the authority."))
    if any(event["pollutant"] and event["rule_kind"] != "official" for event in events):
        notes.append(
            text(
                "Levels are calculated here for provinces, zones or stations; warnings are"
                " issued by the authorities."
            )
        )
    for told in dict.fromkeys(act["areas"] for act in acts if "areas" in act):
        areas = text(
            "Yellow dust, areas as the authority named them: {areas}.", areas=text.name(told)
        )
        end = text("An act of yellow dust has no level and no end in the service.")
        notes.append(f"{areas} {end}")
    return Sheet(
        id=message["id"],
        title=_title(text, message, events),
        lines=[_line(text, event) for event in events],
        brief=[_brief(text, event) for event in events],
        notes=notes,
        foot=[text("Message {id}", id=message["id"])],
        link=link(events, lang, public_url) if public_url and events else "",
    )


def _changed(text: Text, event: Event) -> str:
    """What happened; where the air did not end an alert, what did."""
    if event["kind"] == "correction" and event["change"] == "resolved":
        return text("Correction: by later data this did not happen")
    if event.get("ended"):
        return text(ENDED[event["ended"]])
    known = CHANGES.get(event["change"])
    return text(known) if known else text("state changed")


def _brief(text: Text, event: Event) -> str:
    """One event in a few words: 서울 미세먼지 162 기준 초과."""
    if event.get("official"):
        act = event["official"]
        if "areas" in act:
            return f"{_place(text, event)} {dust_words(text, act)}"
        words = [
            f"{_place(text, event)} {text.zone(act['zone'])}".rstrip(),
            text.pollutant(event["pollutant"]),
            text.advisory(act["label"]),
            text(ACT_WORDS[act["act"]]),
        ]
        return " ".join(words)
    if event["rule_kind"] == "watchdog":
        return text("The alerts are alive, {hour}.", hour=text.hour(parse_instant(event["at"])))
    change = _changed(text, event)
    what = text.pollutant(event["pollutant"]) if event["pollutant"] else text("hours late")
    value = f"{event['value']:g}" if event["value"] is not None else ""
    return " ".join(word for word in (_place(text, event), what, value, change) if word)


def _title(text: Text, message: Mapping[str, Any], events: Sequence[Event]) -> str:
    places = list(dict.fromkeys(_place(text, event) for event in events))
    places = [place for place in places if place != "–"]
    where = ", ".join(places[:SHOWN_PLACES])
    if len(places) > SHOWN_PLACES:
        where = text("{places} and {n} more", places=where, n=len(places) - SHOWN_PLACES)
    what = text("Nothing to report")
    if events:
        what = rule_title(events[0]["rule"], events[0]["rule_name"], text)
    if message.get("kind") == "digest":
        what = text("Summary of alerts")
    title = f"{what}: {where}" if where else what
    return f"[{text('SIMULATED data')}] {title}" if message.get("simulated") else title


def _place(text: Text, event: Event) -> str:
    province = BY_CODE.get(event.get("code") or "")
    if province is None:
        return text.feed(event["place"]) if event["place"] in INFO else "–"
    name = province.ko if text.lang == "ko" else province.en
    return f"{name} {text.zone(event.get('zone') or '')}".rstrip()


def _line(text: Text, event: Event) -> str:
    """One event: 서울: 기준 초과. 미세먼지 152 µg/m³, 기준 150 …"""
    mark = text(SEVERITY_WORDS.get(event["severity"], "For your notice"))
    if event["rule_kind"] == "official":
        told_once = "areas" in (event.get("official") or {})
        mark = text("Official announcement") if told_once else text("Official act")
    if event.get("official"):
        return f"[{mark}] {official_sentence(text, event)}"
    if event["rule_kind"] == "watchdog" and not event.get("ended"):
        return text("The alerts are alive, {hour}.", hour=text.hour(parse_instant(event["at"])))
    parts = [text("{where}: {change}", where=_place(text, event), change=_changed(text, event))]
    if event["value"] is not None:
        what = text.pollutant(event["pollutant"]) if event["pollutant"] else text("hours late")
        value = f"{event['value']:g} {event['unit'] or ''}".strip()
        parts.append(text("{what} {value}", what=what, value=value))
    if event.get("station"):
        parts.append(text("station {name}", name=text.name(event["station"])))
    if event["threshold"] is not None:
        parts.append(text("level {level:g} for {n} h", level=event["threshold"], n=event["for"]))
    else:
        parts.append(text("the authority's advisory itself may go on"))
    if event.get("standard"):
        parts.append(text("standard {name}", name=event["standard"]))
    if event["after"] == "unknown" and event["change"] != "unknown":
        parts.append(text("no data since then"))
    if event["since"]:
        parts.append(text("since {hour}", hour=text.hour(parse_instant(event["since"]))))
    if event["at"]:
        parts.append(text("as of {hour}", hour=text.hour(parse_instant(event["at"]))))
    parts += _source(text, event)
    return f"[{mark}] " + " · ".join(parts)


def official_sentence(text: Text, event: Event) -> str:
    """An authority's act: 경기 남부권: 초미세먼지 주의보 발령 · 78 µg/m³ · 11월 23일 14시 10분."""
    act = event["official"]
    if "areas" in act:
        words = f"{_place(text, event)}: {dust_words(text, act)}"
    else:
        words = text(
            "{where}: {what} {label} {act}",
            where=f"{_place(text, event)} {text.zone(act['zone'])}".rstrip(),
            what=text.pollutant(event["pollutant"]),
            label=text.advisory(act["label"]),
            act=text(ACT_WORDS[act["act"]]),
        )
    if event["kind"] == "correction":
        words = text("Correction, as known now: {what}", what=words)
    parts = [words]
    if event["value"] is not None:
        parts.append(f"{event['value']:g} {event['unit'] or ''}".strip())
    at = parse_instant(act["at"])
    parts.append(text.minute(at) if kst(at).minute else text.hour(at))
    return " · ".join(parts)


def dust_words(text: Text, act: Mapping[str, Any]) -> str:
    """An act of yellow dust with its round; its areas stand under the message."""
    told = text(", round {n}", n=act["round"]) if act["round"] else ""
    return text("yellow dust has occurred") + told


def _source(text: Text, event: Event) -> list[str]:
    """Stations heard, observed or modelled, preliminary or confirmed."""
    parts = []
    if event["stations"] is not None:
        heard, expected = event["stations"], event["stations_expected"]
        parts.append(text("{n} of {all} stations", n=heard, all=expected or heard))
    kinds = {"observed": "observed", "modelled": "modelled"}
    states = {"preliminary": "unconfirmed", "confirmed": "confirmed"}
    if event["feed_kind"] in kinds:
        parts.append(text(kinds[event["feed_kind"]]))
    if event["status"] in states:
        parts.append(text(states[event["status"]]))
    return parts


def link(events: Sequence[Event], lang: str, root: str) -> str:
    """The page in the state of the first event: its province, pollutant and day."""
    first = events[0]
    day = (first["since"] or first["at"] or "")[:10]
    last = (first["at"] or "")[:10]
    query = {"lang": lang, "p": first["code"], "x": first["pollutant"], "since": day, "until": last}
    found = urlencode({key: value for key, value in query.items() if value})
    return f"{root.rstrip('/')}/past?{found}"

"""Alerts as documents for machines: an Atom feed of transitions, a CAP 1.2 message of one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from aq import __version__
from aq.alerts.channels import CapSettings
from aq.alerts.wording import compose, link, rule_title
from aq.domain.clock import kst, kst_iso
from aq.domain.model import YellowDust
from aq.domain.provinces import BY_CODE
from aq.i18n import text_in

Event = dict[str, Any]
ATOM = "http://www.w3.org/2005/Atom"
CAP = "urn:oasis:names:tc:emergency:cap:1.2"
CAP_SEVERITY = {
    "notice": "Minor",
    "warning": "Moderate",
    "alarm": "Severe",
    "emergency": "Extreme",
}
LEVEL_NOTE = "A level reckoned from measurements; not an authority's advisory."
OFFICIAL_NOTE = "An authority's act, as AirKorea lists it; passed on, not issued, by the sender."
# What begins is an alert of its own; what changes one names it.
_FIRST = ("first", "pending")


def _under(parent: Element, name: str, text: str, **attributes: str) -> Element:
    made = SubElement(parent, name, attributes)
    made.text = text
    return made


def atom(
    events: Sequence[Event],
    sender: str,
    lang: str,
    base: str,
    now: datetime,
    *,
    simulated: bool,
    yellow_dust: Sequence[YellowDust] = (),
    below: str = "",
    own: str = "alerts.atom",
) -> bytes:
    """An Atom 1.0 feed (RFC 4287), an entry per transition, newest first; after them one for each
    act of yellow dust of which no rule told, with what the authority said and no more.

    Parameters
    ----------
    events : as `aq.alerts.rules.log` gives them
    sender : in whose name the ids are made; they never change for a transition
    base : the server's address, or "" for addresses relative to the feed's own
    below : the path below which the site stands where its address is not known
    own : the feed's own way from there
    """
    root = base or below
    stem = f"tag:{sender},2026-01-01:alerts"
    feed = Element("feed", {"xmlns": ATOM, "xml:lang": lang})
    _under(feed, "id", stem)
    title = "대기질 17 알림" if lang == "ko" else "Air Quality 17, alerts"
    _under(feed, "title", f"[SIMULATED] {title}" if simulated else title)
    told = {(act["at"], act["areas"]) for event in events
            if "areas" in (act := event["official"] or {})}  # fmt: skip
    yellow_dust = [act for act in yellow_dust if (kst_iso(act.at), act.areas) not in told]
    changes = [*(changed(event) for event in events), *(kst_iso(act.at) for act in yellow_dust)]
    _under(feed, "updated", max(changes, default=kst_iso(now)))
    SubElement(feed, "link", {"rel": "self", "href": f"{root}/{own}"})
    _under(SubElement(feed, "author"), "name", sender)
    _under(feed, "generator", "aq", version=__version__)
    for event in events:
        entry = SubElement(feed, "entry")
        headline, words = _words(event, lang, base, simulated=simulated)
        _under(entry, "id", f"{stem}/{event['id']}")
        _under(entry, "title", headline)
        _under(entry, "published", event["decided_at"])
        _under(entry, "updated", changed(event))
        _alternate(entry, "text/html", link([event], lang, root))
        _alternate(entry, "application/cap+xml", f"{root}/api/v1/alerts/{event['id']}.cap")
        _under(entry, "category", "", term=event["reason"])
        _under(entry, "content", words, type="text")
    for act in yellow_dust:
        _yellow_dust(feed, act, stem, lang, root, simulated=simulated)
    body: bytes = tostring(feed, encoding="utf-8", xml_declaration=True)
    return body


def _alternate(entry: Element, media_type: str, href: str) -> None:
    SubElement(entry, "link", {"rel": "alternate", "type": media_type, "href": href})


def _yellow_dust(
    feed: Element, act: YellowDust, stem: str, lang: str, root: str, *, simulated: bool
) -> None:
    """An entry of an act of yellow dust: areas and round as they were told; it has no level and no
    end."""
    words = text_in(lang)
    title = words("Yellow dust act: {areas}", areas=act.areas)
    entry = SubElement(feed, "entry")
    slot = f"{kst(act.at):%Y%m%dT%H%M%S}-{act.sequence or 0}"
    _under(entry, "id", f"{stem}/yellow-dust/{slot}")
    _under(entry, "title", f"[SIMULATED] {title}" if simulated else title)
    _under(entry, "published", kst_iso(act.at))
    _under(entry, "updated", kst_iso(act.at))
    _alternate(entry, "text/html", f"{root}/advisories?lang={lang}")
    _alternate(entry, "application/json", f"{root}/api/v1/advisories")
    _under(entry, "category", "", term="yellow_dust")
    told = words("Issued {when}", when=words.minute(act.at))
    if act.sequence:
        told += words(", round {n}", n=act.sequence)
    note = words("An act of yellow dust has no level and no end in the service.")
    _under(entry, "content", f"{told}: {act.areas}. {note}", type="text")


def changed(event: Event) -> str:
    """When a transition was decided, or taken back."""
    return str(max(event["decided_at"], event["retracted_at"] or ""))


def _words(event: Event, lang: str, base: str, *, simulated: bool) -> tuple[str, str]:
    message = {"id": event["message"] or event["id"], "events": [event], "simulated": simulated}
    return compose(message, lang, base)


def cap(
    event: Event, earlier: Sequence[Event], settings: CapSettings, base: str, *, simulated: bool
) -> bytes:
    """A CAP 1.2 message (OASIS CAP-v1.2-os, 2010-07-01) of one transition.

    `earlier` are the transitions of the same alert before it: an update or a cancellation names
    them. Simulated data are never more than a test.
    """
    root = Element("alert", {"xmlns": CAP})
    _under(root, "identifier", f"{settings.prefix}-{event['id']}")
    _under(root, "sender", settings.sender)
    _under(root, "sent", event["decided_at"])
    _under(root, "status", "Test" if simulated else settings.status)
    # A message that changes another must name it; of one nobody was told there is none to name.
    kind = _kind(event) if earlier else "Alert"
    _under(root, "msgType", kind)
    _under(root, "scope", settings.scope)
    if settings.scope == "Restricted":
        _under(root, "restriction", settings.restriction)
    if settings.scope == "Private":
        _under(root, "addresses", _quoted(settings.addresses))
    _under(root, "note", OFFICIAL_NOTE if event["rule_kind"] == "official" else LEVEL_NOTE)
    if kind != "Alert":
        named = (
            f"{settings.sender},{settings.prefix}-{e['id']},{e['decided_at']}" for e in earlier
        )
        _under(root, "references", " ".join(named))
    for lang, tag in (("ko", "ko-KR"), ("en", "en-US")):
        _info(root, event, lang, tag, base, simulated=simulated)
    body: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return body


def _quoted(words: str) -> str:
    """One addressee; with blanks in quotation marks, as the list is parted by blanks."""
    return f'"{words}"' if " " in words else words


def _kind(event: Event) -> str:
    if event["change"] == "resolved":
        return "Cancel"
    return "Alert" if event["change"] in _FIRST else "Update"


def _info(root: Element, event: Event, lang: str, tag: str, base: str, *, simulated: bool) -> None:
    headline, words = _words(event, lang, base, simulated=simulated)
    ended = _kind(event) == "Cancel"
    info = SubElement(root, "info")
    _under(info, "language", tag)
    _under(info, "category", "Env")
    _under(info, "category", "Health")
    _under(info, "event", rule_title(event["rule"], event["rule_name"], text_in(lang)))
    _under(info, "responseType", "AllClear" if ended else "Monitor")
    _under(info, "urgency", "Past" if ended else "Immediate")
    _under(info, "severity", CAP_SEVERITY[event["severity"]])
    seen = event["feed_kind"] == "observed" or event["official"]
    _under(info, "certainty", "Observed" if seen else "Possible")
    _under(info, "effective", event["decided_at"])
    if event["since"]:
        _under(info, "onset", event["since"])
    official = event["official"] or {}
    if "told_until" in official:
        _under(info, "expires", official["told_until"])
    _under(info, "senderName", "대기질 17" if lang == "ko" else "Air Quality 17")
    _under(info, "headline", headline[:160])
    _under(info, "description", words)
    if base:
        _under(info, "web", f"{base}/alerts")
    for name in ("pollutant", "value", "peak", "unit", "threshold", "stations", "feed", "status"):
        if event[name] is not None:
            parameter = SubElement(info, "parameter")
            _under(parameter, "valueName", name)
            _under(parameter, "value", str(event[name]))
    for name in ("act", "label", "zone", "at", "round", "areas"):
        if official.get(name):
            parameter = SubElement(info, "parameter")
            _under(parameter, "valueName", f"official {name}")
            _under(parameter, "value", str(official[name]))
    area = SubElement(info, "area")
    province = BY_CODE.get(event["code"] or "")
    name = (province.ko if lang == "ko" else province.en) if province else event["place"]
    zone = text_in(lang).zone(official.get("zone") or event.get("zone") or "")
    _under(area, "areaDesc", f"{name} {zone}".strip())
    if province:
        code = SubElement(area, "geocode")
        _under(code, "valueName", "ISO 3166-2")
        _under(code, "value", province.code)

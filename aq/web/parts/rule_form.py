"""The form of an alert rule: a body drawn as fields, the fields read back as a body."""

from collections.abc import Mapping, Sequence
from datetime import time
from html import escape
from typing import Any

import streamlit as st

from aq.alerts import SEVERITIES, Problem
from aq.alerts.rule import LONGEST_HOURS, OFFICIAL, WEEKDAYS, YELLOW_DUST
from aq.domain.clock import kst_day
from aq.domain.model import LANGUAGES
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.domain.windows import OVERALL
from aq.domain.zones import KINDS
from aq.i18n import N_, Text
from aq.web.parts import cache, page
from aq.web.wording.alerts import OVER_NAMES, SEVERITY_WORDS, zone_name
from aq.web.wording.korean import province_name
from aq.zones_file import zones_on

KIND_NAMES = {
    "air": N_("measured air"),
    "official": N_("official advisories"),
    "data_late": N_("data that come late"),
    "watchdog": N_("the alerts themselves: a sign of life"),
}
WATCH_NAMES = {
    "value": N_("the value"),
    "grade": N_("the level of a standard"),
    "index": N_("the index of a standard"),
}
QUIET_NAMES = {
    "hold": N_("hold messages until the end"),
    "digest": N_("one summary at the end"),
    "send_above": N_("send the severe ones at once, hold the rest"),
}
DAY_NAMES = {
    "mon": N_("Mon"),
    "tue": N_("Tue"),
    "wed": N_("Wed"),
    "thu": N_("Thu"),
    "fri": N_("Fri"),
    "sat": N_("Sat"),
    "sun": N_("Sun"),
}
# What a field takes, where a checker speaks only English.
FORMS = {
    "id": N_("Small letters a–z, digits and -, beginning with a letter or digit, 40 at most."),
    "name": N_("A name of 1 to 80 letters."),
    "note": N_("2,000 letters at most."),
}
# Moved levels end here [the pollutant's unit]; the step is what people name levels in.
_SPANS: Mapping[str, tuple[float, float]] = {
    "pm10": (600, 5),
    "pm25": (300, 5),
    "o3": (0.6, 0.005),
    "no2": (1, 0.01),
    "so2": (1, 0.01),
    "co": (50, 0.5),
}
MOST_LEVEL = 1e6
LEVEL_NAMES = ("threshold", "clear_below")
# Level, its label, hours in a row, their label.
_LEVEL_FIELDS = (
    ("threshold", N_("Fires at or above"), "for", N_("Hours in a row before it fires")),
    ("clear_below", N_("Clears below"), "clear_for", N_("Hours in a row before it clears")),
)
# A field in the words of the form, where a change is told.
FIELD_WORDS = {
    "name": N_("Name"),
    "kind": N_("What the rule is about"),
    "feed": N_("Feed"),
    "provinces": N_("Provinces"),
    "zones": N_("Zones"),
    "pollutant": N_("Pollutant"),
    "watch": N_("What is watched"),
    "over": N_("Over what"),
    "standard": N_("Standard"),
    **{level: label for level, label, _, _ in _LEVEL_FIELDS},
    **{hours: label for _, _, hours, label in _LEVEL_FIELDS},
    "severity": N_("Severity"),
    "repeat_hours": N_("Repeat after hours (0: never)"),
    "language": N_("Language of messages"),
    "channels": N_("Channels"),
    "quiet": N_("Quiet hours"),
    "note": N_("Note"),
}
_UNSAID = {"kind": "air", "pollutant": "pm10", "watch": "value"}
_GRADES, _INDEX, _LATE_HOURS = (8, 1), (500, 5), (48, 1)


class Form:
    """Fields of one rule being edited. `version` tells one opening of the form from the next."""

    def __init__(self, body: Mapping[str, Any], version: str, text: Text) -> None:
        self.body, self.version, self.text = body, version, text
        self._slots: list[tuple[tuple[str, ...], Any]] = []

    def _key(self, name: str) -> str:
        return f"rule {self.version} {name}"

    def _body(self, key: str) -> str:
        """What the body says of what is watched, said or not."""
        return str(self.body.get(key, _UNSAID[key]))

    def _wrong(self, *names: str) -> None:
        """Room beside some fields for what is wrong with them."""
        self._slots.append((names, st.empty()))

    def tell(self, found: Sequence[Problem]) -> None:
        """Say what is wrong, each beside its field; the rest at the end."""
        rest = list(found)
        for names, slot in self._slots:
            here = [one for one in rest if one.field.split(".")[0] in names]
            rest = [one for one in rest if one not in here]
            if here:
                slot.html(_wrong_html(here, self.text))
        if rest:
            st.html(_wrong_html(rest, self.text))

    def _pick(self, name: str, label: str, names: Mapping[str, str], default: str) -> str:
        options, text = list(names), self.text
        present = str(self.body.get(name, default))
        chosen: str = st.selectbox(
            label,
            options,
            index=options.index(present) if present in options else 0,
            format_func=lambda one: text(names[one]),
            key=self._key(name),
        )
        return chosen

    def watching(self, *, new: bool) -> dict[str, Any]:
        """The fields that say what is watched: name, places, pollutant."""
        kind, text = str(self.body.get("kind", "air")), self.text
        if new:
            kind = self._pick("kind", text("What the rule is about"), KIND_NAMES, "air")
        out: dict[str, Any] = {"kind": kind} | self._naming(new=new)
        return out if kind == "watchdog" else out | self._subject(kind)

    def _naming(self, *, new: bool) -> dict[str, Any]:
        text = self.text
        name = st.text_input(text("Name"), self.body.get("name", ""), key=self._key("name"))
        self._wrong("name")
        given = self.body.get("id", "")
        if new:
            label = text("Short name (a–z, 0–9, -)")
            given = st.text_input(label, given, key=self._key("id"))
            self._wrong("id")
        return {"id": given, "name": name}

    def _subject(self, kind: str) -> dict[str, Any]:
        text = self.text
        if kind == "data_late":
            feeds = {"": text("every live feed")}
            feeds |= {name: text.feed(name) for name in cache.context().settings.live_feeds}
            return {"feed": self._plain("feed", text("Feed"), feeds)}
        codes = st.multiselect(
            text("Provinces (none: all 17)"),
            [province.code for province in PROVINCES],
            [code for code in self.body.get("provinces", ()) if code in BY_CODE],
            format_func=lambda code: province_name(BY_CODE[code], text.lang),
            key=self._key("provinces"),
            placeholder=text("all 17"),
        )
        self._wrong("provinces")
        keys = OFFICIAL if kind == "official" else (*pollutants(), OVERALL)
        names = {key: text.pollutant(key) for key in keys}
        if kind == "official":
            names[YELLOW_DUST] = text("Yellow dust")
            pollutant = self._plain("pollutant", text("Pollutant"), names, "pm10")
            self._wrong("pollutant")
            words = text(
                "Each act of the authority is told once: issued, raised, lowered, cleared."
                " It is the authority's word as AirKorea lists it, not a level calculated"
                " here."
            )
            page.html(f'<p class="muted">{escape(words)}</p>')
            return {"provinces": codes, "pollutant": pollutant}
        what, over_what = st.columns(2)
        with what:
            pollutant = self._plain("pollutant", text("Pollutant"), names, "pm10")
            self._wrong("pollutant")
            watch = self._pick("watch", text("What is watched"), WATCH_NAMES, "value")
            self._wrong("watch")
        out = {"provinces": codes, "pollutant": pollutant, "watch": watch}
        with over_what:
            out["over"] = self._pick("over", text("Over what"), OVER_NAMES, "mean")
            self._wrong("over")
            if out["over"] == "zone" and not codes:
                out["zones"] = self._zones(pollutant)
            if watch != "value":
                known = cache.context().standards
                titles = {name: page.standard_name(rules, text) for name, rules in known.items()}
                out["standard"] = self._plain("standard", text("Standard"), titles, "airkorea_1h")
                self._wrong("standard")
        return out

    def _zones(self, pollutant: str) -> list[str]:
        """Zones of today; those of the body that are none any more stay in the field."""
        text, named = self.text, list(self.body.get("zones", ()))
        kind = KINDS.get(pollutant, "")
        there = [zone.full_name for zone in zones_on(kst_day(cache.moment()), kind)]
        chosen: list[str] = st.multiselect(
            text("Zones (none: every one)"),
            list(dict.fromkeys([*there, *named])),
            named,
            key=self._key(f"zones {kind}"),
            format_func=lambda name: zone_name(name, text),
            placeholder=text("every zone"),
        )
        self._wrong("zones")
        return chosen

    def _plain(self, name: str, label: str, names: Mapping[str, str], default: str = "") -> str:
        """A choice among names that are in the reader's language already."""
        options = list(names)
        present = str(self.body.get(name, default))
        chosen: str = st.selectbox(
            label,
            options,
            index=options.index(present) if present in options else 0,
            format_func=names.__getitem__,
            key=self._key(f"{name} {len(options)}"),
        )
        return chosen

    def levels(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """From when it fires and clears, in numbers, where what is watched has levels."""
        if said["kind"] in ("official", "watchdog"):
            return {}
        usual = dict(zip(LEVEL_NAMES, usual_levels(said), strict=True))
        out: dict[str, Any] = {}
        columns = st.columns(4, vertical_alignment="bottom")
        for place, (level, label, hours, how_long) in enumerate(_LEVEL_FIELDS):
            with columns[2 * place]:
                out[level] = self._level(said, level, self.text(label), usual[level])
                self._wrong(level)
            with columns[2 * place + 1]:
                out[hours] = self._hours(hours, self.text(how_long))
        return out

    def level_key(self, said: Mapping[str, Any], name: str) -> str:
        """The key of a level's field: levels of different things are fields of their own."""
        return self._key(f"{name} {said.get('pollutant')} {said.get('watch')}")

    def _level(self, said: Mapping[str, Any], name: str, label: str, usual: float) -> float:
        # Levels of another pollutant, or of a grade, say nothing here.
        same = all(said.get(key) == self._body(key) for key in ("kind", "pollutant", "watch"))
        saved = self.body.get(name) if same else None
        unit = _unit(said, self.text)
        number = st.number_input(
            f"{label} [{unit}]" if unit else label,
            0.0,
            MOST_LEVEL,
            min(max(float(usual if saved is None else saved), 0.0), MOST_LEVEL),
            float(span(said)[1]),
            format="%g",
            key=self.level_key(said, name),
        )
        return int(number) if float(number).is_integer() else round(number, 6)

    def _hours(self, name: str, label: str) -> int:
        hours = st.number_input(
            label, 1, LONGEST_HOURS, int(self.body.get(name, 1)), key=self._key(name)
        )
        self._wrong(name)
        return int(hours)

    def telling(self, channels: Sequence[str], *, repeats: bool) -> dict[str, Any]:
        """The fields that say who is told, when and how; whether the rule is on stays as it is."""
        text = self.text
        one, two, three = st.columns(3)
        with one:
            severity = self._pick("severity", text("Severity"), SEVERITY_WORDS, "warning")
        repeat = 0
        if repeats:
            with two:
                repeat = st.number_input(
                    text("Repeat after hours (0: never)"),
                    0,
                    168,
                    int(self.body.get("repeat_hours") or 0),
                    key=self._key("repeat"),
                )
                self._wrong("repeat_hours")
        with three if repeats else two:
            other = {lang: name for lang, name in page.OTHER_NAMES.items() if lang in LANGUAGES}
            language = self._plain("language", text("Language of messages"), other, "ko")
        named = list(self.body.get("channels", ()))
        # A channel that is gone stays in the field, so that its error has a place.
        offered = list(dict.fromkeys([*channels, *named]))
        if offered:
            chosen = st.multiselect(
                text("Channels"),
                offered,
                named,
                key=self._key("channels"),
            )
        else:
            chosen = []
            words = text("No channel is configured; alerts stand on this page and in the feed.")
            page.html(f'<p class="muted">{escape(words)}</p>')
        self._wrong("channels")
        out: dict[str, Any] = {"severity": severity, "language": language, "channels": chosen}
        if repeat:
            out["repeat_hours"] = int(repeat)
        quiet = self._quiet()
        if quiet:
            out["quiet"] = quiet
        label = text("Note")
        out["note"] = st.text_area(
            label, self.body.get("note", ""), key=self._key("note"), height=80
        )
        self._wrong("note")
        return {**out, "enabled": self.body.get("enabled", True)}

    def _quiet(self) -> dict[str, Any] | None:
        text, given = self.text, self.body.get("quiet") or {}
        if not st.toggle(text("Quiet hours"), bool(given), key=self._key("quiet")):
            return None
        one, two, three = st.columns([1, 1, 2])
        with one:
            start = st.time_input(
                text("from"), _clock(given.get("start", "22:00")), key=self._key("start")
            )
        with two:
            end = st.time_input(
                text("until"), _clock(given.get("end", "07:00")), key=self._key("end")
            )
        with three:
            days = st.multiselect(
                text("Days on which they begin"),
                list(WEEKDAYS),
                list(given.get("days", WEEKDAYS)),
                format_func=lambda one: text(DAY_NAMES[one]),
                key=self._key("days"),
            )
        options = list(QUIET_NAMES)
        then = st.selectbox(
            text("Meanwhile"),
            options,
            index=options.index(given.get("then", "hold")),
            format_func=lambda one: text(QUIET_NAMES[one]),
            key=self._key("then"),
        )
        self._wrong("quiet")
        out = {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}", "days": days, "then": then}
        if then == "send_above":
            levels = list(SEVERITIES)
            out["above"] = st.selectbox(
                text("Severe is from"),
                levels,
                index=levels.index(given.get("above", "alarm")),
                format_func=lambda one: text(SEVERITY_WORDS[one]),
                key=self._key("above"),
            )
        return out


def _wrong_html(found: Sequence[Problem], text: Text) -> str:
    lines = "".join(
        f'<p class="wrong" role="alert">{escape(_said(problem, text))}</p>' for problem in found
    )
    return f'<div class="aq">{lines}</div>'


def _said(problem: Problem, text: Text) -> str:
    """A problem in the reader's language; one of a field's form is said as what the field takes."""
    if "reason" in problem.values and problem.field in FORMS:
        return text(FORMS[problem.field])
    return text(problem.message, **problem.values)


def _clock(words: str) -> time:
    try:
        return time.fromisoformat(words)
    except ValueError:
        return time(0)


def usual_levels(said: Mapping[str, Any]) -> tuple[float, float]:
    """Levels to begin with where there are none: (fires, clears)."""
    top, step = span(said)
    if said.get("watch") == "grade":
        return 3.0, 3.0
    fires, clears = (round(round(top * part / step) * step, 6) for part in (1 / 4, 1 / 6))
    return float(fires), float(clears)


def span(said: Mapping[str, Any]) -> tuple[float, float]:
    """(the highest level that arrows and pointer choose, their step) [what is watched's unit]."""
    if said["kind"] == "data_late":
        return _LATE_HOURS
    if said["watch"] == "grade":
        return _GRADES
    if said["watch"] == "index" or said["pollutant"] == "overall":
        return _INDEX
    return _SPANS[said["pollutant"]]


def _unit(said: Mapping[str, Any], text: Text) -> str:
    if said["kind"] == "data_late":
        return text("hours")
    if said["watch"] != "value" or said["pollutant"] not in pollutants():
        return ""
    return pollutants()[said["pollutant"]].unit

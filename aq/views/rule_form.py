"""The form of an alert rule: a body drawn as fields, the fields read back as a body."""

from collections.abc import Mapping, Sequence
from datetime import time
from html import escape
from typing import Any

import streamlit as st

from aq.alerts import SEVERITIES, Problem
from aq.alerts.rule import OFFICIAL, OVERALL, WEEKDAYS
from aq.regions import BY_CODE, PROVINCES
from aq.text import LANGUAGES, N_, Text
from aq.units import pollutants
from aq.views import cache, page
from aq.views.alert_words import SEVERITY_WORDS
from aq.views.words import province_name

KIND_NAMES = {
    "air": N_("measured air"),
    "official": N_("official advisories"),
    "data_late": N_("data that come late"),
}
WATCH_NAMES = {
    "value": N_("the value"),
    "grade": N_("the level of a standard"),
    "index": N_("the index of a standard"),
}
OVER_NAMES = {
    "mean": N_("the province's mean"),
    "any_station": N_("any one station"),
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
# Sliders end here [the pollutant's unit]; the step is what people name levels in.
_SPANS: Mapping[str, tuple[float, float]] = {
    "pm10": (600, 5),
    "pm25": (300, 5),
    "o3": (0.6, 0.005),
    "no2": (1, 0.01),
    "so2": (1, 0.01),
    "co": (50, 0.5),
}
_GRADES, _INDEX, _LATE_HOURS = (8, 1), (500, 5), (48, 1)


class Form:
    """Fields of one rule being edited. `version` tells one opening of the form from the next."""

    def __init__(self, body: Mapping[str, Any], version: str, text: Text) -> None:
        self.body, self.version, self.text = body, version, text
        self._slots: list[tuple[tuple[str, ...], Any]] = []

    def _key(self, name: str) -> str:
        return f"rule {self.version} {name}"

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

    def draw(self, channels: Sequence[str], *, new: bool) -> dict[str, Any]:
        """All fields; gives the body they say."""
        kind, text = str(self.body.get("kind", "air")), self.text
        if new:
            kind = self._pick("kind", text("What the rule is about"), KIND_NAMES, "air")
        out: dict[str, Any] = {"kind": kind}
        out |= self._naming(new=new)
        out |= self._watching(kind)
        if kind != "official":
            out |= self._levels(out)
        out |= self._telling(channels, repeats=kind != "official")
        return out

    def _naming(self, *, new: bool) -> dict[str, Any]:
        text = self.text
        left, right = st.columns([2, 1])
        with left:
            name = st.text_input(text("Name"), self.body.get("name", ""), key=self._key("name"))
            self._wrong("name")
        with right:
            given = st.text_input(
                text("Short name (a–z, 0–9, -)"),
                self.body.get("id", ""),
                key=self._key("id"),
                disabled=not new,
            )
            self._wrong("id")
        return {"id": given, "name": name}

    def _watching(self, kind: str) -> dict[str, Any]:
        text = self.text
        if kind == "data_late":
            feeds = {"": text("every live feed")}
            feeds |= {name: text.feed(name) for name in cache.runtime().settings.live_feeds}
            return {"feed": self._plain("feed", text("Feed"), feeds)}
        where, what = st.columns([2, 1])
        with where:
            codes = st.multiselect(
                text("Provinces (none: all 17)"),
                [one.code for one in PROVINCES],
                [code for code in self.body.get("provinces", ()) if code in BY_CODE],
                format_func=lambda code: province_name(BY_CODE[code], text.lang),
                key=self._key("provinces"),
                placeholder=text("all 17"),
            )
            self._wrong("provinces")
        with what:
            keys = OFFICIAL if kind == "official" else (*pollutants(), OVERALL)
            names = {key: text.pollutant(key) for key in keys}
            pollutant = self._plain("pollutant", text("Pollutant"), names, "pm10")
            self._wrong("pollutant")
        if kind == "official":
            words = text(
                "Each act of the authority is told once: issued, raised, lowered, cleared. It is"
                " the authority's word as AirKorea lists it, not a level reckoned here."
            )
            page.html(f'<p class="muted">{escape(words)}</p>')
            return {"provinces": codes, "pollutant": pollutant}
        one, two, three = st.columns(3)
        with one:
            watch = self._pick("watch", text("What is watched"), WATCH_NAMES, "value")
            self._wrong("watch")
        with two:
            over = self._pick("over", text("Over what"), OVER_NAMES, "mean")
            self._wrong("over")
        out = {"provinces": codes, "pollutant": pollutant, "watch": watch, "over": over}
        if watch != "value":
            with three:
                known = cache.runtime().standards
                titles = {name: page.standard_name(rules, text) for name, rules in known.items()}
                out["standard"] = self._plain("standard", text("Standard"), titles, "airkorea_1h")
                self._wrong("standard")
        return out

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

    def _levels(self, said: Mapping[str, Any]) -> dict[str, Any]:
        text = self.text
        top, step = _span(said)
        unit = _unit(said, text)
        whole = float(step).is_integer()

        def slider(name: str, label: str, default: float) -> float:
            present = min(max(float(self.body.get(name, default)), 0.0), float(top))
            number = st.slider(
                f"{label} [{unit}]" if unit else label,
                0.0,
                float(top),
                present,
                float(step),
                format="%d" if whole else f"%.{len(str(step).split('.')[1])}f",
                key=self._key(f"{name} {said.get('pollutant')} {said.get('watch')}"),
            )
            return int(number) if whole else round(number, 6)

        left, right = st.columns(2)
        with left:
            threshold = slider("threshold", text("Fires at or above"), top / 4)
            self._wrong("threshold")
            hours = st.slider(
                text("for this many hours in a row"),
                1,
                24,
                min(int(self.body.get("for", 1)), 24),
                key=self._key("for"),
            )
            self._wrong("for")
        with right:
            clear = slider("clear_below", text("Clears below"), top / 6)
            self._wrong("clear_below")
            clear_for = st.slider(
                text("for this many hours in a row"),
                1,
                24,
                min(int(self.body.get("clear_for", 1)), 24),
                key=self._key("clear_for"),
            )
            self._wrong("clear_for")
        return {
            "threshold": threshold,
            "for": hours,
            "clear_below": clear,
            "clear_for": clear_for,
        }

    def _telling(self, channels: Sequence[str], *, repeats: bool) -> dict[str, Any]:
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
        with three:
            other = {lang: name for lang, name in page.OTHER_NAMES.items() if lang in LANGUAGES}
            language = self._plain("language", text("Language of messages"), other, "ko")
        if channels:
            chosen = st.multiselect(
                text("Channels"),
                list(channels),
                [name for name in self.body.get("channels", ()) if name in channels],
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
        note = st.text_area(
            text("Note"), self.body.get("note", ""), key=self._key("note"), height=80
        )
        enabled = st.toggle(text("On"), self.body.get("enabled", True), key=self._key("enabled"))
        return {**out, "note": note, "enabled": enabled}

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
        f'<p class="wrong" role="alert">{escape(text(one.message, **one.values))}</p>'
        for one in found
    )
    return f'<div class="aq">{lines}</div>'


def _clock(words: str) -> time:
    try:
        return time.fromisoformat(words)
    except ValueError:
        return time(0)


def _span(said: Mapping[str, Any]) -> tuple[float, float]:
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

"""The log of alerts: what happened, each entry with the readings behind it; as a file too."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import date, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from aq.alerts import rules as alerting
from aq.alerts import status
from aq.alerts.wording import rule_title
from aq.domain.clock import day_bounds, floor_hour, hour_number, kst, kst_day
from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, BY_ID, PROVINCES
from aq.i18n import N_, Text
from aq.web.base_path import below
from aq.web.parts import cache, episode_table, page
from aq.web.parts.tables import cards
from aq.web.wording.alerts import REASON_WORDS, act_words, amount, moment, place_name
from aq.web.wording.korean import long_minute, province_name

Fields = dict[str, Any]
# A table of more is no reading; the file has all.
SHOWN = 500
# What muted an entry -> words; else it was a rule.
MUTED_WORDS = {"silence": N_("silenced"), "unsaid": N_("nobody had been told of it")}
MUTED_BY_RULE = N_("the more severe alert was on")


def draw(text: Text) -> None:
    """The choices, the newest entries of the choice, and all of them as files."""
    page.html(f"<h2>{escape(text('What happened'))}</h2>")
    asked = _asked(text)
    episode_table.draw(asked, text)
    title = text("Entry by entry")
    page.html(f"<h3>{escape(title)}</h3>")
    found = status.log(cache.context().store, limit=SHOWN + 1, **asked)
    if not found:
        page.html(f"<p>{escape(text('Nothing is in the log for this choice.'))}</p>")
        return
    made = log_table(found[:SHOWN], text)
    rows = [_cells(row, text) for row in made.to_dict("records")]
    page.html(cards(title, list(made.columns), rows, text))
    if len(found) > SHOWN:
        words = text("The newest {n} are shown; the file has all.", n=SHOWN)
        page.html(f'<p class="muted">{escape(words)}</p>')
    _files(asked, text)


def _cells(row: Mapping[Hashable, Any], text: Text) -> list[str]:
    """An entry's cells as markup: long words may break, the readings are a link."""
    wide = {text("What happened"), text("Rule"), text("Told to")}
    cells = []
    for head, value in row.items():
        told = isinstance(value, str)  # a column of links has no-numbers where one is missing
        cell = escape(value) if told else "–"
        if head in wide:
            cell = f'<span class="words">{cell}</span>'
        elif told and head == text("Readings"):
            cell = f'<a href="{cell}" target="_self">{escape(text("open"))}</a>'
        cells.append(cell)
    return cells


def _asked(text: Text) -> dict[str, Any]:
    """The choices, as filters of `aq.alerts.rules.log`."""
    names = {
        one.rule.id: rule_title(one.rule.id, one.rule.name, text)
        for one in alerting.rules(cache.context().store)
    }
    where, what, why, when = st.columns(4)
    with where:
        place = st.selectbox(
            text("Where"),
            ["", *(province.code for province in PROVINCES)],
            format_func=lambda code: (
                province_name(BY_CODE[code], text.lang) if code else text("everywhere")
            ),
            key=f"log place {text.lang}",
        )
    with what:
        rule = st.selectbox(
            text("Rule"),
            ["", *names],
            format_func=lambda key: names.get(key) or text("every rule"),
            key=f"log rule {text.lang}",
        )
    with why:
        reasons = st.multiselect(
            text("What happened"),
            [key for key in REASON_WORDS if key != "nothing"],
            format_func=lambda key: text(REASON_WORDS[key]),
            key=f"log reason {text.lang}",
            placeholder=text("everything"),
        )
    with when:
        days = st.date_input(
            text("Days, first and last"),
            [],
            max_value=kst_day(cache.moment()),
            min_value=date(2000, 1, 1),
            key=f"log days {text.lang}",
            format="YYYY-MM-DD",
        )
    province = BY_CODE[place].id if place else None
    asked: dict[str, Any] = {"rule": rule or None, "province": province, "reasons": reasons}
    if days:
        after, until = day_bounds(days[0])[0], day_bounds(days[-1])[1]
        asked["hours"] = (hour_number(after) + 1, hour_number(until))
    return asked


def _files(asked: dict[str, Any], text: Text) -> None:
    given = {
        "rule": asked["rule"],
        "province": BY_ID[asked["province"]].code if asked["province"] else None,
        "reason": ",".join(asked["reasons"]),
    }
    query = urlencode({key: value for key, value in given.items() if value})
    address = below("/api/v1/alerts") + (f"?{query}" if query else "")
    st.download_button(
        text("All of these as CSV"),
        lambda: log_csv(asked, text),
        file_name=f"alerts-{floor_hour(cache.moment()):%Y%m%d%H}.csv",
        mime="text/csv",
        on_click="ignore",
    )
    links = (
        f'<a href="{escape(address)}">JSON</a> ·'
        f' <a href="{below("/alerts.atom")}?lang={text.lang}">{escape(text("Atom feed"))}</a>'
    )
    page.html(f'<p class="muted">{escape(text("For programs:"))} {links}</p>')


def log_csv(asked: dict[str, Any], text: Text) -> bytes:
    """Every entry of a choice, as a table program reads it: with ids, without links."""
    found = status.log(cache.context().store, **asked)
    table = log_table(found, text).drop(columns=text("Readings"))
    rows = _ordered(found)
    table[text("Hour (end, KST)")] = [_iso(row["at"]) for row in rows]
    table[text("Decided")] = [_iso(row["decided_at"]) for row in rows]
    table.insert(0, "id", [row["id"] for row in rows])
    return table.to_csv(index=False).encode("utf-8-sig")


def _ordered(found: Sequence[Fields]) -> list[Fields]:
    """The newest decision first, among those of one decision the newest hour."""
    return sorted(found, key=lambda fields: (fields["decided_at"], fields["at"]), reverse=True)


def log_table(found: Sequence[Fields], text: Text) -> pd.DataFrame:
    """The log as a reader's table."""
    rows = _ordered(found)
    return pd.DataFrame(
        {
            text("Hour (end, KST)"): [_minute(row["at"], text) for row in rows],
            text("Where"): [place_name(row["place"], text) for row in rows],
            text("What happened"): [what_happened(row, text) for row in rows],
            text("Value"): [amount(row, "value", text) for row in rows],
            text("Rule"): [rule_title(row["rule"], row["rule_name"], text) for row in rows],
            text("Told to"): [", ".join(row["receivers"]) or text("nobody") for row in rows],
            text("Readings"): [_readings(row) for row in rows],
            text("Seen by"): [
                row["acknowledged"]["who"] if row["acknowledged"] else "–" for row in rows
            ],
            text("Decided"): [_minute(row["decided_at"], text) for row in rows],
        }
    )


def _minute(iso: str | None, text: Text) -> str:
    at = moment(iso)
    return long_minute(text, at) if at else "–"


def _iso(iso: str | None) -> str:
    """As programs read a time: 2026-11-23 20:00."""
    at = moment(iso)
    return f"{kst(at):%Y-%m-%d %H:%M}" if at else "–"


def what_happened(fields: Fields, text: Text) -> str:
    """An entry in words: the change, and why nobody was told where nobody was."""
    words = text(REASON_WORDS[fields["change"]])
    if fields["change"] == "nothing" and fields["before"] == "pending":
        words = text("fell back before it began")
    if fields["official"]:
        words = act_words(fields, text)
    if fields["kind"] == "correction":
        words = text("correction: {what}", what=words)
    notes = [text("filled in later")] if fields["kind"] == "backfill" else []
    if fields["reason"] == "muted":
        by = str(fields["muted_by"]).split(":")[0]
        notes.append(text(MUTED_WORDS.get(by, MUTED_BY_RULE)))
    elif fields["reason"] == "held":
        notes.append(text(REASON_WORDS["held"]))
    if fields["retracted_at"]:
        notes.append(text("withdrawn by later data"))
    return f"{words} ({', '.join(notes)})" if notes else words


def _readings(fields: Fields) -> str | None:
    """The hours that caused an entry: of the province, or of its stations where one is enough."""
    at, since = moment(fields["at"]), moment(fields["since"])
    if not fields["code"] or at is None or fields["pollutant"] not in pollutants():
        return None
    days = {"since": kst_day(since or at) - timedelta(days=1), "until": kst_day(at)}
    if fields["zone"]:
        zone = page.query(p=fields["code"], x=fields["pollutant"], z=fields["place"])
        return f"{below('/zones')}?{zone}"
    target = "stations" if fields["over"] == "any_station" else "past"
    view = page.query(p=fields["code"], x=fields["pollutant"])
    return f"{below('/')}{target}?{view}&{urlencode(days)}"

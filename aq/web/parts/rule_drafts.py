"""Drafts of rules: what was changed in the form and not saved yet, kept in the page's address."""

import json
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote

import streamlit as st
from pydantic import ValidationError

from aq.alerts import Rule
from aq.alerts.rule import Quiet

Fields = dict[str, Any]
PARAM = "draft"
MOST = 6000  # letters of an address: servers in between commonly refuse more than 8,000
# What this session keeps: drafts by rule, the form's beginning, how often a form was begun anew.
_DRAFTS, _BEGUN, _TIMES = "rule drafts", "rule form begun", "rule forms begun anew"


def drafts() -> dict[str, Fields]:
    """Changed fields by rule: this session's, at first those of the address."""
    if _DRAFTS not in st.session_state:
        st.session_state[_DRAFTS] = read(st.query_params.get(PARAM, ""))
    kept: dict[str, Fields] = st.session_state[_DRAFTS]
    return kept


def read(address: str) -> dict[str, Fields]:
    """The drafts that an address holds; what is no field of a rule in its form is left out."""
    try:
        given = json.loads(address or "{}")
    except (ValueError, RecursionError):
        return {}
    if not isinstance(given, dict):
        return {}
    readable = {
        rule: {name: value for name, value in changes.items() if _fits(name, value)}
        for rule, changes in given.items()
        if isinstance(changes, dict)
    }
    return {rule: changes for rule, changes in readable.items() if changes}


def _fits(name: str, value: object) -> bool:
    try:
        Rule.model_validate({"id": "draft", "name": "draft", name: value})
    except ValidationError:
        return False
    return True


def begin(rule: str, version: str, saved: Fields) -> tuple[Fields, str]:
    """(body, version) a form begins with: what is saved with its draft over it. Both stay as they
    are while the form is open: fields whose beginning changed would be drawn anew under the hand.
    """
    version = f"{version} {st.session_state.get(_TIMES, 0)}"
    if st.session_state.get(_BEGUN, ("",))[0] != version:
        st.session_state[_BEGUN] = version, {**saved, **drafts().get(rule, {})}
    return st.session_state[_BEGUN][1], version


def keep(rule: str, saved: Mapping[str, Any], said: Mapping[str, Any]) -> Fields:
    """Keep what a form says otherwise than what is saved; gives that."""
    changes = {
        name: said.get(name)
        for name in {**said, **{name: None for name in ("quiet", "repeat_hours") if name in saved}}
        if _plain(name, said.get(name)) != _plain(name, saved.get(name))
    }
    put(rule, changes)
    return changes


def put(rule: str, changes: Fields, *, anew: bool = False) -> None:
    """Take fields as the draft of a rule, none to discard it; `anew` draws the form again."""
    if changes:
        drafts()[rule] = changes
    else:
        drafts().pop(rule, None)
    if anew:
        st.session_state[_TIMES] = st.session_state.get(_TIMES, 0) + 1


def write(rules: Collection[str]) -> bool:
    """Write the drafts of these rules into the address, so that a reload keeps them; False where
    they are too long for one."""
    kept = {rule: changes for rule, changes in drafts().items() if rule in rules}
    told = json.dumps(kept, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    fits = len(quote(told)) <= MOST
    if not kept or not fits:
        st.query_params.pop(PARAM, None)
    elif st.query_params.get(PARAM) != told:
        st.query_params[PARAM] = told
    return fits


def _plain(name: str, value: Any) -> Any:
    """A field's value as it compares: nothing said is as empty, quiet hours are whole."""
    if name == "quiet" and value:
        return Quiet.model_validate(value)
    return value or None

"""Signing in and out, and whether the reader may change anything: asked before each write too."""

from collections.abc import Callable
from datetime import datetime, timedelta
from html import escape

import streamlit as st

from aq.domain.errors import InputError
from aq.i18n import N_, Text
from aq.web.admin import SESSION_HOURS, TRIES_PER_MINUTE, Caller, administrator, password_matches
from aq.web.parts import cache, page
from aq.web.security import Buckets

LOOPBACK = "127.0.0.1"
DONE = "just done"
# The field of a refusal -> words.
REFUSALS = {
    "revision": N_("Somebody else changed this meanwhile. Look at it again; nothing was saved."),
    "why": N_("Say why it is silenced."),
    "until": N_("A silence must end after now."),
    "rule": N_("Choose a rule, a province or a pollutant: everything at once cannot be silenced."),
}
_TRIES = Buckets()


def who() -> str | None:
    """The administrator's name, or None for a reader who only looks."""
    settings = cache.context().settings
    return administrator(_caller(), local=settings.admin == "on", emails=settings.admin_emails)


def _caller() -> Caller:
    headers = {name.lower(): value for name, value in st.context.headers.to_dict().items()}
    # The framework says None for loopback; a connection without headers is none of a browser.
    address = st.context.ip_address or (LOOPBACK if headers else None)
    return Caller(headers=headers, address=address, email=_email(), password_by=_password_session())


def _email() -> str | None:
    """The address the sign-in service vouches for."""
    user = st.user.to_dict()
    if not user.get("is_logged_in") or user.get("email_verified") is False:
        return None
    found = user.get("email")
    return str(found) if found else None


def _password_session() -> str | None:
    until: datetime | None = st.session_state.get("admin until")
    return "admin" if until and cache.context().clock.now() < until else None


def write(act: Callable[[str], object], done: str = "") -> None:
    """Do what changes the store, if the reader still may; then draw anew and say `done`."""
    name, text = who(), page.words()
    if name is None:
        st.error(text("This needs an administrator; sign in first."))
        return
    try:
        act(name)
    except InputError as error:
        st.error(_refusal(error, text))
        return
    if done:
        st.session_state[DONE] = done
    st.rerun()


def _refusal(error: InputError, text: Text) -> str:
    """Why a write was refused; in the reader's language where it is one of those people meet."""
    known = REFUSALS.get(error.field or "")
    return text(known) if known and not error.unknown else str(error)


def stays() -> bool:
    """Whether a reader is the same after loading a page anew: a sign-in by password is not."""
    return not _password_session()


def panel() -> str | None:
    """Who is signed in and the way out, or the ways in; gives the administrator's name."""
    text, name = page.words(), who()
    settings = cache.context().settings
    done = st.session_state.pop(DONE, None)
    if done:
        st.toast(done)
    if name is not None:
        _signed_in(name, text)
        return name
    ways = settings.admin_password_hash is not None or _has_service()
    words = (
        text("Only an administrator changes rules and silences.")
        if ways
        else text(
            "Only an administrator changes rules and silences; none can sign in here"
            " (AQ_ADMIN_PASSWORD_HASH or a sign-in service is not set)."
        )
    )
    page.html(f'<p class="muted">{escape(words)}</p>')
    if settings.admin_password_hash is not None:
        _password_form(text)
    if _has_service() and st.button(text("Sign in with the organisation's account")):
        st.login()
    return None


def _signed_in(name: str, text: Text) -> None:
    words = (
        text("You may change rules: this is the machine the server runs on.")
        if name == "local"
        else text("Signed in as {name}.", name=name)
    )
    page.html(f'<p class="muted">{escape(words)}</p>')
    if name == "local":
        return
    if st.button(text("Sign out")):
        if st.session_state.pop("admin until", None) is None:
            st.logout()
        st.rerun()


def _has_service() -> bool:
    try:
        return "auth" in st.secrets and bool(cache.context().settings.admin_emails)
    except FileNotFoundError:
        return False


def _password_form(text: Text) -> None:
    with st.expander(text("Administrator: sign in")), st.form("sign in", border=False):
        given = st.text_input(text("Password"), type="password", autocomplete="current-password")
        if not st.form_submit_button(text("Sign in")):
            return
    wait = _TRIES.take("password", 1, TRIES_PER_MINUTE)
    kept = cache.context().settings.admin_password_hash
    if wait:
        st.error(text("Too many tries. Try again in {n} seconds.", n=int(wait) + 1))
    elif kept is not None and password_matches(given, kept.get_secret_value()):
        hours = timedelta(hours=SESSION_HOURS)
        st.session_state["admin until"] = cache.context().clock.now() + hours
        st.rerun()
    else:
        st.error(text("This is not the administrator's password."))

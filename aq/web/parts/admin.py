"""Signing in and out, and whether the reader may change anything: asked before each write too."""

from collections.abc import Callable
from datetime import datetime, timedelta
from html import escape

import streamlit as st

from aq.domain.errors import InputError
from aq.i18n import N_, Text
from aq.web.admin import (
    ALL_TRIES_PER_MINUTE,
    LOCAL,
    SESSION_HOURS,
    TRIES_PER_MINUTE,
    Caller,
    administrator,
    comes_from_here,
    cookie_name,
    local_counts,
    password_matches,
    verified_identity,
)
from aq.web.parts import cache, page
from aq.web.traffic import Buckets, client

LOOPBACK = "127.0.0.1"
DONE = "just done"
REFUSED = "admin.refused"
# The field of a refusal -> words.
REFUSALS = {
    "revision": N_("Somebody else changed this meanwhile. Look at it again; nothing was saved."),
    "why": N_("Say why it is silenced."),
    "who": N_("Say who you are."),
    "until": N_("A silence must end after now."),
    "rule": N_("Choose a rule, a province or a pollutant: everything at once cannot be silenced."),
}
_TRIES = Buckets()
_ALL_TRIES = Buckets()


def who() -> str | None:
    """The administrator's name, or None for a reader who only looks."""
    settings = cache.context().settings
    return administrator(
        _caller(),
        local=local_counts(settings),
        emails=settings.admin_emails,
        subjects=settings.admin_subjects,
    )


def _caller() -> Caller:
    headers = _headers()
    return Caller(
        headers=headers,
        address=_address(headers),
        proof=st.context.cookies.get(cookie_name(headers.get("host", ""))),
        identity=verified_identity(st.user.to_dict()),
        password_by=_password_session(),
    )


def _headers() -> dict[str, str]:
    return {name.lower(): value for name, value in st.context.headers.to_dict().items()}


def _address(headers: dict[str, str]) -> str | None:
    """Of the connection's other end. The framework says None for loopback; a connection without
    headers is none of a browser."""
    return st.context.ip_address or (LOOPBACK if headers else None)


def _password_session() -> str | None:
    until: datetime | None = st.session_state.get("admin until")
    return "admin" if until and cache.context().clock.now() < until else None


def write(act: Callable[[str], object], done: str = "", form: str = "") -> None:
    """Do what changes the store, if the reader still may; then draw anew and say `done`.

    Why it was refused is said at once; of a `form`, by its `refused` until it is sent again.
    """
    name, text = who(), page.words()
    st.session_state.pop(REFUSED, None)
    if name is None:
        st.error(text("This needs an administrator; sign in first."))
        return
    try:
        act(name)
    except InputError as error:
        if form:
            st.session_state[REFUSED] = form, _refusal(error, text)
        else:
            st.error(_refusal(error, text))
        return
    if done:
        st.session_state[DONE] = done
    st.rerun()


def refused(form: str) -> None:
    """Why a form was refused the last time it was sent, also after the page was drawn anew."""
    sent, why = st.session_state.get(REFUSED, ("", ""))
    if sent == form:
        st.error(why)


def _refusal(error: InputError, text: Text) -> str:
    """Why a write was refused; in the reader's language where it is one of those people meet."""
    known = REFUSALS.get(error.field or "")
    return text(known) if known and not error.unknown else str(error)


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
    if ways:
        words = text("Only an administrator changes rules and silences.")
    elif local_counts(settings) and comes_from_here(_caller(), page=True):
        words = text(
            "Only an administrator changes rules and silences: open the link that the server has"
            " printed on its terminal in this browser."
        )
    else:
        words = text(
            "Only an administrator changes rules and silences; none can sign in here"
            " (AQ_ADMIN_PASSWORD_HASH or a sign-in service is not set)."
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
        if name == LOCAL
        else text("Signed in as {name}.", name=name)
    )
    page.html(f'<p class="muted">{escape(words)}</p>')
    if name == LOCAL:
        return
    if st.button(text("Sign out")):
        if st.session_state.pop("admin until", None) is None:
            st.logout()
        st.rerun()


def _has_service() -> bool:
    settings = cache.context().settings
    try:
        return "auth" in st.secrets and bool(settings.admin_emails or settings.admin_subjects)
    except FileNotFoundError:
        return False


def _password_form(text: Text) -> None:
    with st.expander(text("Administrator: sign in")), st.form("sign in", border=False):
        given = st.text_input(text("Password"), type="password", autocomplete="current-password")
        if not st.form_submit_button(text("Sign in")):
            return
    wait = _tries_wait()
    kept = cache.context().settings.admin_password_hash
    if wait:
        st.error(text("Too many tries. Try again in {n} seconds.", n=int(wait) + 1))
    elif kept is not None and password_matches(given, kept.get_secret_value()):
        hours = timedelta(hours=SESSION_HOURS)
        st.session_state["admin until"] = cache.context().clock.now() + hours
        st.rerun()
    else:
        st.error(text("This is not the administrator's password."))


def _tries_wait() -> float:
    """Seconds until this client may try a password; 0 when it may now.

    Whatever others try, who has not tried in the last minute may: nobody is locked out by them.
    """
    settings = cache.context().settings
    # Some proxies add a line to those that the client has sent.
    forwarded = ",".join(st.context.headers.get_all("x-forwarded-for"))
    asking = client(_address(_headers()) or "", forwarded, settings.server.trusted_proxies)
    busy = _ALL_TRIES.take("", 1, ALL_TRIES_PER_MINUTE) > 0
    return _TRIES.take(asking, TRIES_PER_MINUTE if busy else 1, TRIES_PER_MINUTE)

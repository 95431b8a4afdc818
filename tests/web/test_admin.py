"""Who may change anything: one table of requests, and passwords."""

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from starlette.routing import Match

from aq.domain.errors import ConfigError
from aq.settings import load
from aq.web.admin import (
    FORWARDING,
    LINK,
    LINK_PATH,
    LOCAL,
    Caller,
    LocalLink,
    administrator,
    comes_from_here,
    link_route,
    local_counts,
    mailbox,
    password_matches,
    verified_identity,
)

HERE = {"host": "127.0.0.1:8501"}
PAGE = {**HERE, "origin": "http://127.0.0.1:8501"}


@pytest.mark.parametrize(
    ("headers", "address", "local"),
    [
        (HERE, "127.0.0.1", True),
        ({"host": "localhost:8501"}, "127.0.0.1", True),
        ({"host": "[::1]:8501"}, "::1", True),
        ({"host": "localhost"}, "127.0.0.1", True),
        ({"host": "127.9.9.9:1"}, "127.9.9.9", True),
        ({**HERE, "origin": "http://127.0.0.1:8501"}, "127.0.0.1", True),
        # Another page in the same browser, another name for this machine, nobody known.
        ({**HERE, "origin": "http://evil.example"}, "127.0.0.1", False),
        ({**HERE, "origin": "http://127.0.0.1:9999"}, "127.0.0.1", False),
        ({**HERE, "origin": "null"}, "127.0.0.1", False),
        ({"host": "evil.example:8501"}, "127.0.0.1", False),
        ({"host": "127.0.0.1.evil.example"}, "127.0.0.1", False),
        ({"host": "localhost@evil.example"}, "127.0.0.1", False),
        ({"host": "air.example"}, "203.0.113.9", False),
        ({"host": "localhost:8501"}, "203.0.113.9", False),
        ({"host": "[::1"}, "127.0.0.1", False),
        ({}, "127.0.0.1", False),
        (HERE, "::ffff:127.0.0.1", True),
        (HERE, "::ffff:203.0.113.9", False),
        (HERE, None, False),
    ],
)
def test_here_is_this_machine_to_this_machine_through_nobody(
    headers: dict[str, str], address: str | None, local: bool
) -> None:
    assert comes_from_here(Caller(headers=headers, address=address)) is local


@pytest.mark.parametrize("name", FORWARDING)
def test_a_forwarded_request_is_not_from_here(name: str) -> None:
    assert not comes_from_here(Caller(headers={**HERE, name: "127.0.0.1"}, address="127.0.0.1"))


def link() -> tuple[str, str]:
    """A key of the process's link and the cookie for it."""
    keys: list[str] = []
    LINK.announce = keys.append
    LINK.renew()
    cookie = LINK.open(keys[0])
    assert cookie is not None
    return keys[0], cookie


@pytest.mark.parametrize(("method", "match"), [("GET", Match.FULL), ("HEAD", Match.PARTIAL)])
def test_who_looks_ahead_does_not_use_the_link_up(method: str, match: Match) -> None:
    scope = {"type": "http", "method": method, "path": LINK_PATH}
    assert link_route(lambda: True).matches(scope)[0] is match


def test_the_local_administrator_proves_himself_and_can_be_turned_off() -> None:
    _, cookie = link()
    unproven = Caller(headers=PAGE, address="127.0.0.1")
    proven = Caller(headers=PAGE, address="127.0.0.1", proof=cookie)
    assert administrator(unproven, local=True, emails=()) is None
    assert administrator(proven, local=True, emails=()) == LOCAL
    assert administrator(proven, local=False, emails=()) is None
    for headers, address in (
        (HERE, "127.0.0.1"),  # no browser's page: it names no origin
        ({**PAGE, "via": "1.1 somebody"}, "127.0.0.1"),
        (PAGE, "203.0.113.9"),
        ({**PAGE, "origin": "http://127.0.0.1:9999"}, "127.0.0.1"),
    ):
        caller = Caller(headers=headers, address=address, proof=cookie)
        assert administrator(caller, local=True, emails=()) is None


def test_a_link_opens_one_browser_and_is_followed_by_another() -> None:
    keys: list[str] = []
    made = LocalLink(announce=keys.append)
    assert made.open("") is None
    made.renew()
    cookie = made.open(keys[0])
    assert made.open(keys[0]) is None
    assert len(set(keys)) == 2
    assert made.opened(cookie)
    assert not made.opened(None)
    assert not made.opened("")
    assert not made.opened("바람")
    other = made.open(keys[1])
    assert made.opened(cookie)
    assert made.opened(other)


@pytest.mark.parametrize(
    ("environment", "counts"),
    [
        ({}, True),
        ({"AQ_ADMIN": "off"}, False),
        ({"AQ_SERVER__TRUSTED_PROXIES": "10.0.0.0/8"}, False),
        ({"AQ_SERVER__PUBLIC_URL": "https://air.example"}, False),
    ],
)
def test_where_others_are_meant_to_come_nobody_is_local(
    environment: dict[str, str], counts: bool
) -> None:
    assert local_counts(load(environment)) is counts


def test_only_listed_accounts_and_the_password_sign_in_from_outside() -> None:
    outside = {"headers": {"host": "air.example"}, "address": "203.0.113.9"}
    emails = ("Duty@example.org",)

    def name(**identity: str) -> str | None:
        return administrator(
            Caller(**outside, identity=identity),
            local=True,
            emails=emails,
            subjects=("https://id.example 17",),
        )

    assert name() is None
    assert name(email="duty@Example.org") == "duty@Example.org"
    assert name(email="duty@example.org.evil.example") is None
    assert name(iss="https://id.example", sub="17") == "https://id.example 17"
    assert name(iss="https://evil.example", sub="17") is None
    assert name(sub="17") is None
    signed = Caller(**outside, password_by="admin")
    assert administrator(signed, local=False, emails=()) == "admin"


@pytest.mark.parametrize("verified", [None, 0, 1, "false", "true", False, [], "missing"])
def test_an_address_counts_only_when_it_is_verified_in_so_many_words(verified: object) -> None:
    user = {"is_logged_in": True, "email": "a@b.kr", "iss": "https://id.example", "sub": "17"}
    if verified != "missing":
        user["email_verified"] = verified
    assert "email" not in verified_identity(user)
    assert verified_identity(user)["sub"] == "17"
    user["email_verified"] = True
    assert verified_identity(user)["email"] == "a@b.kr"
    assert verified_identity({**user, "is_logged_in": "yes"}) == {}
    assert verified_identity({**user, "email": ["a@b.kr"]}).get("email") is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Boss@Example.org", "boss@example.ORG", True),
        ("boſs@example.org", "boss@example.org", False),
        ("\u212aim@example.org", "kim@example.org", False),  # the sign of the kelvin
        ("duty@straße.example", "duty@strasse.example", False),
        ("duty@한국.example", "duty@xn--3e0b707e.example", True),
        ("duty@exa\u2011mple.org", "duty@example.org", False),
        ("duty", "duty@", False),
    ],
)
def test_addresses_are_compared_as_mail_knows_them(one: str, other: str, same: bool) -> None:
    assert (mailbox(one) == mailbox(other)) is same


@given(st.dictionaries(st.sampled_from(["host", "origin", *FORWARDING]), st.text(max_size=40)))
def test_nothing_a_header_says_brings_an_outsider_here(headers: dict[str, str]) -> None:
    assert not comes_from_here(Caller(headers=headers, address="203.0.113.9"))


def test_the_password_is_the_one_that_was_hashed() -> None:
    kept = PasswordHasher(time_cost=1, memory_cost=64).hash("바람")
    assert password_matches("바람", kept)
    assert not password_matches("바람 ", kept)
    assert not password_matches("바람", "not a hash")


def test_a_hash_that_is_none_stops_the_start_and_is_not_shown() -> None:
    with pytest.raises(ConfigError, match="argon2") as caught:
        load({"AQ_ADMIN_PASSWORD_HASH": "plain words"})
    assert "plain words" not in str(caught.value)
    kept = PasswordHasher(time_cost=1, memory_cost=64).hash("바람")
    settings = load({"AQ_ADMIN_PASSWORD_HASH": kept, "AQ_ADMIN_EMAILS": "a@b.kr, c@d.kr"})
    assert settings.admin_emails == ("a@b.kr", "c@d.kr")
    settings = load({"AQ_ADMIN_SUBJECTS": "https://id.example 17, https://id.example 18"})
    assert settings.admin_subjects == ("https://id.example 17", "https://id.example 18")
    with pytest.raises(ConfigError, match="issuer"):
        load({"AQ_ADMIN_SUBJECTS": "17"})
    settings = load({"AQ_ADMIN_PASSWORD_HASH": kept})
    assert kept not in repr(settings)
    assert kept in [one.get_secret_value() for one in settings.secrets]

"""Who may change anything: one table of requests, and passwords."""

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from aq.domain.errors import ConfigError
from aq.settings import load
from aq.web.admin import FORWARDING, LOCAL, Caller, administrator, is_local, password_matches

HERE = {"host": "127.0.0.1:8501"}


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
        (HERE, None, False),
    ],
)
def test_local_is_this_machine_to_this_machine_through_nobody(
    headers: dict[str, str], address: str | None, local: bool
) -> None:
    assert is_local(Caller(headers=headers, address=address)) is local


@pytest.mark.parametrize("name", FORWARDING)
def test_a_forwarded_request_is_not_local(name: str) -> None:
    assert not is_local(Caller(headers={**HERE, name: "127.0.0.1"}, address="127.0.0.1"))


def test_the_local_administrator_can_be_turned_off() -> None:
    caller = Caller(headers=HERE, address="127.0.0.1")
    assert administrator(caller, local=True, emails=()) == LOCAL
    assert administrator(caller, local=False, emails=()) is None


def test_only_listed_addresses_and_the_password_sign_in_from_outside() -> None:
    outside = {"headers": {"host": "air.example"}, "address": "203.0.113.9"}
    emails = ("Duty@example.org",)
    assert administrator(Caller(**outside), local=True, emails=emails) is None
    listed = Caller(**outside, email="duty@Example.org")
    assert administrator(listed, local=True, emails=emails) == "duty@Example.org"
    other = Caller(**outside, email="duty@example.org.evil.example")
    assert administrator(other, local=True, emails=emails) is None
    signed = Caller(**outside, password_by="admin")
    assert administrator(signed, local=False, emails=()) == "admin"


@given(st.dictionaries(st.sampled_from(["host", "origin", *FORWARDING]), st.text(max_size=40)))
def test_nothing_a_header_says_makes_an_outsider_local(headers: dict[str, str]) -> None:
    assert not is_local(Caller(headers=headers, address="203.0.113.9"))


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
    assert kept not in repr(settings)
    assert kept in [one.get_secret_value() for one in settings.secrets]

"""Channels: where alerts go is checked at the start, secrets come from the environment only."""

import pytest

from aq.alerts.channels import CapSettings, Outlets, load_outlets, parse_outlets
from aq.domain.errors import ConfigError
from aq.paths import ROOT

URLS = {
    "mail": "mailtos://duty:s3cret-word@mail.example.org?to=duty@example.org",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#air",
    "telegram": "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "ntfy": "ntfys://ntfy.example.org/a-secret-topic",
    "webhook": "https://hooks.example.org/in/9f8e7d6c5b4a",
    "json": "jsons://example.org/alerts/4f5g6h7j8k",
}
KEY = "sixteen-letters-x"


def _parsed(text: str, **environ: str) -> Outlets:
    return parse_outlets(text, "alerts.toml", environ)


@pytest.mark.parametrize("kind", URLS)
def test_each_kind_takes_its_address_from_the_environment(kind: str) -> None:
    secret = 'secret = "env:KEY"' if kind == "webhook" else ""
    text = f'[channels.one]\nkind = "{kind}"\nurl = "env:PLACE"\n{secret}\n'
    found = _parsed(text, PLACE=URLS[kind], KEY=KEY)
    channel = found.channels["one"]
    assert channel.url is not None
    assert channel.url.get_secret_value() == URLS[kind]
    assert channel.as_dict() == {"name": "one", "kind": kind, "lang": "ko", "digest": None}
    assert URLS[kind].split("://")[1] not in repr(found)
    assert KEY not in repr(found)
    assert URLS[kind] in found.secrets
    assert (KEY in found.secrets) == (kind == "webhook")


def test_a_file_needs_no_secret_and_stands_in_the_programs_folder() -> None:
    found = _parsed('[channels.log]\nkind = "file"\npath = "var/alerts.jsonl"\nlang = "en"\n')
    assert found.channels["log"].path == ROOT / "var" / "alerts.jsonl"
    assert found.channels["log"].lang == "en"


HOOK = '[channels.x]\nkind = "webhook"\nurl = "env:U"\nsecret = "env:K"\n'


@pytest.mark.parametrize(
    ("text", "environ", "where", "says"),
    [
        ("[channels.x]\n", {}, "alerts.toml:1", "kind is missing"),
        ('[channels.x]\nkind = "pigeon"\n', {}, "alerts.toml:2", "known are mail"),
        ('[channels."A b"]\nkind = "file"\n', {}, "alerts.toml:1", "small letters"),
        ('[channels.x]\nkind = "file"\n', {}, "alerts.toml:1", "path is missing"),
        ('[channels.x]\nkind = "file"\npath = "var/"\n', {}, "alerts.toml:3", "name a file"),
        ('[channels.x]\nkind = "mail"\npath = "a"\n', {}, "alerts.toml:3", "means nothing"),
        ('[channels.x]\nkind = "mail"\nurl = "mailto://u:p@h"\n', {}, "alerts.toml:3", "env:NAME"),
        ('[channels.x]\nkind = "mail"\nurl = "env:U"\n', {}, "U", "is not set; alerts.toml:3"),
        ('[channels.x]\nkind = "mail"\nurl = "env:AQ_U"\n', {"AQ_U": "x"}, "alerts.toml:3", "AQ_"),
        ('[channels.x]\nkind = "mail"\nurl = "env:U"\n', {"U": "https://x.org"}, "U", "mailto://"),
        ('[channels.x]\nkind = "slack"\nurl = "env:U"\n', {"U": "slack://no"}, "U", "not accept"),
        ('[channels.x]\nkind = "mail"\nlang = "fr"\n', {}, "alerts.toml:3", "known are ko, en"),
        ('[channels.x]\nkind = "mail"\ndigest = "hourly"\n', {}, "alerts.toml:3", "daily, weekly"),
        (HOOK, {"U": "https://u:p@x.org", "K": KEY}, "U", "not a web address"),
        (HOOK, {"U": "https://x.org:99999", "K": KEY}, "U", "not a web address"),
        (HOOK, {"U": "https://x.org", "K": "short"}, "K", "at least 16"),
        ("chanels = 1\n", {}, "alerts.toml:1", "unknown key 'chanels'"),
        ("[cap]\nsender = 'a b'\n", {}, "alerts.toml:2", "without blanks"),
        ("[cap]\nstatus = 'Real'\n", {}, "alerts.toml:2", "known are Actual"),
        ("[cap]\nscope = 'Restricted'\n", {}, "alerts.toml:2", "needs restriction"),
        ("[cap\n", {}, "alerts.toml:1", "not readable as TOML"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(
    text: str, environ: dict[str, str], where: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        _parsed(text, **environ)
    assert caught.value.where == where
    assert says in str(caught.value)
    for secret in environ.values():
        assert secret not in str(caught.value)


def test_a_refused_address_in_the_file_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        _parsed('[channels.x]\nkind = "mail"\nurl = "mailto://u:topsecret@h.org"\n')
    assert "topsecret" not in str(caught.value)


def test_the_shipped_file_has_no_channel_and_calls_documents_exercises() -> None:
    found = load_outlets({})
    assert found.channels == {}
    assert (found.cap.status, found.cap.scope) == ("Exercise", "Private")
    assert found.cap == CapSettings()

"""Where alerts are sent and what their documents are signed with: `config/alerts.toml`, checked."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from pydantic import SecretStr

from aq.domain.errors import ConfigError
from aq.domain.model import LANGUAGES
from aq.logs import register
from aq.paths import config_file, home, own_config
from aq.toml import TomlTable, read_text

FILE_NAME = "alerts.toml"
WEBHOOK, FILE, MAIL, KAKAOTALK, WEB_PUSH = "webhook", "file", "mail", "kakaotalk", "webpush"
HEARTBEAT = "heartbeat"  # no channel: an address that is asked for after a complete pass
# kind -> schemes its URL may have; all but webhook and file are Apprise's.
SCHEMES: Mapping[str, tuple[str, ...]] = {
    MAIL: ("mailto", "mailtos"),
    "slack": ("slack",),
    "telegram": ("tgram",),
    "discord": ("discord",),
    "ntfy": ("ntfy", "ntfys"),
    KAKAOTALK: ("kakaotalk", "kakao"),
    WEB_PUSH: ("vapid",),
    WEBHOOK: ("https", "http"),
    "json": ("json", "jsons"),
    FILE: (),
}
DIGESTS = ("daily", "weekly")
SHORTEST_KEY = 16  # characters of a webhook's secret
CAP_STATUS = ("Actual", "Exercise", "System", "Test", "Draft")
CAP_SCOPE = ("Public", "Restricted", "Private")
# Other tables of the same file belong to whoever reads them.
_TOP = ("channels", "cap", "heartbeat", "rules", "rule")
_CHANNEL = ("kind", "url", "secret", "path", "lang", "digest", "private")
_CAP = ("sender", "prefix", "status", "scope", "addresses", "restriction")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_FROM_ENVIRONMENT = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")
# What CAP 1.2 forbids in sender and identifier.
_QUOTED = re.compile(r"\s*[(\['\"][^)\]'\"]*[)\]'\"]")
_CAP_TOKEN = re.compile(r"[^\s,<&]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A way out. Its address and key are secrets: they never stand in a text, log or page."""

    name: str
    kind: str
    url: SecretStr | None = None
    secret: SecretStr | None = None
    path: Path | None = None
    lang: str = "ko"
    digest: str | None = None
    private: bool = False

    def as_dict(self) -> dict[str, str | None]:
        """What may be shown of a channel."""
        return {"name": self.name, "kind": self.kind, "lang": self.lang, "digest": self.digest}


@dataclass(frozen=True, slots=True, kw_only=True)
class CapSettings:
    """Who signs CAP documents, and for whom they are."""

    sender: str = "air-quality-17@localhost"
    prefix: str = "aq17"
    status: str = "Exercise"
    scope: str = "Private"
    addresses: str = "operators of this server"
    restriction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """All channels by name, the settings of CAP documents, where a complete pass is told."""

    channels: Mapping[str, Channel] = field(default_factory=lambda: MappingProxyType({}))
    cap: CapSettings = CapSettings()
    heartbeat: SecretStr | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every text that must not leave the program: addresses, their parts that tell, keys."""
        found: list[str] = []
        for one in self.channels.values():
            found += [one.secret.get_secret_value()] if one.secret else []
            found += _telling(one.url.get_secret_value()) if one.url else []
        found += _telling(self.heartbeat.get_secret_value()) if self.heartbeat else []
        return tuple(found)


def _telling(url: str) -> list[str]:
    """A URL, and the parts of it that are secrets by themselves: password, tokens in the path."""
    if not url:
        return []
    rest = url.split("://", 1)[-1]
    host = urlsplit(f"//{rest}").hostname or ""
    pieces = re.split(r"[/?&=@:]", rest)
    # Words such as a host or a port are no secrets; a token is long or has digits and letters.
    tokens = [piece for piece in pieces if len(piece) >= 8 and piece.lower() != host]
    return [url, rest, *tokens]


def load_outlets(environ: Mapping[str, str] | None = None) -> Outlets:
    """Read `alerts.toml`, the site's own where there is one; without the file there is no channel.

    Raises `ConfigError` with file and line, or the variable, and what was expected.
    """
    environ = {**kept_variables(), **os.environ} if environ is None else environ
    path = config_file(FILE_NAME, environ)
    if not path.exists():
        return Outlets()
    return parse_outlets(read_text(path), str(path), environ)


def kept_variables() -> dict[str, str]:
    """Variables of channels that `aq rules new` has kept in `var/channels.env`; the environment
    wins over them. Raises `ConfigError` where the file cannot be read."""
    path = kept_file()
    lines = read_text(path).splitlines() if path.exists() else []
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def kept_file() -> Path:
    """Where addresses and keys of channels made by `aq rules new` are; its owner alone reads it."""
    return home() / "var" / "channels.env"


def add_channel(name: str, kind: str, values: Mapping[str, str]) -> Path:
    """Write a channel to the site's own `alerts.toml`, its address and key (`url`, `secret`) to
    `kept_file`; gives the configuration's file.

    Raises `ConfigError` when the channel would be wrong, or a file cannot be written; then both
    files are as they were.
    """
    variables = {key: f"CHANNEL_{name.upper().replace('-', '_')}_{key.upper()}" for key in values}
    lines = [f"[channels.{name}]", f'kind = "{kind}"']
    lines += [f'{key} = "env:{variable}"' for key, variable in variables.items()]
    config, kept = own_config() / FILE_NAME, kept_file()
    before = config.read_text("utf-8") if config.exists() else ""
    text = "\n".join([before.rstrip(), "", *lines, ""]).lstrip("\n")
    given = {variables[key]: value for key, value in values.items()}
    parse_outlets(text, str(config), {**os.environ, **kept_variables(), **given})
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        whole = "".join(f"{k}={v}\n" for k, v in {**kept_variables(), **given}.items())
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(whole)
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", str(config)) from None
    return config


def outlets() -> Outlets:
    """The channels of this process's configuration, read again when the file has changed; their
    secrets are blanked from then on. Raises `ConfigError`."""
    path = config_file(FILE_NAME)
    return _outlets(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=4)
def _outlets(_path: Path, _changed: int) -> Outlets:
    made = load_outlets()
    register(made.secrets)
    return made


def parse_outlets(text: str, where: str, environ: Mapping[str, str]) -> Outlets:
    """The file's text with the environment it speaks of."""
    top = TomlTable.read(text, where, _TOP)
    channels: dict[str, Channel] = {}
    names = top.get("channels", dict) or {}
    for name in names:
        table = top.inner("channels", names).inner(name, _CHANNEL)
        if not _NAME.fullmatch(name):
            raise table.refuse(f"channel name {name!r}: small letters, digits, - and _, at most 40")
        channels[name] = _channel(name, table, environ)
    cap = _cap(top.inner("cap", _CAP)) if "cap" in top.data else CapSettings()
    beat = None
    if "heartbeat" in top.data:
        table = top.inner("heartbeat", ("url",))
        beat = SecretStr(_from_environment(table, "url", environ, HEARTBEAT))
    return Outlets(channels=MappingProxyType(channels), cap=cap, heartbeat=beat)


def _channel(name: str, table: TomlTable, environ: Mapping[str, str]) -> Channel:
    kind = table.one_of("kind", tuple(SCHEMES))
    allowed = {FILE: ("path",), WEBHOOK: ("url", "secret", "private"), "json": ("url", "private")}
    own = ("kind", "lang", "digest", *allowed.get(kind, ("url",)))
    for key in table.data:
        if key not in own:
            raise table.refuse(f"{key} means nothing for a channel of kind {kind}", key)
    lang = table.one_of("lang", LANGUAGES) if "lang" in table.data else "ko"
    digest = table.one_of("digest", DIGESTS) if "digest" in table.data else None
    if kind == FILE:
        path = table.need("path", str)
        if not path.strip() or path.endswith("/"):
            raise table.refuse("path must name a file", "path")
        return Channel(name=name, kind=kind, lang=lang, digest=digest, path=home() / path)
    url = SecretStr(_from_environment(table, "url", environ, kind))
    secret = SecretStr(_from_environment(table, "secret", environ)) if kind == WEBHOOK else None
    private = table.get("private", bool) or False
    return Channel(
        name=name, kind=kind, lang=lang, digest=digest, url=url, secret=secret, private=private
    )


def _from_environment(
    table: TomlTable, key: str, environ: Mapping[str, str], kind: str = ""
) -> str:
    """The value of the variable named; refuses one written into the file without repeating it."""
    match = _FROM_ENVIRONMENT.fullmatch(table.need(key, str).strip())
    if match is None:
        raise table.refuse(f"{key} must be env:NAME; its value stands in the environment", key)
    name = match.group(1)
    if name.startswith("AQ_"):
        raise table.refuse("names that begin with AQ_ are settings; choose another", key)
    value = environ.get(name, "").strip()
    if not value:
        place = table.refuse("", key).where
        raise ConfigError(f"is not set; {place} takes the channel's {key} from it", name)
    problem = _url_problem(kind, value) if key == "url" else _key_problem(value)
    if problem:
        raise ConfigError(problem, name)
    return value


def _key_problem(value: str) -> str | None:
    if len(value) >= SHORTEST_KEY:
        return None
    return f"a webhook's secret needs at least {SHORTEST_KEY} characters"


def _url_problem(kind: str, value: str) -> str | None:
    """Why a URL is none for a kind of channel; None where it is one."""
    scheme, found, _ = value.partition("://")
    if kind == HEARTBEAT:
        web = scheme.lower() in SCHEMES[WEBHOOK] and _is_web_address(value)
        return None if web else "a web address is needed, like https://hc-ping.com/…"
    if not found or scheme.lower() not in SCHEMES[kind]:
        wanted = " or ".join(f"{scheme}://" for scheme in SCHEMES[kind])
        return f"a channel of kind {kind} needs a URL that begins with {wanted}"
    if kind == WEBHOOK:
        return None if _is_web_address(value) else "not a web address"
    reason = _apprise_reason(value)
    if reason is None:
        return None
    return f"Apprise does not accept this {scheme}:// URL: {reason}; docs/alerts.md shows one"


def _apprise_reason(url: str) -> str | None:
    """Why Apprise does not accept a URL, without what it quotes of it; None where it does."""
    from apprise import Apprise  # noqa: PLC0415 - most sites have none of its channels
    from apprise.exception import AppriseException  # noqa: PLC0415

    try:
        made = Apprise.instantiate(url, suppress_exceptions=False)
    except (TypeError, AppriseException) as error:
        return _QUOTED.sub("", str(error)).strip(" .") or "something in it is missing"
    return None if made is not None else "something in it is missing or has the wrong form"


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        return False


def _cap(table: TomlTable) -> CapSettings:
    plain = CapSettings()
    texts = {key: (table.get(key, str) or getattr(plain, key)).strip() for key in _CAP}
    for key in ("sender", "prefix"):
        if not _CAP_TOKEN.fullmatch(texts[key]):
            raise table.refuse(f"{key} must be one word without blanks, commas, < and &", key)
    for key, known in (("status", CAP_STATUS), ("scope", CAP_SCOPE)):
        if texts[key] not in known:
            raise table.refuse(f"{key} {texts[key]!r}; known are {', '.join(known)}", key)
    if texts["scope"] == "Restricted" and not texts["restriction"]:
        raise table.refuse("scope Restricted needs restriction: who may have it", "scope")
    if texts["scope"] == "Private" and not texts["addresses"]:
        raise table.refuse("scope Private needs addresses", "scope")
    return CapSettings(**texts)

"""Configuration files and environment into frozen models, or a refusal that names the place."""

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from argon2 import extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
    model_validator,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from aq.domain.clock import Clock
from aq.domain.errors import ConfigError
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.domain.selection import Selection
from aq.feeds import registry
from aq.feeds.registry import INFO, NOTICES, PREFERRED, SPECS
from aq.feeds.spec import FeedSettings, http_url
from aq.paths import SHIPPED, config_file, home, own_config
from aq.toml import first_problem, located, parse, read_text

# Variables that are read elsewhere or only by tests; every other AQ_ name must be a setting.
LISTS = ("minutes", "prefer", "trusted_proxies", "admin_emails", "admin_subjects")
OTHER_VARIABLES = frozenset(
    {"AQ_CONFIG", "AQ_HOME", "AQ_ENV_FILE", "AQ_SAMPLES", "AQ_RECORDED", "AQ_CASES"}
)
# Station hours younger than this may still be asked for again.
LEAST_MONTHS = 4


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSettings(_Section):
    host: str = "127.0.0.1"
    port: int = Field(8501, ge=1, le=65535)
    costly_per_minute: int = Field(600, ge=20)
    trusted_proxies: tuple[str, ...] = ()
    connections: int = Field(2000, ge=20)
    connections_per_client: int = Field(200, ge=10)
    pages: int = Field(400, ge=1)
    pages_per_client: int = Field(40, ge=1)
    messages_per_minute: int = Field(1200, ge=60)
    public_url: str = ""

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str) -> str:
        return http_url(value) if value.strip() else ""

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network, strict=False)
        return value


class DisplaySettings(_Section):
    standard: str = "airkorea_1h"
    stale_after_hours: int = Field(2, ge=1, le=48)
    hide_after_hours: int = Field(6, ge=1, le=72)

    @model_validator(mode="after")
    def _in_order(self) -> "DisplaySettings":
        if self.hide_after_hours < self.stale_after_hours:
            raise ValueError("hide_after_hours must not be less than stale_after_hours")
        return self


class LogsSettings(_Section):
    format: Literal["text", "json"] = "text"


class ScheduleSettings(_Section):
    minutes: tuple[int, ...] = (20, 35, 50)
    complete_share: float = Field(0.95, gt=0, le=1)
    lease_seconds: int = Field(300, ge=10, le=3600)

    @field_validator("minutes")
    @classmethod
    def _minutes(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or any(not 0 <= minute < 60 for minute in value):
            raise ValueError("minutes of the hour, 0 to 59, at least one")
        return tuple(sorted(set(value)))


class RetentionSettings(_Section):
    station_months: int = Field(0, ge=0, le=1200)
    folder: str = ""

    @field_validator("station_months")
    @classmethod
    def _months(cls, value: int) -> int:
        if 0 < value < LEAST_MONTHS:
            raise ValueError(
                f"0 (keep all) or at least {LEAST_MONTHS}: sources give three months anew"
            )
        return value


class PublishSettings(_Section):
    folder: str = ""


class FeedsSettings(_Section):
    """The order in which feeds are read, and a section for each feed that is asked."""

    prefer: tuple[str, ...] = PREFERRED

    @field_validator("prefer")
    @classmethod
    def _every_feed(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Feeds that are not named come after those that are, in their own order."""
        unknown = sorted(set(value) - set(PREFERRED))
        if unknown:
            raise ValueError(f"unknown feed {', '.join(unknown)}; known are {', '.join(PREFERRED)}")
        if len(set(value)) < len(value):
            raise ValueError("each feed at most once")
        return (*value, *(name for name in PREFERRED if name not in value))

    def of(self, name: str) -> FeedSettings:
        """The section of a feed that has one."""
        section: FeedSettings = getattr(self, name)
        return section


if TYPE_CHECKING:
    AllFeeds = FeedsSettings
else:
    AllFeeds = create_model(
        "AllFeeds",
        __base__=FeedsSettings,
        **{
            name: (spec.settings, Field(default_factory=spec.settings))
            for name, spec in SPECS.items()
            if spec.settings is not None
        },
    )


class Point(_Section):
    name: str
    latitude: float = Field(ge=33, le=39)
    longitude: float = Field(ge=124, le=132)


class MergedStations(_Section):
    gwangju: tuple[str, ...]
    jeonnam: tuple[str, ...]


class ProvinceData(_Section):
    """`config/provinces.toml`: a point per province, names of the merged unit's stations."""

    points: dict[str, Point]
    merged_stations: MergedStations

    @field_validator("points")
    @classmethod
    def _all_provinces(cls, value: dict[str, Point]) -> dict[str, Point]:
        unknown = sorted(set(value) - set(BY_CODE))
        missing = sorted(set(BY_CODE) - set(value))
        if unknown or missing:
            raise ValueError(f"unknown province {unknown}, missing province {missing}")
        return {province.code: value[province.code] for province in PROVINCES}


def _database_url(value: str) -> URL:
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError("not a database URL; sqlite:///… or postgresql://…") from None
    if url.drivername in ("postgresql", "postgres"):  # as PostgreSQL's own tools write it
        return url.set(drivername="postgresql+psycopg")
    return url


class Settings(_Section):
    """Everything a person can set. Built by `load`, never changed."""

    database_url: str = Field("", validate_default=True)
    read_url: str = ""
    scheduler: Literal["on", "off"] = "on"
    lang: Literal["ko", "en"] = "ko"
    clock: str = ""
    base_path: str = ""
    admin: Literal["on", "off"] = "on"
    admin_emails: tuple[str, ...] = ()
    admin_subjects: tuple[str, ...] = ()
    admin_password_hash: SecretStr | None = None
    server: ServerSettings = ServerSettings()
    logs: LogsSettings = LogsSettings()
    display: DisplaySettings = DisplaySettings()
    schedule: ScheduleSettings = ScheduleSettings()
    retention: RetentionSettings = RetentionSettings()
    publish: PublishSettings = PublishSettings()
    feeds: AllFeeds = Field(default_factory=AllFeeds)
    provinces: ProvinceData

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value:
            return f"sqlite:///{home() / 'var' / 'aq.db'}"
        url = _database_url(value)
        value = url.render_as_string(hide_password=False)
        if url.drivername not in ("sqlite", "postgresql+psycopg"):
            raise ValueError("the store is sqlite:///… or postgresql://…")
        if url.drivername == "sqlite" and not url.database:
            raise ValueError("a store in memory would be lost; name a file: sqlite:///aq.db")
        if url.drivername == "sqlite" and url.database:
            # The same file from wherever the process goes on working.
            return f"sqlite:///{Path(url.database).absolute()}"
        return value

    @field_validator("read_url")
    @classmethod
    def _standby(cls, value: str, info: ValidationInfo) -> str:
        if not value:
            return ""
        url, primary = _database_url(value), make_url(info.data.get("database_url", ""))
        if {url.drivername, primary.drivername} != {"postgresql+psycopg"}:
            raise ValueError(
                "reads go to a hot standby of PostgreSQL only: name both stores as postgresql://…,"
                " or leave read_url out"
            )
        if url == primary:
            raise ValueError(
                "the same as database_url: name a hot standby of it, or leave read_url out"
            )
        return url.render_as_string(hide_password=False)

    @field_validator("admin_password_hash")
    @classmethod
    def _argon2(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            try:
                extract_parameters(value.get_secret_value())
            except InvalidHashError:
                raise ValueError(
                    "not an argon2 hash; make one with: python -m argon2 (or argon2-cffi's"
                    " PasswordHasher().hash)"
                ) from None
        return value

    @field_validator("admin_subjects")
    @classmethod
    def _subjects(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(subject.split(" ")) != 2 for subject in value):
            raise ValueError("each is the issuer's URL, a blank, and the subject")
        return value

    @field_validator("base_path")
    @classmethod
    def _below(cls, value: str) -> str:
        """Segments of letters, digits, dots and dashes, with a slash before each and none after."""
        path = f"/{value.strip('/ ')}" if value.strip("/ ") else ""
        if path and not re.fullmatch(r"(/[A-Za-z0-9._~-]*[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+", path):
            raise ValueError("a path like /air, of letters, digits, dots and dashes")
        return path

    @field_validator("clock")
    @classmethod
    def _clock_text(cls, value: str) -> str:
        Clock.from_text(value)
        return value

    @cached_property
    def the_clock(self) -> Clock:
        """The clock of this process, started when first asked for."""
        return Clock.from_text(self.clock)

    @property
    def public_root(self) -> str:
        """Where readers find the site, without a slash at its end; "" where nobody said. Where
        `public_url` names a host alone, `base_path` comes after it."""
        public = self.server.public_url.rstrip("/")
        return public if not public or urlsplit(public).path else public + self.base_path

    @property
    def public_doubt(self) -> str:
        """In what `public_url` and `base_path` are at odds, and what to do; "" where they agree."""
        public = self.server.public_url.rstrip("/")
        if not public or urlsplit(public).path.endswith(self.base_path):
            return ""
        taken = f", so it is taken as {self.public_root}" if self.public_root != public else ""
        return (
            f"server.public_url {public} does not end with base_path {self.base_path}{taken}:"
            f" set it to the whole address that readers see"
        )

    @property
    def store_file(self) -> Path | None:
        """The file of the embedded store; None where the store is a server."""
        url = make_url(self.database_url)
        return Path(url.database) if url.drivername == "sqlite" and url.database else None

    @property
    def store_address(self) -> str:
        """Where the store is, without its password."""
        return make_url(self.database_url).render_as_string()

    @property
    def read_address(self) -> str:
        """Where the standby is, without its password."""
        return make_url(self.read_url).render_as_string()

    @property
    def archive_folder(self) -> Path:
        """Where months of station hours are archived: beside the embedded store by default."""
        if self.retention.folder:
            return Path(self.retention.folder)
        return (self.store_file.parent if self.store_file else home() / "var") / "archive"

    @property
    def secrets(self) -> tuple[SecretStr, ...]:
        """Every secret given, so that logs can be kept free of them."""
        sections = (self.feeds.of(name) for name, spec in SPECS.items() if spec.settings)
        keys = (*(section.key for section in sections), self.admin_password_hash)
        return tuple(key for key in keys if key is not None)

    @cached_property
    def selection(self) -> Selection:
        """The choice of the feed that an hour, a day or a month is read from."""
        return Selection.preferring(self.feeds.prefer, INFO.values())

    def daily_limit(self, feed: str) -> int | None:
        """Calls a KST day that a feed's operations may make; None for a feed without calls."""
        host = SPECS[feed].host
        return self.feeds.of(host).daily_limit if SPECS[host].settings else None

    @property
    def notice_feeds(self) -> tuple[str, ...]:
        """Feeds of the authority's notices that are asked, with the key of another feed."""
        return tuple(name for name in NOTICES if SPECS[name].host in self.live_feeds)

    @property
    def live_feeds(self) -> tuple[str, ...]:
        """Feeds that are polled, most preferred first."""
        polled = (name for name in self.feeds.prefer if SPECS[name].settings)
        return tuple(name for name in polled if self.feeds.of(name).live)


def read_provinces(folder: Path) -> ProvinceData:
    """`provinces.toml` of a configuration folder; raises `ConfigError` with file and line."""
    path = folder / "provinces.toml"
    text = read_text(path)
    try:
        return ProvinceData.model_validate(parse(text, str(path)))
    except ValidationError as error:
        loc, message = first_problem(error)
        words = f"{'.'.join(map(str, loc))}: {message}"
        raise ConfigError(words, located(text, str(path), loc)) from None


def _known_variables(model: type[BaseModel], prefix: str) -> set[str]:
    names: set[str] = set()
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names |= _known_variables(kind, f"{variable}__")
        else:
            names.add(variable)
    return names


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    variables = {
        name for name in _known_variables(Settings, "AQ_") if not name.startswith("AQ_PROVINCES__")
    }
    given: dict[str, Any] = {}
    for name, value in environ.items():
        if not name.startswith("AQ_") or name in OTHER_VARIABLES:
            continue
        if name not in variables:
            near = difflib.get_close_matches(name, sorted(variables), 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ConfigError(f"unknown setting{hint}", name)
        parts = name.removeprefix("AQ_").lower().split("__")
        place = given
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = _comma_list(value) if parts[-1] in LISTS else value
    return given


def _comma_list(value: str) -> list[str]:
    return [part.strip() for part in value.strip("[] ").replace('"', "").split(",") if part.strip()]


def _overlaid(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    out = dict(under)
    for key, value in over.items():
        below = out.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        out[key] = _overlaid(below, value) if both and isinstance(below, dict) else value
    return out


@dataclass(frozen=True, slots=True)
class _Layer:
    """A file of the configuration: the site's own, or the shipped one below it."""

    path: Path
    text: str
    data: dict[str, Any]

    def has(self, path: Sequence[str | int]) -> bool:
        """Whether the file sets what stands at a path."""
        place: Any = self.data
        for name in path:
            if not isinstance(place, dict) or name not in place:
                return False
            place = place[name]
        return True


def _layers(name: str, environ: Mapping[str, str]) -> list[_Layer]:
    """The files of a name, the site's own first. Raises `ConfigError`."""
    own = own_config(environ)
    if environ.get("AQ_CONFIG") and not own.is_dir():
        raise ConfigError("AQ_CONFIG cannot be read: No such file or directory", str(own))
    paths = [path for path in (own / name, SHIPPED / name) if path.exists()]
    texts = [(path, read_text(path)) for path in paths]
    return [_Layer(path, text, parse(text, str(path))) for path, text in texts]


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read `aq.toml` and `provinces.toml`, shipped ones and over them the site's own, and the
    environment, which wins.

    Raises `ConfigError` naming the file and line, or the variable, and what was expected.
    """
    registry.check()
    environ = os.environ if environ is None else environ
    layers = _layers("aq.toml", environ)
    data: dict[str, Any] = {}
    for layer in reversed(layers):
        data = _overlaid(data, layer.data)
    feeds = data.get("feeds")
    sections = feeds.values() if isinstance(feeds, dict) else ()
    keys = [section.get("key") for section in sections if isinstance(section, dict)]
    secret = any(keys) or "admin_password_hash" in data
    if "provinces" in data or secret:
        raise ConfigError("keys and provinces do not belong here", str(layers[0].path))
    data["provinces"] = read_provinces(config_file("provinces.toml", environ).parent)
    try:
        return Settings.model_validate(_overlaid(data, _from_environment(environ)))
    except ValidationError as error:
        loc, message = first_problem(error)
        variable = "AQ_" + "__".join(str(part).upper() for part in loc)
        given = [name for name in environ if name == variable or name.startswith(f"{variable}__")]
        layer = next((candidate for candidate in layers if candidate.has(loc)), layers[-1])
        where = ", ".join(sorted(given)) or located(layer.text, str(layer.path), loc)
        raise ConfigError(f"{'.'.join(map(str, loc))}: {message}", where) from None


def set_public_url(url: str) -> Path:
    """Write where people open the page to the site's own `aq.toml`; gives that file.

    Raises `ValueError` for what is no web address, `ConfigError` where the file cannot be written.
    """
    path = own_config() / "aq.toml"
    line = f'public_url = "{http_url(url)}"\n'
    try:
        before = path.read_text("utf-8") if path.exists() else ""
        head, table, rest = before.partition("[server]\n")
        if table:
            rest = "".join(
                row for row in rest.splitlines(keepends=True) if not row.startswith("public_url")
            )
            text = f"{head}{table}{line}{rest}"
        else:
            text = f"{before.rstrip()}\n\n[server]\n{line}".lstrip()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(f"cannot be written: {error.strerror}", str(path)) from None
    return path

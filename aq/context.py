"""What every reader and worker holds: settings, clock, store, standards; builds nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from aq.domain.clock import Clock
from aq.domain.errors import ConfigError, InputError, StandbyLostError
from aq.domain.selection import Selection
from aq.domain.standards import Standard
from aq.feeds.registry import EVERY, FEED_NAMES
from aq.logs import install as install_redaction
from aq.paths import SHIPPED, own_config
from aq.settings import Settings
from aq.settings import load as load_settings
from aq.standards_file import load_standards
from aq.store import Store, open_store
from aq.store.engine import migrate
from aq.store.reads import feed_numbers

# Their grades are kept with every hour and day; those of other standards are computed.
STORED_STANDARDS = ("airkorea_1h", "airkorea")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True)
class Context:
    """A process's store, standards and clock; `limits` are standards that only allow a number of
    days a year above a limit, and are not there to be shown by."""

    settings: Settings
    clock: Clock
    store: Store
    standards: dict[str, Standard]
    limits: dict[str, Standard] = field(default_factory=dict)

    @property
    def stored_standards(self) -> tuple[Standard, ...]:
        """The standards whose grades are written with each hour."""
        return tuple(self.standards[name] for name in STORED_STANDARDS)


def start(settings: Settings | None = None, *, reader: bool = False) -> Context:
    """Read settings and standards, open the store and bring its schema up to date; a `reader` reads
    from the standby, where there is one.

    Raises `ConfigError`, also for a store with hours of a feed that is not there.
    """
    made = assemble(settings, reader=reader)
    migrate(made.store)
    if made.store.standby is not None:
        made.store.standby.start()
    with made.store.read() as connection:
        unknown = sorted(feed_numbers(connection) - set(FEED_NAMES))
    if unknown:
        numbers = ", ".join(map(str, unknown))
        raise ConfigError(
            f"the store holds hours of feed {numbers}, which no module in aq/feeds declares:"
            " put its module back, or use another store",
            "database_url (config/aq.toml or AQ_DATABASE_URL)",
        )
    return made


def assemble(settings: Settings | None = None, *, reader: bool = False) -> Context:
    """Read settings and standards and open the store, whose schema may be none or another."""
    settings = settings or load_settings()
    standards, limits = read_standards(settings)
    install_redaction([key.get_secret_value() for key in settings.secrets])
    clock = settings.the_clock
    return Context(
        settings=settings,
        clock=clock,
        store=open_store(
            settings.database_url,
            clock,
            settings.archive_folder,
            settings.read_url if reader else "",
        ),
        standards=standards,
        limits=limits,
    )


def read_standards(settings: Settings) -> tuple[dict[str, Standard], dict[str, Standard]]:
    """The standards to grade by and the limits beside the settings. Raises `ConfigError`."""
    standards, limits = (
        load_standards(SHIPPED / kind, own_config() / kind) for kind in ("standards", "limits")
    )
    if settings.display.standard not in standards:
        names = ", ".join(standards)
        raise ConfigError(
            f"unknown standard {settings.display.standard!r}; known are {names}",
            "display.standard (config/aq.toml or AQ_DISPLAY__STANDARD)",
        )
    return dict(standards), limits


def selection_of(*names: str) -> Selection:
    """The selection of these feeds, in this order."""
    return Selection(tuple(EVERY[name] for name in names))


def again(make: Callable[[], R]) -> R:
    """What `make` gives; once more, then from the primary, where the standby broke it off."""
    try:
        return make()
    except StandbyLostError:
        return make()


@cache
def shared() -> Context:
    """The one context of a serving process."""
    return start(reader=True)


def asked_pollutants(standard: Standard, asked: Sequence[str] | None) -> tuple[str, ...]:
    """Pollutant keys as given or all; `overall` where the standard has an index."""
    keys = standard.keys
    for key in asked or ():
        if key not in keys:
            raise InputError(
                f"unknown pollutant {key!r} for {standard.id}; known are {', '.join(keys)}",
                "pollutant",
            )
    return tuple(dict.fromkeys(asked or keys))


def find_standard(context: Context, name: str | None) -> Standard:
    """A standard by name, the configured one by default; raises `InputError` with the known."""
    name = name or context.settings.display.standard
    if name not in context.standards:
        names = ", ".join(sorted(context.standards))
        raise InputError(f"unknown standard {name!r}; known are {names}", "standard")
    return context.standards[name]


def family_of(context: Context, standard: Standard) -> tuple[Standard, ...]:
    """The standards that follow each other in time with this one, itself included."""
    members = context.standards.values()
    return tuple(member for member in members if member.family == standard.family)

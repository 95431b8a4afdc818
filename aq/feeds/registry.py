"""Every feed there is, found in the modules of this package; each declares itself in `SPECS`."""

import pkgutil
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from aq import feeds
from aq.domain.call_plan import every_hour, moments_left, times_left
from aq.domain.errors import ConfigError
from aq.domain.model import CONFIRMED, LANGUAGES, MODELLED
from aq.feeds.base import Feed, Get
from aq.feeds.spec import FeedSpec

if TYPE_CHECKING:
    from aq.feeds.http import Http
    from aq.settings import Settings

# What serves the feeds and is none itself.
MACHINERY = {"base", "http", "registry", "spec"}
LARGEST_NUMBER = 2**15 - 1  # the store's columns are 16-bit


def _declared() -> Iterator[tuple[str, FeedSpec | None]]:
    """(module, spec) of each feed, and (module, None) for a module that declares none."""
    for info in pkgutil.iter_modules(feeds.__path__):
        if info.name not in MACHINERY:
            module = f"aq.feeds.{info.name}"
            specs: Sequence[FeedSpec] = getattr(import_module(module), "SPECS", ())
            yield from ((module, spec) for spec in specs or (None,))


def problems(declared: Sequence[tuple[str, FeedSpec | None]]) -> Iterator[tuple[str, str]]:
    """(module, what is wrong) of the declarations, in words."""
    names: dict[str, str] = {}
    numbers: dict[int, str] = {}
    everyone = {spec.name for _, spec in declared if spec is not None}
    for module, spec in declared:
        if spec is None:
            yield module, "declares no feed: it lacks SPECS, a tuple of FeedSpec"
            continue
        name, number = spec.name, spec.info.number
        if not re.fullmatch(r"[a-z][a-z0-9_]{1,31}", name):
            yield module, f"calls its feed {name!r}; a name is 2 to 32 of a-z, 0-9 and _"
        if name in names:
            yield module, f"declares a feed called {name!r}, as {names[name]} does already"
        if number is not None and number in numbers:
            yield module, f"gives {name!r} the number {number}, which {numbers[number]!r} has"
        if number is not None and not 0 < number <= LARGEST_NUMBER:
            yield module, f"gives {name!r} the number {number}; 1 to {LARGEST_NUMBER} are possible"
        for other in {spec.served_by, spec.info.means_of} - {None, *everyone}:
            yield module, f"{name!r} goes with the feed {other!r}, which no module declares"
        if spec.make and not spec.served_by and not spec.settings:
            yield module, f"{name!r} is asked over HTTP and has no settings to be asked with"
        fields = spec.settings.model_fields if spec.settings else {}
        if bare := [key for key, field in fields.items() if field.is_required()]:
            yield module, f"{', '.join(bare)} in the settings of {name!r} needs a default"
        if lacking := sorted(set(LANGUAGES) - {code for code, word in spec.words.items() if word}):
            yield module, f"{name!r} has no name for readers in {', '.join(lacking)}"
        names.setdefault(name, module)
        if number is not None:
            numbers.setdefault(number, name)


def _preference(spec: FeedSpec) -> tuple[bool, bool, int]:
    """Confirmed before preliminary, measured before modelled, the longest known first."""
    info = spec.info
    return info.kind == MODELLED, info.status != CONFIRMED, info.number or 0


_DECLARED = tuple(_declared())
SPECS = {
    spec.name: spec for spec in sorted((spec for _, spec in _DECLARED if spec), key=_preference)
}
# Feeds of values, most preferred first; of the authority's notices; all of them.
INFO = {name: spec.info for name, spec in SPECS.items() if spec.info.number is not None}
NOTICES = {name: spec.info for name, spec in SPECS.items() if spec.info.number is None}
EVERY = INFO | NOTICES
FEED_IDS = {
    name: number for number, name in sorted((SPECS[name].info.number or 0, name) for name in INFO)
}
FEED_NAMES = {number: name for name, number in FEED_IDS.items()}
# Feeds by themselves, without the means that the upstream of another publishes.
PREFERRED = tuple(name for name in INFO if SPECS[name].info.means_of is None)


def check() -> None:
    """Raise `ConfigError` in words for declarations that cannot stand beside each other."""
    for module, words in problems(_DECLARED):
        raise ConfigError(words, module)


def served_by(name: str) -> tuple[str, ...]:
    """Names of the feeds of notices that are asked with a feed's key."""
    return tuple(other for other in NOTICES if SPECS[other].served_by == name)


def needs_key(name: str) -> bool:
    """Whether a feed is polled only once it has a key."""
    spec = SPECS[name]
    if spec.settings is None or spec.key_parameter is None:
        return False
    return not spec.settings.model_validate({}).live


def part_of(name: str, operation: str) -> str:
    """The name under which an operation of notices keeps its state: ``airkorea_alarm:dust``."""
    declared = SPECS[name].operation(operation)
    return f"{name}:{declared.part if declared else operation}"


def calls_ahead(
    names: Iterable[str], now: datetime, minutes: Sequence[int], of: datetime | None = None
) -> Counter[str]:
    """Calls by operation that are still to be made on the KST day of `of` (else of `now`), beside
    the polls of hours: those of feeds of notices, and under ``ahead`` those of models."""
    calls: Counter[str] = Counter()
    for name in names:
        spec = SPECS[name]
        if spec.ahead_at:
            calls["ahead"] += times_left(now, spec.ahead_at, of)
        times = spec.times or every_hour(minutes) if name in NOTICES else ()
        polls = moments_left(now, times, of)
        for operation in spec.operations:
            calls[operation.name] += sum(operation.each(moment) for moment in polls)
    return calls


def make(name: str, settings: "Settings") -> Feed:
    """What asks and parses a feed; raises ``KeyError`` for one that is not asked."""
    build = SPECS[name].make
    if build is None:
        raise KeyError(name)
    points = settings.provinces.points
    return build(tuple((code, at.latitude, at.longitude) for code, at in points.items()))


def client(http: "Http", name: str, feed: Feed, settings: "Settings") -> Get:
    """The feed's call, bound to its URL, key, limits and its own reading of refusals."""
    spec = SPECS[name]
    host = SPECS[spec.host]
    section = settings.feeds.of(host.name)
    spellings = {
        operation.name: operation.key_parameter
        for operation in spec.operations
        if operation.key_parameter is not None
    }
    return http.client(
        name,
        section.url,
        key=(host.key_parameter, section.key) if section.key and host.key_parameter else None,
        key_names=spellings,
        daily_limit=section.daily_limit,
        refusal=feed.refusal,
        timeout=section.timeout_seconds,
        deadline=section.deadline_seconds,
    )

"""What is asked of the past, by history, exports and routes alike, read from parameters as text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aq.context import Context, asked_pollutants, family_of, find_standard
from aq.domain.clock import (
    day_bounds,
    floor_hour,
    hour_number,
    kst,
    kst_day,
    kst_iso,
    parse_since,
    parse_until,
)
from aq.domain.errors import InputError
from aq.domain.grading import in_force_on
from aq.domain.model import LANGUAGES
from aq.domain.pollutants import KEYS
from aq.domain.provinces import PROVINCES, Province, find_province
from aq.domain.selection import Selection
from aq.domain.standards import Standard
from aq.domain.windows import OVERALL
from aq.feeds.registry import INFO
from aq.i18n import pollutant_key
from aq.store.engine import version_at

GRAINS = ("hour", "day", "month")
TINY = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Places, pollutants and a range: hours ``after < hour end <= until``, days and months those
    they touch.

    Attributes
    ----------
    selection : the choice among feeds; of one alone when a feed was asked for
    family : the standards that follow each other in time, where an hour is graded by the one in
        force then; none where one standard was asked for
    """

    provinces: tuple[Province, ...]
    keys: tuple[str, ...]
    after: datetime
    until: datetime
    grain: str
    standard: Standard
    selection: Selection
    family: tuple[Standard, ...] = ()

    @property
    def hours(self) -> tuple[int, int]:
        """(after, until) as hour numbers: full hours that end within the range."""
        return hour_number(floor_hour(self.after)), hour_number(floor_hour(self.until))

    def standard_at(self, moment: datetime) -> Standard:
        """The standard an hour is graded by: the one of `family` in force then, where a family is
        given and had one; else the standard asked for."""
        day = kst_day(moment)
        return next((other for other in self.family if in_force_on(other, day)), self.standard)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastQuestion(Question):
    """A question of history: `as_of` is the store version it is answered at, None the present."""

    as_of: int | None = None


class Given(dict[str, str]):
    """Parameters as text. A refusal is an `InputError` with the parameter as its field, and names
    it in the sentence too where `named`: a command shows no field beside it."""

    def __init__(self, texts: Mapping[str, str], *, named: bool = False) -> None:
        super().__init__(texts)
        self.named = named

    def listed(self, name: str) -> list[str] | None:
        """Values separated by commas; None where the parameter is not given."""
        text = self.get(name)
        return [part.strip() for part in text.split(",") if part.strip()] if text else None

    def pollutants(self) -> list[str] | None:
        """The pollutants asked for, by key or by a name that the pages write."""
        names = self.listed("pollutant")
        return names and [pollutant_key(name) for name in names]

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        """One of some words."""
        value = self.get(name, default)
        if value not in allowed:
            words = ", ".join(allowed)
            text = f"{value!r} is none of {words}" if self.named else f"one of {words}"
            raise InputError(text, name)
        return value

    def flag(self, name: str) -> bool:
        """True or false, false where the parameter is not given."""
        value = self.get(name, "false")
        if value not in ("true", "false"):
            refusal = f"{value!r} is none of true, false"
            raise InputError(refusal if self.named else "true or false", name)
        return value == "true"

    def time(self, read: Callable[[str], datetime], name: str) -> datetime:
        """An instant, as `read` understands a day or an instant."""
        if name not in self:
            needed = f"{name} is needed" if self.named else "needed"
            raise InputError(f"{needed}: a day like 2026-11-23 or an instant with offset", name)
        try:
            return read(self[name])
        except ValueError as error:
            raise InputError(f"{name}: {error}" if self.named else str(error), name) from None

    def range(self, now: datetime, ahead: timedelta = timedelta(0)) -> tuple[datetime, datetime]:
        """(after, until) of a range whose first time lies at most `ahead` of now."""
        after, until = self.time(parse_since, "since"), self.time(parse_until, "until")
        if after >= until:
            raise InputError("since must lie before until", "since")
        if after >= now + ahead:
            its = f"since lies in the future; it is {kst_iso(now)}"
            raise InputError(its if self.named else "lies in the future", "since")
        return after, until

    def feed(self) -> str | None:
        """The feed asked for alone."""
        feed = self.get("feed")
        if feed is not None and feed not in INFO:
            raise InputError(f"unknown feed {feed!r}; known are {', '.join(INFO)}", "feed")
        return feed

    def language(self, default: str) -> str:
        """The language asked for."""
        lang = self.get("lang", default)
        if lang not in LANGUAGES:
            raise InputError(f"unknown language {lang!r}; {' or '.join(LANGUAGES)}", "lang")
        return lang

    def provinces(self) -> tuple[Province, ...]:
        """The provinces asked for, as they were named; all without any."""
        names = self.listed("province")
        return tuple(find_province(name) for name in names) if names else PROVINCES

    def version(self, context: Context, now: datetime) -> int | None:
        """The store version `as_of` stands for, None where it is not given. Of a time that still
        runs it is the version of now."""
        if "as_of" not in self:
            return None
        begin, end = self.time(parse_since, "as_of"), self.time(parse_until, "as_of")
        if self.named and begin > now:
            raise InputError(f"as_of lies in the future; it is {kst_iso(now)}", "as_of")
        if end > day_bounds(kst(now).date())[1]:
            words = "lies in the future; what will be known then is not known"
            raise InputError(words, "as_of")
        moment = min(end, now + TINY) if self.named else end
        with context.store.read() as connection:
            version = version_at(connection, moment)
        if version is None:
            raise InputError(f"nothing was known at {kst_iso(moment)} yet", "as_of")
        return version


def no_index_of_days(grain: str, keys: Sequence[str]) -> None:
    """Raise `InputError` for an index of another grain than the hour."""
    if grain != "hour" and OVERALL in keys:
        raise InputError("an index is of an hour; there is none of a day or longer", "pollutant")


def past_question(context: Context, given: Given) -> PastQuestion:
    """A question of history from query parameters."""
    now = context.clock.now()
    after, until = given.range(now)
    grain = given.one_of("grain", GRAINS, "hour")
    standard = find_standard(context, given.get("standard"))
    feed = given.feed()
    keys = asked_pollutants(standard, given.pollutants() or KEYS)
    no_index_of_days(grain, keys)
    return PastQuestion(
        provinces=given.provinces(),
        keys=keys,
        after=after,
        until=until,
        grain=grain,
        standard=standard,
        selection=context.settings.selection.only(feed),
        family=() if "standard" in given else family_of(context, standard),
        as_of=given.version(context, now),
    )

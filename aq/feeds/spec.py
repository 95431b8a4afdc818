"""How a feed declares itself: what it is, how it is set and asked, what its calls cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import (
    AnyHttpUrl,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    field_validator,
)

from aq.domain.model import FeedInfo
from aq.feeds.base import Feed

# (province code, latitude, longitude) [WGS84 degrees] of each province's point.
Places = Sequence[tuple[str, float, float]]
DATA_GO_KR = {"en": "data.go.kr", "ko": "공공데이터포털(data.go.kr)"}
_URL = TypeAdapter(AnyHttpUrl)


def http_url(value: str) -> str:
    """A web address without a slash at its end; raises ``ValueError`` for anything else."""
    _URL.validate_python(value)
    return value.rstrip("/")


class FeedSettings(BaseModel):
    """What a person can set of a feed asked over HTTP: ``AQ_FEEDS__NAME__KEY`` and the like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    key: SecretStr | None = None
    daily_limit: int = Field(500, ge=1)
    timeout_seconds: float = Field(20, gt=0, le=300)
    deadline_seconds: float = Field(120, gt=0, le=900)

    _check_url = field_validator("url")(http_url)

    @field_validator("key", mode="before")
    @classmethod
    def _blank_is_none(cls, value: object) -> object:
        return None if isinstance(value, str) and not value.strip() else value

    @property
    def live(self) -> bool:
        """Whether the feed is polled: once it has its key."""
        return self.key is not None

    @property
    def first_days(self) -> int:
        """Days of the past that the first poll of an empty store asks for."""
        return 0


def _one_call(moment: datetime) -> int:
    del moment
    return 1


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One of the calls that a feed's upstream takes, and what a day's quota keeps for it.

    name : path below the feed's address; ``""`` where the address is all there is
    words : its name for readers, by language; none for a feed's only operation
    part : the name of its own state, where operations fail each by itself
    once : calls made once a KST day beside the polls; kept back until they are made
    yields : whether those calls are left to the filling of gaps where it needs them
    each : notices only: calls that a poll of that moment makes; kept back while to come
    key_parameter : the query parameter of the key, where it differs from the feed's
    """

    name: str
    words: Mapping[str, str] = field(default_factory=dict)
    part: str = ""
    once: int = 0
    yields: bool = False
    each: Callable[[datetime], int] = _one_call
    key_parameter: str | None = None


@dataclass(frozen=True, kw_only=True)
class Service:
    """Operations that upstream approves and counts together.

    name : what the paths of its operations begin with
    words : its name for readers, by language
    counted_as : its name in upstream's own counts of calls; ``""`` where that is not known
    """

    name: str
    words: Mapping[str, str]
    counted_as: str = ""


@dataclass(frozen=True, kw_only=True)
class FeedSpec:
    """A feed's declaration: the tuple ``SPECS`` of a module in `aq.feeds` holds one or more.

    words : its name for readers, by language (``en``, ``ko``)
    make : builds what asks and parses, given the provinces' points; None for a feed that is not
        asked (files, or a series that another feed's calls bring)
    settings : its section of the settings; None where it has none of its own
    key_parameter : the query parameter that carries its key
    key_from : where a key is applied for, by language
    served_by : the feed with whose key, address and quota it is asked
    times : notices only: KST times of day of its polls; none for those of ``schedule.minutes``
    ahead_at : KST times of day at which a model's hours to come are asked for, in one call
    """

    info: FeedInfo
    words: Mapping[str, str]
    make: Callable[[Places], Feed] | None = None
    settings: type[FeedSettings] | None = None
    key_parameter: str | None = None
    key_from: Mapping[str, str] = field(default_factory=lambda: DATA_GO_KR)
    served_by: str | None = None
    times: tuple[timedelta, ...] = ()
    ahead_at: tuple[timedelta, ...] = ()
    operations: tuple[Operation, ...] = ()
    services: tuple[Service, ...] = ()

    @property
    def name(self) -> str:
        """The name in settings, routes and files."""
        return self.info.name

    @property
    def key_variable(self) -> str:
        """The environment variable that sets the key it is asked with."""
        return f"AQ_FEEDS__{self.host.upper()}__KEY"

    @property
    def host(self) -> str:
        """The name of the feed whose settings this one is asked with."""
        return self.served_by or self.name

    def operation(self, name: str) -> Operation | None:
        """An operation by its path, by the last part of it, or by the name of its own state."""
        for operation in self.operations:
            if name in (operation.name, operation.name.split("/")[-1], operation.part or None):
                return operation
        return None

    def service(self, counted: str) -> Service | None:
        """A service by its name in upstream's counts, blanks aside, or by that of its paths."""
        bare = "".join(counted.split())
        for service in self.services:
            if bare in (service.name, "".join(service.counted_as.split())):
                return service
        return None

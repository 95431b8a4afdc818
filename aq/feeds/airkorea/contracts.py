"""What each operation of AirKorea answers: data in ``config/contracts``, held against answers."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from aq.domain.errors import ConfigError
from aq.domain.model import KeyCheck
from aq.paths import ROOT

FOLDER = ROOT / "config" / "contracts"
_LONGEST_KEY = 40
_MOST_NEW = 20  # keys named of one answer


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Parameter(_Table):
    """A parameter that may be asked with."""

    required: bool
    about: str


class ContractField(_Table):
    """A key of an item. `proof` is the best there is: documented by the portal, recorded in an
    answer, observed by others, read by a client. `ignored` says why nobody here reads it."""

    proof: Literal["documented", "recorded", "observed", "client"]
    required: bool
    about: str
    unit: str | None = None
    ignored: str | None = None


class Contract(_Table):
    """An operation: where it is documented, its parameters, the keys of its items.

    use : the feed that asks it; otherwise why it is refused, or off until more is known
    missing : forms in which a missing value comes
    unknown : what neither documents nor recordings say, and what is done meanwhile
    fields : by key; ``*50Over`` stands for every key that ends so
    """

    operation: str
    title: str
    portal: str = Field(pattern=r"^\d{8}$")
    source: str
    read: date
    success: str
    missing: tuple[Literal["null", "empty", "dash", "absent"], ...]
    use: str | None = None
    refused: str | None = None
    off: str | None = None
    unknown: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter]
    fields: Mapping[str, ContractField]

    @model_validator(mode="after")
    def _one_state(self) -> Self:
        if sum(state is not None for state in (self.use, self.refused, self.off)) != 1:
            raise ValueError("exactly one of use, refused and off is needed")
        return self

    def field(self, key: str) -> ContractField | None:
        """What is known of a key; None for one that is in no document and no recording."""
        return next((field for name, field in self.fields.items() if _covers(name, key)), None)

    def check(self, items: Iterable[object]) -> KeyCheck | None:
        """Which keys came that are not in the contract, by rows, and which required ones in no
        row; None without rows. A renamed key is one of either."""
        rows: dict[frozenset[str], int] = {}
        for item in items:
            if isinstance(item, Mapping):
                keys = frozenset(item)
                rows[keys] = rows.get(keys, 0) + 1
        if not rows:
            return None
        came = frozenset().union(*rows)
        gone = [
            name
            for name, field in self.fields.items()
            if field.required and not any(_covers(name, key) for key in came)
        ]
        new = {
            key[:_LONGEST_KEY]: sum(count for keys, count in rows.items() if key in keys)
            for key in sorted(came)
            if self.field(key) is None
        }
        count = sum(rows.values())
        return KeyCheck(
            operation=self.operation,
            gone=dict.fromkeys(gone, count),
            new=dict(list(new.items())[:_MOST_NEW]),
        )


def _covers(name: str, key: str) -> bool:
    return key == name or (name.startswith("*") and key.endswith(name[1:]))


def read_contract(path: Path) -> Contract:
    """The contract in a file; raises `ConfigError` naming it."""
    try:
        return Contract.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise ConfigError(str(error), str(path)) from None


@cache
def contracts() -> Mapping[str, Contract]:
    """Every operation AirKorea publishes, by ``Service/operation``."""
    read = (read_contract(path) for path in sorted(FOLDER.glob("*.toml")))
    return MappingProxyType({contract.operation: contract for contract in read})


def check(operation: str, items: Iterable[object]) -> KeyCheck | None:
    """The keys of an answer held against the operation's contract; None where there is none."""
    contract = contracts().get(operation)
    return contract.check(items) if contract else None

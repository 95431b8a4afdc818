"""Values in JSON's types, and what a job says of itself."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, ClassVar

from aq.domain.clock import kst_iso


def plain(value: Any) -> Any:
    """A value in JSON's types: dataclasses as tables of their fields, instants with +09:00; what
    has a text of its own (exact numbers, days, a standard's source) as that."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, datetime):
        return kst_iso(value)
    if is_dataclass(value) and "__str__" not in vars(type(value)):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return str(value)


class Report:
    """What a run of a job did: `SHOWN` names what of it is kept and printed, in that order. It did
    what it should unless it has an `error`."""

    SHOWN: ClassVar[tuple[str, ...]] = ("ok",)

    @property
    def ok(self) -> bool:
        """Whether it did what it should."""
        return getattr(self, "error", None) is None

    def as_dict(self) -> dict[str, Any]:
        """The report in JSON's types."""
        return {name: plain(getattr(self, name)) for name in self.SHOWN}

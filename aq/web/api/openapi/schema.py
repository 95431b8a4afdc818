"""JSON Schema from the types of answers, by the rules by which they become JSON (`plain`)."""

from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from datetime import date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from aq.domain.standards import Source
from aq.web.api.openapi.words import ENUMS, FIELDS, UNITS

Schema = dict[str, Any]
SIMPLE: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    # Exact numbers travel as their text.
    Decimal: {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
    Source: {"type": "string"},
    Any: {},
}


class Schemas:
    """The schemas of some types; those with fields stand among `components`, under their name."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._names: dict[Any, str] = {}

    def of(self, hint: Any) -> Schema:
        """The schema of a type. Raises ``TypeError`` for one that no answer may have."""
        if hint in SIMPLE:
            return dict(SIMPLE[hint])
        origin, parts = get_origin(hint), get_args(hint)
        if origin in (Union, UnionType):
            return self._one_of(parts)
        if origin in (list, tuple) or origin is Sequence:
            return {"type": "array", "items": self.of(parts[0])}
        if origin is dict or origin is Mapping:
            return {"type": "object", "additionalProperties": self.of(parts[1])}
        if is_typeddict(hint) or is_dataclass(hint):
            return {"$ref": f"#/components/schemas/{self._component(hint)}"}
        raise TypeError(f"no answer is of {hint!r}")

    def _one_of(self, parts: Sequence[Any]) -> Schema:
        schemas = [self.of(part) for part in parts if part is not NoneType]
        if NoneType not in parts:
            return {"anyOf": schemas}
        if len(schemas) == 1 and "type" in schemas[0]:
            return {**schemas[0], "type": [schemas[0]["type"], "null"]}
        return {"anyOf": [*schemas, {"type": "null"}]}

    def _component(self, kind: Any) -> str:
        """The name of a type with fields. All fields are there but those of a table that says so
        (`NotRequired`), and no other."""
        if kind in self._names:
            return self._names[kind]
        name: str = kind.__name__
        if name in self.components:  # two nouns of one name, in two modules
            name = f"{kind.__module__.rpartition('.')[2].title()}{name}"
        self._names[kind] = name
        self.components[name] = {}
        hints = get_type_hints(kind)
        self.components[name] = {
            "type": "object",
            "properties": {field: self._field(name, field, hints[field]) for field in hints},
            "required": sorted(getattr(kind, "__required_keys__", hints)),
            "additionalProperties": False,
        }
        return name

    def _field(self, name: str, field: str, hint: Any) -> Schema:
        schema = self.of(hint)
        words = FIELDS.get(f"{name}.{field}") or FIELDS[field]
        schema["description"] = words
        if field in UNITS:
            schema["x-unit"] = UNITS[field]
        allowed = ENUMS.get(f"{name}.{field}", ENUMS.get(field))
        if allowed:
            _limit(schema, allowed)
        return schema


def _limit(schema: Schema, allowed: tuple[str, ...]) -> None:
    """Only these words, in a text or a list of texts."""
    if schema.get("type") == "array":
        _limit(schema["items"], allowed)
    elif "type" in schema:
        schema["enum"] = [*allowed, *([None] if "null" in schema["type"] else [])]

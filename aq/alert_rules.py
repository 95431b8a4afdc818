"""The rules and channel names of `config/alerts.toml`; the shipped rules go into an empty store."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from aq.alerting import history, load_rules
from aq.alerts import Known
from aq.errors import ConfigError, InputError
from aq.store import Store

FILE_NAME = "alerts.toml"
SHIPPED_BY = "shipped"


def _read(folder: Path) -> dict[str, Any]:
    path = folder / FILE_NAME
    try:
        return tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot be read: {error}", str(path)) from None


def channel_names(folder: Path) -> tuple[str, ...]:
    """The channels that rules may name."""
    found = _read(folder).get("channels", {})
    return tuple(found) if isinstance(found, dict) else ()


def shipped_rules(folder: Path) -> list[dict[str, Any]]:
    """The bodies under ``[[rules]]``."""
    found: list[dict[str, Any]] = _read(folder).get("rules", [])
    return found


def ship_rules(store: Store, folder: Path, known: Known) -> list[str]:
    """Load the shipped rules into a store that never had one; their ids, none where another
    instance was first.

    Raises `ConfigError` when one of them is wrong: the file is the program's own.
    """
    if history(store):
        return []
    try:
        return load_rules(store, shipped_rules(folder), known, SHIPPED_BY)
    except InputError as error:
        if history(store):
            return []
        raise ConfigError(str(error), str(folder / FILE_NAME)) from None

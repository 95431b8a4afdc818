"""The past as items: hours as they were, days and months pooled from sums and counts.

Each hour comes from the most preferred feed that has a value for it; a day or month from the most
preferred feed that has any of it, so that a mean never mixes feeds.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from aq.clock import from_hour_number, hour_number, kst_iso
from aq.errors import InputError
from aq.feeds import INFO
from aq.grade import Standard
from aq.regions import BY_ID, Province
from aq.schema import FEED_IDS, FEED_NAMES, KEYS
from aq.store import Store
from aq.store.days import Pooled, day_items, day_label, month_label
from aq.store.reads import province_hours
from aq.units import pollutants
from aq.windows import evaluate, longest_window

GRAINS = ("hour", "day", "month")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the past. Hours are ``after < hour end <= until``."""

    provinces: tuple[Province, ...]
    keys: tuple[str, ...]
    after: datetime
    until: datetime
    grain: str
    standard: Standard
    prefer: tuple[str, ...]
    as_of: int | None = None


Item = dict[str, Any]

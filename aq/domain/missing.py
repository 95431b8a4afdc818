"""Why an hour has no value, in the words of `missing_reason`."""

import json
from collections.abc import Sequence

from aq.domain.model import PlaceHour
from aq.domain.pollutants import pollutants

NOT_ENOUGH_HOURS, NEEDED_MISSING = "not_enough_hours", "needed_missing"
# The store has hours, and all of them lie ahead of the clock.
CLOCK_BEHIND = "clock_behind"
# Rows are there, but nothing tells of which network their stations are: they count for no mean.
NETWORK_UNKNOWN = "network_unknown"
# AirKorea's words for a value that may not count, without blanks (tables print 점검 및 교정). They
# stand as flags, and in exports of people in the place of the value.
SOURCE_WORDS = frozenset({"점검및교정", "장비점검", "자료이상", "통신장애"})


def source_word(cell: object) -> str | None:
    """The word of `SOURCE_WORDS` that stands in a cell; None for any other."""
    word = "".join(cell.split()) if isinstance(cell, str) else ""
    return word if word in SOURCE_WORDS else None


def gap_reason(word: str) -> tuple[str, str | None]:
    """The store's word for a gap as (reason, detail); the detail is upstream's own flag."""
    source, _, text = word.partition(":")
    if source == "source":
        return "source_flag", text.split(" | ")[0] or None
    if word == "no_value":
        return "not_measured", None
    if word in ("not_received", NETWORK_UNKNOWN):
        return word, None
    return "quality_flag", word


def reasons(row: PlaceHour) -> dict[str, str]:
    """The store's words for what a row has no value of that counts, by pollutant."""
    words: dict[str, str] = json.loads(row.why) if row.why else {}
    return words


def why_missing(row: PlaceHour, key: str, needed: Sequence[str] = ()) -> tuple[str, str | None]:
    """(reason, detail) of a province hour that gives nothing for a pollutant or for `overall`.

    Where the hour itself has a value, it is the window before it that is not complete enough.
    `needed` are the pollutants an `overall` lacks; they are the detail then.
    """
    if needed:
        return NEEDED_MISSING, " ".join(needed)
    why = reasons(row)
    if key in pollutants():
        return gap_reason(why[key]) if key in why else (NOT_ENOUGH_HOURS, None)
    return gap_reason(next(iter(why.values()))) if why else (NOT_ENOUGH_HOURS, None)

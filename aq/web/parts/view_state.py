"""What a person is looking at, as the page's address keeps it: reload and sharing keep the view."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from aq.domain.model import LANGUAGES
from aq.domain.pollutants import KEYS
from aq.domain.provinces import BY_CODE, Province
from aq.domain.windows import OVERALL
from aq.queries.question import GRAINS

PRESETS = {"7d": 7, "30d": 30, "90d": 90, "1y": 365, "all": None}
SORTS = ("order", "grade", "value", "stations")
# Lines that can be told apart in one chart.
MOST_PLACES = 6
# Where the browser keeps the reader's own province: read by the server, so that it comes first.
PLACE_COOKIE = "aq_place"
SHARED = ("lang", "p", "x", "std")


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The state of a page. `since` and `until` are KST days, both inclusive, and go together;
    where neither they nor a preset are given, the page has a range of its own. `places` are codes
    of provinces, `stations` codes of stations (names where a station has no code)."""

    lang: str = "ko"
    pollutant: str = "pm10"
    standard: str | None = None
    province: Province | None = None
    sort: str = "value"
    descending: bool = True
    preset: str | None = None
    since: date | None = None
    until: date | None = None
    as_of: date | None = None
    places: tuple[str, ...] = ()
    stations: tuple[str, ...] = ()
    grain: str | None = None


def read(params: Mapping[str, str], lang: str = "ko") -> View:
    """The view an address asks for; what cannot be read in it is as if it were not there.

    Whether there is a standard of the name given is for the page to say.
    """
    asked_lang = params.get("lang", "")
    asked_sort = params.get("s", "")
    key = asked_sort.removeprefix("-")
    pollutant = params.get("x", "")
    preset = params.get("r", "")
    grain = params.get("g", "")
    since, until = _day(params.get("since")), _day(params.get("until"))
    ranged = since is not None and until is not None and since <= until
    return View(
        lang=asked_lang if asked_lang in LANGUAGES else lang,
        pollutant=pollutant if pollutant in (*KEYS, OVERALL) else "pm10",
        standard=params.get("std") or None,
        province=BY_CODE.get(params.get("p", "")),
        sort=key if key in SORTS else "value",
        descending=asked_sort.startswith("-") if key in SORTS else True,
        preset=preset if preset in PRESETS else None,
        since=since if ranged else None,
        until=until if ranged else None,
        as_of=_day(params.get("asof")),
        places=tuple(code for code in _listed(params.get("ps")) if code in BY_CODE),
        stations=_listed(params.get("st")),
        grain=grain if grain in GRAINS else None,
    )


def _listed(text: str | None) -> tuple[str, ...]:
    """Parts between commas, each once."""
    parts = (one.strip() for one in (text or "").split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def shared_params(params: Mapping[str, str]) -> dict[str, str]:
    """What goes along from page to page: language, province, pollutant, standard."""
    return {name: params[name] for name in SHARED if name in params}

"""A rule by questions, as `rules new` and the rules page ask them: usual levels, free names."""

from collections.abc import Collection, Mapping
from typing import Any

from aq.alerts.verification import ISSUED_AT
from aq.domain.provinces import BY_CODE
from aq.i18n import Text

# Below this an alert clears unless told otherwise [the pollutant's unit], as the shipped rules do.
CLEARS = {"pm10": 100.0, "pm25": 35.0, "o3": 0.12}


def usual_level(pollutant: str) -> float | None:
    """From which level an authority acts [the pollutant's unit]; None where it never does."""
    return float(ISSUED_AT[pollutant][0]) if pollutant in ISSUED_AT else None


def usual_hours(pollutant: str) -> int:
    """For how many hours in a row: an authority waits for two, of ozone for one."""
    return 1 if pollutant == "o3" else 2


def usual_clear(pollutant: str, level: float) -> float:
    """Below which level it is over [the pollutant's unit]; two thirds where no other is usual."""
    clears = CLEARS.get(pollutant)
    return clears if clears is not None and clears <= level else float(f"{level * 2 / 3:.4g}")


def free_id(body: Mapping[str, Any], taken: Collection[str]) -> str:
    """A short name that tells what the rule is of, and that no rule has."""
    codes = body.get("provinces", ())
    stem = f"{body['pollutant']}-{BY_CODE[codes[0]].en.lower()}" if codes else body["pollutant"]
    return _free(stem, "-{}", taken)


def free_name(body: Mapping[str, Any], taken: Collection[str], text: Text) -> str:
    """A name in a language that says place, pollutant and level, and that no rule has: 서울
    초미세먼지 75."""
    provinces = (BY_CODE[code] for code in body.get("provinces", ()))
    places = [getattr(province, text.lang) for province in provinces]
    places += body.get("zones", ())
    where = places[0] if places else text("everywhere").capitalize()
    if len(places) > 1:
        where = text("{places} and {n} more", places=where, n=len(places) - 1)
    level = f"{body['threshold']:g}" if body.get("threshold") else ""
    return _free(f"{where} {text.pollutant(body['pollutant'])} {level}".strip(), " ({})", taken)


def _free(stem: str, form: str, taken: Collection[str]) -> str:
    return next(n for n in (stem, *(stem + form.format(k) for k in range(2, 9999)))
                if n not in taken)  # fmt: skip

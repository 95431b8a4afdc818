"""The networks of AirKorea's stations (망, mangName): their names and how files spell them."""

import csv
import re
from collections.abc import Mapping
from functools import cache

from aq.domain.errors import ConfigError
from aq.domain.model import URBAN
from aq.domain.pollutants import SHIPPED

ROADSIDE, SUBURBAN, BACKGROUND, PORT = "도로변대기", "교외대기", "국가배경농도", "항만"
NETWORKS = (URBAN, ROADSIDE, SUBURBAN, BACKGROUND, PORT)

# As AirKorea's answers and files and NIER's yearbooks (대기환경연보) name them, without a
# trailing 측정망.
_SPELLINGS = {
    **dict.fromkeys((URBAN, "도시", "도시대기질"), URBAN),
    **dict.fromkeys((ROADSIDE, "도로변", "도로변대기질"), ROADSIDE),
    **dict.fromkeys((SUBURBAN, "교외", "교외대기질"), SUBURBAN),
    **dict.fromkeys((BACKGROUND, "국가배경", "배경농도", "국가배경대기"), BACKGROUND),
    **dict.fromkeys((PORT, "항만대기", "항만지역"), PORT),
}


def network_of(word: str) -> str | None:
    """The network a word names, whatever its blanks and its ending; None for one nobody knows."""
    plain = re.sub(r"\s", "", word)
    return _SPELLINGS.get(plain) or _SPELLINGS.get(plain.removesuffix("측정망").removesuffix("망"))


@cache
def listed_networks() -> Mapping[str, tuple[tuple[int, int, str], ...]]:
    """By station code (first year, last year, network) of the published lists the program knows.

    They stand with their source in `config/networks.csv`. Raises `ConfigError`.
    """
    folder = next(folder for folder in SHIPPED if folder.is_dir())
    path = folder / "networks.csv"
    found: dict[str, list[tuple[int, int, str]]] = {}
    try:
        lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
        for row in csv.DictReader(lines):
            network = network_of(row["network"]) or ""
            years = int(row["first_year"]), int(row["last_year"])
            found.setdefault(row["code"], []).append((*years, network))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from None
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"needs code, network, first_year, last_year: {error}", str(path)
        ) from None
    return {code: tuple(rows) for code, rows in found.items()}

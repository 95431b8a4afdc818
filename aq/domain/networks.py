"""The networks of AirKorea's stations (망, mangName): their names and how files spell them."""

import re

from aq.domain.model import URBAN

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

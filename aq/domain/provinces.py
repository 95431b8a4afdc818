"""The 17 provinces in page-header order, every name they go by, and who 전남광주 is."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from aq.domain.errors import InputError


@dataclass(frozen=True, slots=True)
class Province:
    """A first-level division. `id` is 1-17 in page-header order; `code` is ISO 3166-2:KR.

    `names` are all Korean names that stand in addresses and feeds, the short one first.
    """

    id: int
    code: str
    en: str
    names: tuple[str, ...]
    key: str  # the lower-case word upstream uses as a field name in province tables

    @property
    def ko(self) -> str:
        """The two-letter name of the page header and of AirKorea's `sidoName`."""
        return self.names[0]


PROVINCES: tuple[Province, ...] = tuple(
    Province(number, code, en, names, en.lower())
    for number, (code, en, names) in enumerate(
        (
            ("KR-11", "Seoul", ("서울", "서울특별시", "서울시")),
            ("KR-41", "Gyeonggi", ("경기", "경기도")),
            ("KR-28", "Incheon", ("인천", "인천광역시", "인천시")),
            ("KR-29", "Gwangju", ("광주", "광주광역시")),
            ("KR-30", "Daejeon", ("대전", "대전광역시", "대전시")),
            ("KR-27", "Daegu", ("대구", "대구광역시", "대구시")),
            ("KR-31", "Ulsan", ("울산", "울산광역시", "울산시")),
            ("KR-26", "Busan", ("부산", "부산광역시", "부산시")),
            ("KR-42", "Gangwon", ("강원", "강원특별자치도", "강원자치도", "강원도")),
            ("KR-43", "Chungbuk", ("충북", "충청북도")),
            ("KR-44", "Chungnam", ("충남", "충청남도")),
            ("KR-45", "Jeonbuk", ("전북", "전북특별자치도", "전북자치도", "전라북도")),
            ("KR-46", "Jeonnam", ("전남", "전라남도")),
            ("KR-47", "Gyeongbuk", ("경북", "경상북도")),
            ("KR-48", "Gyeongnam", ("경남", "경상남도")),
            ("KR-49", "Jeju", ("제주", "제주특별자치도", "제주자치도", "제주도")),
            ("KR-50", "Sejong", ("세종", "세종특별자치시", "세종자치시", "세종시")),
        ),
        start=1,
    )
)

# 광주 and 전남 are one administrative unit since 2026-07-01 (전남광주통합특별시).
MERGED_NAMES = ("전남광주", "전남광주통합특별시")
GWANGJU_DISTRICTS = frozenset({"동구", "서구", "남구", "북구", "광산구"})

BY_ID = {province.id: province for province in PROVINCES}
BY_CODE = {province.code: province for province in PROVINCES}
_BY_NAME = {name: province for province in PROVINCES for name in province.names}
_BY_WORD = {
    word.casefold(): province
    for province in PROVINCES
    for word in (*province.names, province.code, province.en)
}
GWANGJU, JEONNAM = BY_CODE["KR-29"], BY_CODE["KR-46"]


def find_province(text: str) -> Province:
    """A province by Korean name, code or English name; raises `InputError` naming the known."""
    try:
        return _BY_WORD[text.strip().casefold()]
    except KeyError:
        names = " ".join(province.ko for province in PROVINCES)
        raise InputError(
            f"unknown province {text!r}; known are {names}, their codes (KR-11) and English names",
            "province",
        ) from None


def by_address(address: str | None) -> Province | None:
    """The province an address lies in, by exact match of its first token.

    ``광주`` as the first token is the metropolitan city, never 경기 광주시, whose first token is
    경기. An address in the merged unit is 광주 when its second token is one of the five old
    districts (동구 서구 남구 북구 광산구) and 전남 otherwise.
    """
    tokens = (address or "").split()
    if not tokens:
        return None
    if tokens[0] in MERGED_NAMES:
        if len(tokens) == 1:
            return None
        return GWANGJU if tokens[1] in GWANGJU_DISTRICTS else JEONNAM
    return _BY_NAME.get(tokens[0])


def province_of(
    sido: str,
    name: str,
    address: str | None,
    gwangju_names: Collection[str] = (),
    jeonnam_names: Collection[str] = (),
) -> Province | None:
    """The province a station counts for, or None when nothing known tells.

    The address decides where there is one; else upstream's `sido` label; and for 전남광주 without
    an address the names known in 2024 (`config/provinces.toml`).
    """
    province = by_address(address)
    if province:
        return province
    if sido in MERGED_NAMES:
        if name in gwangju_names:
            return GWANGJU
        return JEONNAM if name in jeonnam_names else None
    return _BY_NAME.get(sido)


# AirKorea's forecast regions, in both spellings of 강원's halves -> the provinces they lie in.
# 광주 and 전남 are taken as upstream gives them: apart, or as one.
FORECAST_REGIONS: dict[str, tuple[Province, ...]] = {
    **{province.ko: (province,) for province in PROVINCES},
    **dict.fromkeys(("경기남부", "경기북부"), (_BY_NAME["경기"],)),
    **dict.fromkeys(("영서", "영동", "강원영서", "강원영동"), (_BY_NAME["강원"],)),
    **dict.fromkeys(MERGED_NAMES, (GWANGJU, JEONNAM)),
}


def district_provinces(name: str) -> tuple[Province, ...]:
    """The provinces an advisory's district lies in, as upstream names it; none for other words.

    전남광주 is both of its provinces: no rule of its zones is published.
    """
    first = name.split(maxsplit=1)[0] if name.strip() else ""
    if first in MERGED_NAMES:
        return GWANGJU, JEONNAM
    return (_BY_NAME[first],) if first in _BY_NAME else ()


# Names of provinces in running text, the longest first; 광주 after 경기 is its city.
_NAMED = re.compile(
    "|".join(sorted((*_BY_NAME, *MERGED_NAMES), key=len, reverse=True)).replace(
        "|광주|", "|(?<!경기 )(?<!경기도 )(?<!경기)광주|"
    )
)


def provinces_named(text: str) -> tuple[Province, ...]:
    """The provinces a text names, in page-header order; none where it names none."""
    provinces: set[Province] = set()
    for name in _NAMED.findall(text):
        provinces |= set(district_provinces(name))
    return tuple(sorted(provinces, key=lambda province: province.id))

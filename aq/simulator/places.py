"""The simulated station list: how many where, what they are called, where they stand."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from aq.errors import ConfigError, InputError
from aq.model import URBAN
from aq.paths import config_dir
from aq.regions import GWANGJU, JEONNAM, PROVINCES, Province
from aq.simulator.noise import uniform

ROADSIDE, HARBOUR, SUBURBAN, BACKGROUND = "도로변대기", "항만", "교외대기", "국가배경농도"
NETWORKS = (URBAN, ROADSIDE, HARBOUR, SUBURBAN, BACKGROUND)
FEWEST, MOST = 2 * len(PROVINCES), 5000

# Stations per province and network in the order of NETWORKS: 657 in all, 528/61/30/27/11 by
# network and about these totals by province (station list of 2024); the split within a province
# is ours.
_REAL: Mapping[str, tuple[int, ...]] = {
    "서울": (25, 15, 0, 0, 0), "경기": (110, 10, 1, 4, 0), "인천": (29, 5, 5, 2, 1),
    "광주": (11, 2, 0, 0, 0), "대전": (10, 3, 0, 0, 0), "대구": (22, 3, 0, 0, 0),
    "울산": (17, 2, 3, 0, 0), "부산": (26, 5, 5, 0, 0), "강원": (30, 1, 2, 3, 2),
    "충북": (28, 3, 0, 2, 0), "충남": (45, 1, 3, 3, 1), "전북": (40, 4, 1, 3, 0),
    "전남": (39, 0, 4, 3, 3), "경북": (45, 2, 2, 2, 2), "경남": (39, 3, 3, 3, 0),
    "제주": (7, 1, 1, 2, 2), "세종": (5, 1, 0, 0, 0),
}  # fmt: skip

# Second address tokens, and in the metropolitan cities station names too.
_DISTRICTS: Mapping[str, str] = {
    "서울": "종로구 중구 용산구 성동구 광진구 동대문구 중랑구 성북구 강북구 도봉구 노원구 은평구"
    " 서대문구 마포구 양천구 강서구 구로구 금천구 영등포구 동작구 관악구 서초구 강남구 송파구"
    " 강동구",
    "경기": "수원시 성남시 의정부시 안양시 부천시 광명시 평택시 안산시 고양시 과천시 구리시 남양주시"
    " 오산시 시흥시 군포시 하남시 용인시 파주시 이천시 김포시 화성시 광주시 양주시 포천시",
    "인천": "중구 동구 미추홀구 연수구 남동구 부평구 계양구 서구 강화군 옹진군",
    "광주": "동구 서구 남구 북구 광산구",
    "대전": "동구 중구 서구 유성구 대덕구",
    "대구": "중구 동구 서구 남구 북구 수성구 달서구 달성군 군위군",
    "울산": "중구 남구 동구 북구 울주군",
    "부산": "중구 서구 동구 영도구 부산진구 동래구 해운대구 사하구 금정구 강서구 연제구 수영구"
    " 사상구 기장군",
    "강원": "고성군 춘천시 원주시 강릉시 동해시 태백시 속초시 삼척시 홍천군 횡성군 영월군 평창군",
    "충북": "청주시 충주시 제천시 보은군 옥천군 영동군 증평군 진천군 괴산군 음성군 단양군",
    "충남": "천안시 공주시 보령시 아산시 서산시 논산시 당진시 금산군 부여군 서천군 홍성군 태안군",
    "전북": "전주시 군산시 익산시 정읍시 남원시 김제시 완주군 진안군 무주군 장수군 고창군 부안군",
    "전남": "목포시 여수시 순천시 나주시 광양시 담양군 곡성군 구례군 고흥군 보성군 화순군 해남군",
    "경북": "포항시 경주시 김천시 안동시 구미시 영주시 영천시 상주시 문경시 경산시 의성군 울진군",
    "경남": "고성군 창원시 진주시 통영시 사천시 김해시 밀양시 거제시 양산시 함안군 하동군 거창군",
    "제주": "제주시 서귀포시",
    "세종": "나성동 조치원읍 한솔동 아름동 보람동 연서면",
}
# Two provinces that each call their first station by this name: names alone are no key.
_TWICE, _TWICE_IN = "고성", ("강원", "경남")
_STEMS: Sequence[str] = ["중앙", "신흥", "송정", "상대", "교", "석남", "문화", "용암", "봉산", "단대", "복정", "정자", "수내", "백현", "운중", "신풍", "인계", "광교", "영통", "고잔", "본오", "원곡", "호수", "부곡", "당", "산본", "별양", "철산", "소하", "배곧", "정왕", "목감", "금암", "갈매", "토평", "와부", "화도", "금곡", "평내", "운정", "금촌", "문산", "창전", "부발", "설성", "사우", "고촌", "통진", "향남", "남양", "새솔", "동탄", "오포", "경안", "백석", "고읍", "선단", "관인", "일동", "옥천", "천곡", "황지", "연당", "임곡", "사천", "대산", "성황", "백룡", "배방", "모종", "동문", "읍내", "정안", "신평"]  # fmt: skip
_ROADS = (
    "강변북 한강대 청계천 정릉 홍릉 동작대 신촌 영등포 천호대 강남대 도산대 화랑 중앙 시청 역전"
)
_KINDS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    URBAN: (_STEMS, ("동", "읍", "면", "1동", "2동", "3동")),
    ROADSIDE: (_ROADS.split(), ("로", "길", "대로변")),
    HARBOUR: (["신", "북", "남", "동", "서", "외", "내"], ("항", "항만", "부두")),
    SUBURBAN: (_STEMS[::-1], ("리", "산성", "공원")),
    BACKGROUND: (
        ["파도", "백령", "석모", "태하", "고산", "한라", "울릉", "흑산", "덕적", "소청"],
        ("도", "리", "봉"),
    ),
}
# Degrees by which stations lie around the province's point: cities are small.
_SPREAD = {"서울": 0.05, "세종": 0.04, "광주": 0.05, "대전": 0.05, "대구": 0.06, "경기": 0.08}


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A simulated station; labels that changed with the merger are asked for by date elsewhere."""

    code: str
    name: str
    province: Province
    network: str
    district: str
    street: str
    latitude: float
    longitude: float
    year: int


def make_sites(count: int) -> tuple[Site, ...]:
    """`count` stations, at least two a province of which one is urban; the same ones every time."""
    if not FEWEST <= count <= MOST:
        raise InputError(f"{count} stations: give a number from {FEWEST} to {MOST}", "stations")
    taken: set[str] = set()
    sites: list[Site] = []
    for province, total in zip(PROVINCES, _share(count), strict=True):
        names = _names(province, taken)
        networks = list(_networks(province, total))
        for number, network in enumerate(networks):
            sites.append(_site(province, number, network, next(names[network])))
    return tuple(sites)


def _share(count: int) -> list[int]:
    """Stations per province: as in reality, two at least, `count` in all."""
    real = [sum(_REAL[province.ko]) for province in PROVINCES]
    out = [max(2, number * count // sum(real)) for number in real]
    order = sorted(range(len(real)), key=lambda index: -real[index])
    step = 1 if sum(out) < count else -1
    while sum(out) != count:
        for index in order:
            if sum(out) != count and out[index] + step >= 2:
                out[index] += step
    return out


def _networks(province: Province, total: int) -> Iterator[str]:
    """Networks of a province's stations, urban first, in the proportions of reality."""
    real = _REAL[province.ko]
    others = [number * total // sum(real) for number in real[1:]]
    while sum(others) >= total:
        others[others.index(max(others))] -= 1
    for network, number in zip(NETWORKS, (total - sum(others), *others), strict=True):
        yield from (network for _ in range(number))


def _names(province: Province, taken: set[str]) -> Mapping[str, Iterator[str]]:
    """Names for each network; a word that another province has used gets the province behind it."""
    known = _merged_names().get(province.code)
    districts = _DISTRICTS[province.ko].split()
    first = [name for name in districts if name.endswith("구")] if known is None else list(known)
    if province.ko in _TWICE_IN:
        first.insert(0, _TWICE)
    return {network: _stream(province, network, first, taken) for network in NETWORKS}


def _stream(
    province: Province, network: str, first: Sequence[str], taken: set[str]
) -> Iterator[str]:
    stems, endings = _KINDS[network]
    candidates = [*first] if network == URBAN else []
    turn = (province.id * 7) % len(stems)
    for ending in (*endings, *(f"{number}지점" for number in range(1, MOST))):
        candidates += [stem + ending for stem in (*stems[turn:], *stems[:turn])]
        for word in candidates:
            name = word if word not in taken or word == _TWICE else f"{word}({province.ko})"
            if name not in taken or name == _TWICE:
                taken.add(name)
                yield name
        candidates = []


def _site(province: Province, number: int, network: str, name: str) -> Site:
    districts = _DISTRICTS[province.ko].split()
    at = _points()[province.code]
    spread = _SPREAD.get(province.ko, 0.07)
    key = province.id * 1000 + number
    own = name if name in districts else districts[number % len(districts)]
    return Site(
        code=f"{101 + 10 * province.id}{number + 1:03d}",
        name=name,
        province=province,
        network=network,
        district=own,
        street=f"{name.split('(', maxsplit=1)[0]} 중앙로 {1 + int(uniform(1, key) * 300)}",
        latitude=round(at[0] + spread * float(uniform(2, key) * 2 - 1), 6),
        longitude=round(at[1] + spread * float(uniform(3, key) * 2 - 1), 6),
        year=1985 + int(uniform(4, key) * 40),
    )


@cache
def _places_file() -> Mapping[str, Any]:
    path = config_dir() / "provinces.toml"
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", str(path)) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not readable as TOML: {error}", str(path)) from None


@cache
def _points() -> Mapping[str, tuple[float, float]]:
    """(latitude, longitude) of each province's named point."""
    try:
        rows = _places_file()["points"]
        return {p.code: (rows[p.code]["latitude"], rows[p.code]["longitude"]) for p in PROVINCES}
    except KeyError as error:
        where = str(config_dir() / "provinces.toml")
        raise ConfigError(f"a point of each province is needed; missing {error}", where) from None


def points() -> Mapping[str, tuple[float, float]]:
    """(latitude, longitude) [degrees] of the named point of each province, by province code."""
    return _points()


def _merged_names() -> Mapping[str, Sequence[str]]:
    """Names of 광주 and 전남 stations that the product can tell apart without addresses."""
    known = _places_file().get("merged_stations", {})
    return {GWANGJU.code: known.get("gwangju", ()), JEONNAM.code: known.get("jeonnam", ())}

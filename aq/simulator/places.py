"""The simulated station list: how many where, what they are called, where they stand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, count

from aq.domain.errors import InputError
from aq.domain.model import URBAN
from aq.domain.provinces import GWANGJU, JEONNAM, PROVINCES, Province
from aq.paths import config_file
from aq.settings import read_provinces
from aq.simulator.land import point_within
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
    "전남": (39, 0, 3, 4, 3), "경북": (45, 2, 2, 2, 2), "경남": (39, 3, 4, 2, 0),
    "제주": (7, 1, 1, 2, 2), "세종": (5, 1, 0, 0, 0),
}  # fmt: skip

# Second address tokens, and in the metropolitan cities station names too.
_DISTRICTS: Mapping[str, str] = {
    "서울": "종로구 중구 용산구 성동구 광진구 동대문구 중랑구 성북구 강북구 도봉구 노원구 은평구"
    " 서대문구 마포구 양천구 강서구 구로구 금천구 영등포구 동작구 관악구 서초구 강남구 송파구"
    " 강동구",
    "경기": "수원시 성남시 의정부시 안양시 부천시 광명시 평택시 안산시 고양시 과천시 구리시"
    " 남양주시 오산시 시흥시 군포시 하남시 용인시 파주시 이천시 김포시 화성시 광주시 양주시 포천시",
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
_CITIES = frozenset({"서울", "인천", "광주", "대전", "대구", "울산", "부산"})
# Two syllables and an ending make most names: 신천동, 대곡읍, 송림로.
_FIRST, _SECOND = "신대송상하남북동서금용봉장화청석", "천산곡현림정촌암포원평성호계전덕"
_STEMS = tuple(first + second for first in _FIRST for second in _SECOND)
_ENDINGS: Mapping[str, tuple[str, ...]] = {
    URBAN: ("동", "읍", "면"),
    ROADSIDE: ("로", "대로"),
    HARBOUR: ("항",),
    SUBURBAN: ("리",),
    BACKGROUND: ("도",),
}
_SHARED_EVERY = 12  # of the words that another province has, each so many is used again


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


def make_sites(number: int) -> tuple[Site, ...]:
    """`number` stations, two or more a province, one or more of them urban; always the same."""
    if not FEWEST <= number <= MOST:
        raise InputError(f"{number} stations: give a number from {FEWEST} to {MOST}", "stations")
    taken = {_TWICE, *chain.from_iterable(_merged_names().values())}
    sites: list[Site] = []
    for province, total in zip(PROVINCES, _stations_per_province(number), strict=True):
        names = _network_names(province, taken)
        networks = list(_networks(province, total))
        for place, network in enumerate(networks):
            sites.append(_site(province, place, network, next(names[network])))
    return tuple(sites)


def _stations_per_province(number: int) -> list[int]:
    """Stations per province: as in reality, two at least, `number` in all."""
    real = [sum(_REAL[province.ko]) for province in PROVINCES]
    out = [max(2, number * share // sum(real)) for share in real]
    order = sorted(range(len(real)), key=lambda index: -real[index])
    step = 1 if sum(out) < number else -1
    while sum(out) != number:
        for index in order:
            if sum(out) != number and out[index] + step >= 2:
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


def _network_names(province: Province, taken: set[str]) -> Mapping[str, Iterator[str]]:
    """Names for each network; a word that another province has used gets the province behind it.

    In 광주 and 전남 the known names come first, islands and harbours where they belong, so that
    the two can be told apart by name alone.
    """
    names = _merged_names().get(province.code, ())
    first = {
        HARBOUR: iter([name for name in names if name.endswith("항")]),
        BACKGROUND: iter([name for name in names if name.endswith("도")]),
    }
    rest = iter([name for name in names if not name.endswith(("항", "도"))])
    if province.ko in _TWICE_IN:
        rest = iter((_TWICE,))
    districts = () if names else _DISTRICTS[province.ko].split()
    cities = [name for name in districts if name.endswith("구")]
    return {
        network: chain(
            first.get(network, rest),
            _invented(province, network, cities if network == URBAN else (), taken),
        )
        for network in NETWORKS
    }


def _invented(
    province: Province, network: str, districts: Sequence[str], taken: set[str]
) -> Iterator[str]:
    """The districts, then made-up names, each once in the country."""
    again = count(1)
    for word in chain(districts, _name_stems(province, network)):
        name = word
        if word in taken:
            if word not in districts and next(again) % _SHARED_EVERY:
                continue
            name = f"{word}({province.ko})"
        if name not in taken:
            taken.add(name)
            yield name


def _name_stems(province: Province, network: str) -> Iterator[str]:
    """Stems with endings in an order of the province's own; numbers once they run out: 신천2동."""
    cities = network == URBAN and province.ko in _CITIES
    endings = _ENDINGS[network][:1] if cities else _ENDINGS[network]
    for turn in count(1):
        for place in range(len(_STEMS) * len(endings)):
            # 37 has no factor in common with the number of stems: every stem comes once a turn.
            stem = _STEMS[(province.id * 61 + place * 37) % len(_STEMS)]
            yield f"{stem}{turn if turn > 1 else ''}{endings[place % len(endings)]}"


def _site(province: Province, number: int, network: str, name: str) -> Site:
    districts = _DISTRICTS[province.ko].split()
    key = province.id * 1000 + number
    at = point_within(province.code, key)
    own = name if name in districts else districts[number % len(districts)]
    return Site(
        code=f"{101 + 10 * province.id}{number + 1:03d}",
        name=name,
        province=province,
        network=network,
        district=own,
        street=f"{name.split('(', maxsplit=1)[0]} 중앙로 {1 + int(uniform(1, key) * 300)}",
        latitude=at[0],
        longitude=at[1],
        year=1985 + int(uniform(4, key) * 40),
    )


_provinces = cache(read_provinces)


def points() -> Mapping[str, tuple[float, float]]:
    """(latitude, longitude) [degrees] of the named point of each province, by province code."""
    places = _provinces(config_file("provinces.toml").parent).points
    return {code: (point.latitude, point.longitude) for code, point in places.items()}


def _merged_names() -> Mapping[str, Sequence[str]]:
    """Names of 광주 and 전남 stations that the product can tell apart without addresses."""
    stations = _provinces(config_file("provinces.toml").parent).merged_stations
    return {GWANGJU.code: stations.gwangju, JEONNAM.code: stations.jeonnam}

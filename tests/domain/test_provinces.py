"""The 17 in page-header order, their names, and 전남광주."""

import pytest

from aq.domain.errors import InputError
from aq.domain.provinces import PROVINCES, by_address, find_province, province_of

ORDER = "서울 경기 인천 광주 대전 대구 울산 부산 강원 충북 충남 전북 전남 경북 경남 제주 세종"


def test_the_page_header_order() -> None:
    assert " ".join(province.ko for province in PROVINCES) == ORDER
    assert [province.id for province in PROVINCES] == list(range(1, 18))


@pytest.mark.parametrize("province", PROVINCES, ids=lambda one: one.en)
def test_t30_every_name_finds_its_province(province: object) -> None:
    for word in (*province.names, province.code, province.en, province.en.upper()):  # type: ignore[attr-defined]
        assert find_province(f" {word} ") is province


def test_t30_names_match_whole() -> None:
    with pytest.raises(InputError, match="known are 서울 경기"):
        find_province("전남광주")
    assert by_address("경기 광주시 파발로 194").ko == "경기"  # type: ignore[union-attr]
    assert by_address("전라남도 목포시 동부로 31").ko == "전남"  # type: ignore[union-attr]
    assert by_address("강원특별자치도 춘천시").ko == "강원"  # type: ignore[union-attr]
    assert by_address("서울시내 어딘가") is None


@pytest.mark.parametrize(
    ("sido", "name", "address", "expected"),
    [
        ("전남광주", "치평동", "전남광주통합특별시 서구 상무자유로 170", "광주"),
        ("전남광주", "용당동", "전남광주통합특별시 목포시 동부로 31", "전남"),
        ("전남광주", "어룡동", "전남광주 광산구 어등대로 1", "광주"),
        ("전남광주", "치평동", "광주 서구 상무자유로 170", "광주"),
        ("전남광주", "치평동", "광주광역시 서구", "광주"),
        ("전남광주", "치평동", None, "광주"),
        ("전남광주", "용당동", None, "전남"),
        ("전남광주", "처음 듣는 곳", None, None),
        ("광주", "치평동", None, "광주"),
        ("강원", "중앙동", "", "강원"),
        ("어딘가", "중앙동", None, None),
    ],
)
def test_t01_the_merged_unit_is_told_apart(
    sido: str, name: str, address: str | None, expected: str | None
) -> None:
    found = province_of(sido, name, address, {"치평동"}, {"용당동"})
    assert (found.ko if found else None) == expected

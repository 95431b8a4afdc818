"""Names in Latin letters, as the Ministry's own examples and the authorities' sites spell them."""

import pytest

from aq.domain.provinces import PROVINCES
from aq.domain.romanization import romanized

# 국어의 로마자 표기법, chapters 2 and 3 (its own examples), and the English sites of the districts.
SPELT = """
구미 Gumi|영동 Yeongdong|백암 Baegam|옥천 Okcheon|합덕 Hapdeok|호법 Hobeop|월곶 Wolgot|벚꽃 Beotkkot
백마 Baengma|종로 Jongno|왕십리도선동 Wangsimnidoseon-dong|별내 Byeollae|신라 Silla|묵호 Mukho
독립문 Dongnimmun|팔당 Paldang|샛별 Saetbyeol|울산 Ulsan|낙동강 Nakdonggang|압구정 Apgujeong
충청북도 Chungcheongbuk-do|제주특별자치도 Jeju-do|의정부시 Uijeongbu-si|양주군 Yangju-gun
도봉구 Dobong-gu|신창읍 Sinchang-eup|삼죽면 Samjuk-myeon|인왕리 Inwang-ri|당산동 Dangsan-dong
밀양시 Miryang-si
덕양구 Deogyang-gu|종로구 Jongno-gu|중구 Jung-gu|강릉시 Gangneung-si|울릉군 Ulleung-gun
대구 Daegu|양구군 Yanggu-gun|백령도 Baengnyeongdo|서울특별시 Seoul|칠곡군 Chilgok-gun
창녕군 Changnyeong-gun|의령군 Uiryeong-gun|강남대로 Gangnam-daero|을지로 Eulji-ro
영종·영흥 Yeongjong·Yeongheung|동남부 Dongnambu|남양주시 Namyangju-si|읍내동 Eumnae-dong
"""


@pytest.mark.parametrize("pair", [pair for pair in SPELT.replace("\n", "|").split("|") if pair])
def test_names_are_spelt_by_the_rules(pair: str) -> None:
    korean, latin = pair.split()
    assert romanized(korean) == latin


def test_provinces_come_out_as_they_spell_themselves() -> None:
    for province in PROVINCES:
        assert romanized(province.ko) == province.en


def test_all_else_stays() -> None:
    assert romanized("KT 사옥 (2층)") == "KT Saok (2Cheung)"
    assert romanized("종로2가") == "Jongno2-ga"
    assert romanized("충남(서해안)") == "Chungnam (Seohaean)"
    assert romanized("봉천1동") == "Bongcheon1-dong"
    assert romanized("") == ""

"""Frames and pictures for other sites over a real socket, as an editor of a paper tries them."""

import io
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import requests
from lxml import etree, html
from PIL import Image

from aq import app
from aq.alerts import Rule
from aq.alerts.rules import known_to, save_rule
from aq.context import Context
from aq.domain.clock import HOUR, kst_day
from aq.domain.model import DAILY, URBAN, Advisory, ForecastNotice, Reading, Station
from aq.domain.provinces import PROVINCES
from aq.domain.zones import KINDS as ZONE_KINDS
from aq.paths import ROOT
from aq.store.notices import put_advisories, put_forecasts
from aq.web.public.embeds import KINDS
from aq.web.public.picture import png
from aq.web.public.picture_kinds import PICTURES
from aq.zones_file import zones_on
from tests.conftest import NOW
from tests.serving import HOUR_20, fill, make_runtime, public, write

LARGEST = 40_000  # bytes of a frame


@pytest.fixture
def context(tmp_path: Path) -> Context:
    made = make_runtime(
        f"sqlite:///{tmp_path / 'aq.db'}", AQ_SERVER__PUBLIC_URL="https://air.example.org"
    )
    fill(made, hours=60)
    return made


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_small_and_whole(context: Context, kind: str, lang: str) -> None:
    with public(context) as address:
        answer = requests.get(f"{address}/embed/{kind}?lang={lang}", timeout=60)
    assert answer.status_code == 200
    assert len(answer.content) <= LARGEST
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    tree = html.fromstring(answer.content)
    assert tree.get("lang") == lang
    assert not tree.xpath("//script | //img | //link[@rel='stylesheet']")
    foot = tree.xpath("string(//footer)")
    assert ("20시" if lang == "ko" else "20:00") in foot
    assert ("공공누리 제3유형" if lang == "ko" else "KOGL type 3") in foot
    (back,) = tree.xpath("//footer//a/@href")
    assert back.startswith("https://air.example.org/now")
    oembed = tree.xpath("//link[@type='application/json+oembed']/@href")
    assert oembed[0].startswith("https://air.example.org/oembed?url=")


@pytest.mark.parametrize("standard", ["airkorea", "eu_eaqi_2024", "us_epa_2024"])
def test_a_map_is_small_on_a_day_of_acts_in_every_zone(context: Context, standard: str) -> None:
    acts = [
        Advisory(
            pollutant=key,
            district=zone.province.ko,
            zone=zone.name,
            word="주의보",
            issued_at=NOW - HOUR,
            issue_value=1600,
        )
        for key, kind in ZONE_KINDS.items()
        for zone in zones_on(kst_day(NOW), kind)
    ]
    with context.store.write("test") as txn:
        put_advisories(txn, acts)
    with public(context) as address:
        for lang in ("ko", "en"):
            answer = requests.get(
                f"{address}/embed/map?lang={lang}&standard={standard}", timeout=60
            )
            assert answer.status_code == 200
            assert len(answer.content) <= LARGEST
            marks = html.fromstring(answer.content).xpath("//span[@class='mark']")
            assert len(marks) == len(PROVINCES)


def test_the_provinces_and_the_dress_an_editor_asks_for(context: Context) -> None:
    with public(context) as address:
        strip = f"{address}/embed/strip"
        chosen = requests.get(f"{strip}?provinces=부산,울산,경남&theme=dark", timeout=60)
        listed = requests.get(f"{strip}?layout=list", timeout=60)
    tree = html.fromstring(chosen.content)
    assert tree.xpath("//li/b[@class='name']/text()") == ["울산", "부산", "경남"]
    assert tree.xpath("//div[@data-theme='dark']")
    assert "[data-theme=dark]" in chosen.text
    tree = html.fromstring(listed.content)
    assert len(tree.xpath("//ol[contains(@class, 'list')]/li")) == 17
    assert "통신장애" in listed.text
    assert listed.text.count("자료 없음") == 2  # once a province, its reason beside it
    words = tree.xpath("string(//ol[@class='scale'])")
    assert all(word in words for word in ("좋음", "보통", "나쁨", "매우나쁨"))


def test_the_authority_s_own_means_are_shown_unchanged(context: Context) -> None:
    readings = [
        Reading(province=province.code, hour=HOUR_20 - back * HOUR, values={"pm10": 770})
        for province in PROVINCES
        for back in range(2)
    ]
    write(context, *readings, feed="airkorea_means")
    with public(context) as address:
        own = requests.get(f"{address}/embed/strip", timeout=60).text
        asked = f"{address}/embed/strip?source=official"
        official = requests.get(asked, timeout=60).text
        named = requests.get(f"{asked}&standard=airkorea_1h", timeout=60).text
    assert "62 µg/m³" in own
    assert "도시대기 측정소 값을 이 사이트가 평균한" in own
    assert "77 µg/m³" in official
    assert "62 µg/m³" not in official
    assert "에어코리아가 발표한 시도 평균을 그대로" in official
    assert "등급은 한국 1시간 등급 기준" in official
    assert "77 µg/m³" in named


@pytest.mark.parametrize("standard", ["who_2021", "airkorea", "us_epa_2024", "eu_eaqi_2024"])
@pytest.mark.parametrize("kind", ["strip", "map", "province"])
def test_the_authority_s_own_means_are_not_converted(
    context: Context, kind: str, standard: str
) -> None:
    asked = f"embed/{kind}?source=official&standard={standard}"
    with public(context) as address:
        frame = requests.get(f"{address}/{asked}", timeout=60)
        known = f"https://air.example.org/{asked}"
        oembed = requests.get(f"{address}/oembed", params={"url": known}, timeout=60)
    assert frame.status_code == oembed.status_code == 400
    assert "standard: AirKorea's own means are shown unchanged" in oembed.text
    assert "µg/m³" not in frame.text


def test_the_authority_s_own_means_are_hourly_where_the_site_shows_another_standard(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'who.db'}"
    context = make_runtime(url, AQ_DISPLAY__STANDARD="who_2021")
    for back in range(30):
        means = [
            Reading(province=place.code, hour=HOUR_20 - back * HOUR, values={"pm10": 770 + back})
            for place in PROVINCES
        ]
        write(context, *means, feed="airkorea_means")
    with public(context) as address:
        frame = requests.get(f"{address}/embed/strip?source=official", timeout=60).text
    assert "77 µg/m³" in frame


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("strip?theme=pink", 400, "theme: known are auto, light, dark"),
        ("strip?provinces=아틀란티스", 400, "province"),
        ("strip?layout=wild", 400, "layout: known are wrap, list, scroll"),
        ("strip?colour=red", 400, "colour: unknown parameter"),
        ("strip?pollutant=gold", 400, "unknown pollutant"),
        ("strip?standard=none", 400, "standard: known are"),
        ("strip?theme=", 400, "theme: empty"),
        ("line?source=official", 400, "source"),
        ("calendar?provinces=서울,부산", 400, "one province at a time"),
        ("radar", 404, "known are strip, map"),
        ("strip?theme=%3Cscript%3E", 400, "theme: known are"),
    ],
)
def test_what_is_wrong_is_said_in_the_frame(
    context: Context, path: str, status: int, words: str
) -> None:
    with public(context) as address:
        answer = requests.get(f"{address}/embed/{path}", timeout=60)
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "frame-ancestors *" in answer.headers["Content-Security-Policy"]
    told = html.fromstring(answer.content).xpath("string(//code)")
    assert words in told
    assert "<script>" not in answer.text


def test_oembed_gives_the_frame_of_an_address(context: Context) -> None:
    page = "https://air.example.org/embed/map?theme=dark"
    with public(context) as address:
        found = requests.get(f"{address}/oembed", params={"url": page}, timeout=60).json()
        foreign = requests.get(f"{address}/oembed?url=https://evil.example/embed/map", timeout=60)
        xml = requests.get(f"{address}/oembed", params={"url": page, "format": "xml"}, timeout=60)
        narrow = requests.get(
            f"{address}/oembed", params={"url": page, "maxwidth": "320"}, timeout=60
        ).json()
    assert (found["type"], found["version"]) == ("rich", "1.0")
    assert f'src="{page}"' in found["html"]
    assert foreign.status_code == 404
    assert xml.status_code == 400
    assert narrow["width"] == 320
    assert narrow["height"] < found["height"]


@pytest.mark.parametrize(
    ("path", "frame"),
    [
        ("", "strip"),
        ("?lang=en&x=pm25", "strip?pollutant=pm25&lang=en"),
        ("?p=KR-26&std=who_2021", "province?province=KR-26&standard=who_2021"),
        ("now?x=pm25&utm_source=chat", "strip?pollutant=pm25"),
        ("now/en", "strip?lang=en"),
        ("now/", "strip"),
        ("now/seoul", "province?province=KR-11"),
        ("now/seoul/en#week", "province?province=KR-11&lang=en"),
        ("embed/line?province=KR-11", "line?province=KR-11"),
    ],
)
def test_oembed_gives_a_frame_that_answers(context: Context, path: str, frame: str) -> None:
    asked = {"url": f"https://air.example.org/{path}"}
    with public(context) as address:
        found = requests.get(f"{address}/oembed", params=asked, timeout=60).json()
        answer = requests.get(f"{address}/embed/{frame}", timeout=60)
    (source,) = html.fromstring(found["html"]).xpath("//@src")
    assert source == f"https://air.example.org/embed/{frame}"
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("embed/strip?bogus=1", 400, "bogus: unknown parameter"),
        ("embed/strip?theme=", 400, "theme: empty"),
        ("embed/strip?theme=dark&theme=light", 400, "theme: given twice"),
        ("embed/line?source=official", 400, "source"),
        ("now?x=gold", 400, "unknown pollutant"),
        ("?std=none", 400, "standard: known are"),
        ("embed/radar", 404, "known are strip, map"),
        ("now/atlantis", 404, "there is no such province"),
        ("now/zone/pm-11-01", 404, "no frame shows this page"),
        ("bogus", 404, "no frame shows this page"),
        ("past?p=KR-11", 404, "no frame shows this page"),
        ("api/v1/current", 404, "no frame shows this page"),
    ],
)
def test_oembed_refuses_what_its_frame_would(
    context: Context, path: str, status: int, words: str
) -> None:
    asked = {"url": f"https://air.example.org/{path}"}
    with public(context) as address:
        answer = requests.get(f"{address}/oembed", params=asked, timeout=60)
    assert answer.status_code == status
    assert words in answer.text


def test_a_plain_page_names_its_frame(context: Context) -> None:
    with public(context) as address:
        for path, is_framed in (
            ("now", True),
            ("now/seoul/en", True),
            ("now/zone/pm-41-01", False),
        ):
            tree = html.fromstring(requests.get(f"{address}/{path}", timeout=60).content)
            ways = tree.xpath("//link[@type='application/json+oembed']/@href")
            assert len(ways) == is_framed
            for way in ways:
                there = way.replace("https://air.example.org", address)
                assert requests.get(there, timeout=60).json()["type"] == "rich"


def test_a_map_of_some_provinces_hatches_none_that_was_not_asked_for(context: Context) -> None:
    with public(context) as address:
        answer = requests.get(f"{address}/embed/map?provinces=부산,세종", timeout=60)
    tree = html.fromstring(answer.content)
    fills = tree.xpath("//div[@class='outlined']//path/@fill")
    # 부산 has a level, 세종 has no value, and 15 were not asked for.
    assert sorted(fills) == sorted(["#5CC08B", "url(#noarea)", *["var(--rule)"] * 15])
    assert tree.xpath("string(//h1)") == "부산·세종 · 미세먼지"
    names = tree.xpath("//div[@class='outlined']//text/text()")
    assert names == ["부산", "세종"]


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_card_is_a_picture_of_the_hour(context: Context, lang: str) -> None:
    with public(context) as address:
        answer = requests.get(f"{address}/card-{lang}.png?hour=2026112311", timeout=60)
        page = requests.get(f"{address}/now/en", timeout=60).text
        unknown = requests.get(f"{address}/card-xx.png", timeout=60)
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.format, picture.size) == ("PNG", (1200, 630))
    colours = {colour for _, colour in picture.convert("RGB").getcolors(10**6) or ()}
    assert (0x5C, 0xC0, 0x8B) in colours  # the level most provinces have
    assert 'content="https://air.example.org/card-en.png?hour=2026112311"' in page
    assert unknown.status_code == 404


# Pictures of what `fill` has not: notices, acts, stations with a place, rules.
OF_MORE = ("acts", "forecasts", "stations", "rule")


@pytest.mark.parametrize("kind", [kind for kind in PICTURES if kind not in OF_MORE])
def test_a_picture_to_take_away_says_what_it_is(context: Context, kind: str) -> None:
    with public(context) as address:
        drawing = requests.get(f"{address}/picture/{kind}.svg?province=부산&lang=en", timeout=60)
        picture = requests.get(f"{address}/picture/{kind}.png?theme=dark", timeout=60)
        unknown = requests.get(f"{address}/picture/{kind}.gif", timeout=60)
    assert drawing.headers["Content-Type"].startswith("image/svg+xml")
    tree = etree.fromstring(drawing.content)
    words = " ".join(tree.itertext())
    assert "As of Mon 23 Nov 20:00." in words
    assert "AirKorea" in words
    assert "KOGL type 3" in words
    assert tree.get("aria-label")
    made = Image.open(io.BytesIO(picture.content))
    assert (made.format, made.size[0]) == ("PNG", 1200)
    assert unknown.status_code == 404


def test_forecasts_and_acts_are_pictures_of_what_was_said(context: Context) -> None:
    day = kst_day(NOW) - timedelta(days=1)
    said = {"kind": DAILY, "pollutant": "pm10", "issued_at": NOW - 48 * HOUR, "day": day}
    act = {"pollutant": "pm25", "district": "경기", "zone": "남부권", "word": "주의보"}
    with public(context) as address:
        none = requests.get(f"{address}/picture/forecasts.svg", timeout=60)
        with context.store.write("test") as txn:
            put_forecasts(txn, [ForecastNotice(**said, words=(("서울", "나쁨"),))])
            put_advisories(txn, [Advisory(**act, issued_at=NOW - HOUR, issue_value=780)])
        forecasts = requests.get(f"{address}/picture/forecasts.svg?lang=en", timeout=60)
        acts = requests.get(f"{address}/picture/acts.svg?lang=en", timeout=60)
        other = requests.get(f"{address}/picture/map.png?source=official", timeout=60)
        refused = requests.get(f"{address}/picture/forecasts.png?pollutant=co", timeout=60)
    assert none.status_code == 404
    assert other.status_code == refused.status_code == 400
    for answer, title, sign in (
        (forecasts, "PM10: no bad day came; 1 were forecast", "false alarm"),
        (acts, "1 official advisories in 2026", "tick"),
    ):
        tree = etree.fromstring(answer.content)
        assert title in " ".join(tree.itertext())
        assert b"var(--" not in answer.content
        assert sign in answer.text


def test_a_past_hour_is_drawn_as_it_was(context: Context) -> None:
    high = Reading(
        station=Station(name="서울 하나", sido="서울", network=URBAN),
        hour=HOUR_20 - 5 * HOUR,
        values={"pm10": 1800},
    )
    write(context, high)
    with public(context) as address:
        asked = f"{address}/picture/hour.svg?lang=en&at="
        then, now = (requests.get(asked + at, timeout=60) for at in ("2026-11-23T15", ""))
        wrong = [
            requests.get(f"{address}/picture/{query}", timeout=60)
            for query in ("hour.svg?at=yesterday", "hour.svg?at=2026-11-24T15", "map.svg?at=x")
        ]
    words = " ".join(etree.fromstring(then.content).itertext())
    assert "PM10, Mon 23 Nov 2026 15:00" in words
    assert "As of Mon 23 Nov 15:00. AirKorea, observed" in words
    assert "180 D" in words
    assert now.status_code == 400  # an empty parameter means something that was forgotten
    assert [answer.status_code for answer in wrong] == [400] * 3


def test_episodes_and_missing_hours_are_told_in_the_title(context: Context) -> None:
    seoul = Station(name="서울 하나", sido="서울", network=URBAN)
    hours = (HOUR_20 - back * HOUR for back in range(10, 15))
    write(context, *(Reading(station=seoul, hour=hour, values={"pm10": 1200}) for hour in hours))
    with public(context) as address:
        episodes = requests.get(f"{address}/picture/episodes.svg?lang=en", timeout=60)
        gaps = requests.get(f"{address}/picture/gaps.svg?lang=en", timeout=60)
        index = requests.get(f"{address}/picture/gaps.svg?pollutant=overall", timeout=60)
    assert "PM10: 1 episodes at ‘Poor’ or worse, the longest of 5 hours" in episodes.text
    assert episodes.text.count('<rect style="fill:#') == 1
    # 60 hours of 17 places less two of 90 days (the last ends at 20:00).
    share = 100 * (1 - (60 * 17 - 2) / ((90 * 24 - 4) * 17))
    assert f"PM10: {share:.1f}% of the hours are missing" in gaps.text
    assert index.status_code == 400


def test_stations_are_drawn_where_they_stand(context: Context) -> None:
    facts = {"sido": "서울", "network": URBAN, "latitude": 37.56, "longitude": 126.98}
    jung = Station(name="중구", code="111121", address="서울 중구 덕수궁길 15", **facts)
    road = Station(name="한강대로", code="111122", **{**facts, "network": "도로변대기"})
    with public(context) as address:
        nowhere = requests.get(f"{address}/picture/stations.svg", timeout=60)
        write(
            context,
            *(Reading(station=one, hour=HOUR_20, values={"pm10": 300}) for one in (jung, road)),
        )
        found = requests.get(f"{address}/picture/stations.svg", timeout=60)
    assert nowhere.status_code == 404
    words = " ".join(etree.fromstring(found.content).itertext())
    assert "서울의 측정소 · 미세먼지" in words
    assert "중구" in words
    assert (found.text.count("<circle "), found.text.count('<rect style="fill:#')) == (1, 1)


def test_a_rule_is_drawn_with_its_levels_and_what_it_would_have_done(context: Context) -> None:
    app.watch(context)
    busan = Station(name="부산 하나", sido="부산", network=URBAN)
    hours = (HOUR_20 - back * HOUR for back in range(10, 15))
    write(context, *(Reading(station=busan, hour=hour, values={"pm10": 2000}) for hour in hours))
    rule = Rule(id="own", name="Own", provinces=("KR-26",), threshold=150, clear_below=100)
    save_rule(context.store, rule.as_body(), known_to(context), "test")
    with public(context) as address:
        asked = f"{address}/picture/rule.svg?lang=en&province=KR-26&rule="
        found, late, none = (
            requests.get(asked + name, timeout=60) for name in ("own", "data-late", "nobody")
        )
        unnamed = requests.get(f"{address}/picture/rule.svg", timeout=60)
    words = " ".join(etree.fromstring(found.content).itertext())
    for part in ("Own · Busan: fired 1 times", "fires from 150", "clears below 100"):
        assert part in words
    assert [answer.status_code for answer in (late, none, unnamed)] == [400, 404, 400]


def test_a_picture_draws_the_provinces_asked_for_or_says_why_not(context: Context) -> None:
    with public(context) as address:
        some = requests.get(f"{address}/picture/map.svg?provinces=부산,서울&lang=en", timeout=60)
        several = requests.get(f"{address}/picture/bars.svg?provinces=서울,부산", timeout=60)
        layout = requests.get(f"{address}/picture/map.svg?layout=list", timeout=60)
    drawn = "".join(etree.fromstring(some.content).itertext())
    assert "Busan and Seoul · PM10" in drawn
    assert "Daegu" not in drawn
    assert (several.status_code, layout.status_code) == (400, 400)
    assert several.text.startswith("provinces: one province at a time; map and line take several")
    assert layout.text.startswith("layout: unknown parameter")


def test_every_letter_we_write_stands_in_the_font_that_ships() -> None:
    from PIL import ImageFont

    from aq.i18n import CATALOGUES
    from aq.web.public.picture import FONTS

    text = (CATALOGUES / "ko" / "LC_MESSAGES" / "aq.po").read_text("utf-8")
    letters = {letter for letter in text if "가" <= letter <= "힣"}
    letters |= {letter for province in PROVINCES for name in province.names for letter in name}
    for path in sorted(FONTS.glob("*.otf")):
        font = ImageFont.truetype(str(path), 20)
        blank = font.getmask("\U000f0000").getbbox(), bytes(font.getmask("\U000f0000"))
        for letter in sorted(letters):
            mask = font.getmask(letter)
            assert (mask.getbbox(), bytes(mask)) != blank, (path.name, letter)


def test_the_small_two_of_a_gas_is_drawn_though_the_font_has_none() -> None:
    drawn = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="30">{}</svg>'
    row = '<text y="20" aria-label="NO₂ &lt;">NO{}</text>'
    pictures = {letter: png(drawn.format(row.format(letter))) for letter in ("₂", "\U000f0000", "")}
    assert len(set(pictures.values())) == 3


def test_a_picture_is_drawn_outside_the_process_that_answers() -> None:
    """The library that draws holds up every other thread meanwhile."""
    check = (
        "import sys; from aq.web.public.picture import png;"
        'drawn = png(\'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>\', 30);'
        "assert drawn[1:4] == b'PNG' and 'resvg_py' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True)
    with pytest.raises(ValueError, match="could not be drawn"):
        png("no drawing")

"""The carpet, the week and the bars: gaps hatched with their reason, what is said is counted."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aq.domain.clock import HOUR as AN_HOUR
from aq.domain.provinces import PROVINCES
from aq.i18n import text_in
from aq.queries.live import LineHour, Usual, Week
from aq.queries.map_hours import Frame, Shown
from aq.queries.model_hours import Ahead
from aq.web.drawings.bars import bars, position
from aq.web.drawings.carpet import HOURS, WEST_TO_EAST, carpet, course
from aq.web.drawings.rule_line import RuleLine, levels_of, rule_line
from aq.web.drawings.week import HEAD, line
from tests.pages import HOUR, STANDARD, country, item
from tests.web.test_drawings import found, seen

BAD, FINE = Shown(value=90.0, grade=3, feed="airkorea"), Shown(value=20.0, grade=1, feed="airkorea")
GAP = Shown(feed="airkorea", reason="source_flag", detail="통신장애")


def hours(**changed: dict[int, Shown]) -> list[Frame]:
    """72 fine hours of the 17, those of a province changed by how many hours ago they were."""
    by_name = {province.ko: changed.get(province.ko, {}) for province in PROVINCES}
    return [
        Frame(
            at=HOUR - back * AN_HOUR,
            provinces=tuple(by_name[province.ko].get(back, FINE) for province in PROVINCES),
        )
        for back in range(HOURS - 1, -1, -1)
    ]


def bad(*back: int) -> dict[int, Shown]:
    return dict.fromkeys(back, BAD)


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        (hours(), "이 72시간 동안 ‘나쁨’이 된 곳은 없습니다."),
        (
            hours(인천=bad(*range(9)), 서울=bad(*range(5)), 강원=bad(2)),
            "12시 인천에서 ‘나쁨’이 시작되었습니다. 6시간 뒤 강원까지 모두 3곳으로 번졌습니다."
            " 인천은 9시간째 이어지고 있습니다.",
        ),
        (
            hours(제주=bad(30, 31)),
            "11월 22일(일) 13시 제주에서 ‘나쁨’이 시작되었습니다. 지금은 모두 걷혔습니다.",
        ),
        (
            hours(제주=bad(*range(72))),
            "11월 20일(금) 21시에 이미 제주에서 ‘나쁨’이었습니다."
            " 제주는 72시간째 이어지고 있습니다.",
        ),
    ],
)
def test_the_sentence_is_computed_from_first_crossings(frames: list[Frame], said: str) -> None:
    assert course(seen(country()), frames) == said


def test_the_carpet_hatches_gaps_names_them_and_is_small() -> None:
    view = seen(country(), place="KR-50")
    drawn = carpet(view, hours(세종={5: GAP, 6: GAP}, 인천=bad(1, 2, 9)))
    assert "빗금: 통신장애, 2시간" in drawn
    assert len(found(drawn, "svg.wide path.g0")) == len(found(drawn, "svg.narrow path.g0")) == 1
    names = [name.text for name in found(drawn, "svg.wide g.rows text")]
    assert names == [PROVINCES[place].ko for place in WEST_TO_EAST]
    assert (names[0], names[-1]) == ("인천", "울산")
    rows = found(drawn, ".numbers tbody tr")
    assert len(rows) == HOURS
    assert "– 통신장애" in rows[5].text_content()
    pictures = "".join(part.split("</svg>")[0] for part in drawn.split("<svg")[1:])
    assert len(pictures.encode()) < 20_000
    assert carpet(view, [replace(one, provinces=(GAP,) * 17) for one in hours()]) == ""


def week(values: list[float | None], **changes: Any) -> Week:
    """Hours up to `HOUR` with these values; those without are a flag's."""
    made = tuple(
        LineHour(
            at=HOUR - (len(values) - 1 - place) * AN_HOUR,
            value=value,
            kind=changes.get("kind", "observed"),
            status="confirmed" if place < 3 else "preliminary",
            reason=None if value is not None else "source_flag",
            detail=None if value is not None else "통신장애",
        )
        for place, value in enumerate(values)
    )
    return Week(hours=made, acts=(), usual=changes.get("usual"))


def test_the_week_has_limits_peak_newest_gap_and_what_is_confirmed() -> None:
    drawn = line(seen(country()), week([20.0] * 60 + [None] * 12 + [160.0] + [40.0] * 95))
    assert [tick.text for tick in found(drawn, "svg.wide .tick")] == ["30", "80", "150", "0"]
    assert [one.text for one in found(drawn, "svg.wide .peak")] == [
        "최고 160, 11월 19일(목) 21시",
        "40",
    ]
    assert "통신장애 12시간" in drawn
    assert len(found(drawn, "svg.wide .confirmed")) == 1
    assert found(drawn, "svg.wide path.line")[0].get("d").count("M") == 2
    assert not found(drawn, ".usual")
    assert "없습니다" in line(seen(country()), week([None] * 5))


def test_modelled_hours_and_hours_to_come_are_dashed_and_said() -> None:
    coming = tuple((HOUR + n * AN_HOUR, 70.0) for n in range(1, 20))
    ahead = Ahead(feed="openmeteo", asked_at=HOUR, hours=coming)
    drawn = line(seen(country(), ahead={"pm10": ahead}), week([20.0] * 48, kind="modelled"))
    assert found(drawn, "svg.wide path.dashed")
    assert len(found(drawn, "svg.wide .to-come")) == 1
    assert "점선은 잰 값이 아니라" in drawn
    assert "에어코리아 예보도 아니며" in drawn


def test_usual_is_a_ribbon_and_a_percentile() -> None:
    usual = Usual(
        years=(2024, 2025), month=11, values=tuple(map(float, range(100))), low=10, high=89
    )
    assert [usual.percentile(value) for value in (0.0, 49.5, 200.0)] == [0, 50, 100]
    drawn = line(seen(country()), week([75.0] * 48, usual=usual))
    assert len(found(drawn, "svg.wide .usual")) == 1
    assert "2024–2025년 11월 100시간 가운데 76시간보다 높습니다" in drawn


def test_a_bar_shows_the_value_in_its_level_and_chooses_the_pollutant() -> None:
    view = seen(country(55.5))
    drawn = bars(view)
    assert [one.get("data-x") for one in found(drawn, "a")] == [
        "pm10",
        "pm25",
        "o3",
        "no2",
        "so2",
        "co",
    ]
    assert len(found(drawn, "i.on")) == len(found(drawn, "u")) == 1
    # Half way through the second of four levels (31 to 80, rounded: 30.5 to 80.5).
    assert position(view, item("서울", 55.5)) == pytest.approx((1 + 0.5) / 4)
    assert position(view, item("서울", 9999.0)) == 1
    assert position(view, item("서울", None)) is None
    assert "자료 없음" in drawn


@settings(max_examples=20, deadline=None)
@given(threshold=st.floats(10, 600))
def test_bands_reach_as_high_as_a_rule_does(threshold: float) -> None:
    text = text_in("ko")
    shown = RuleLine(
        hours=[
            LineHour(at=HOUR - back * AN_HOUR, value=value, kind="observed")
            for back, value in ((2, 20.0), (1, None), (0, 30.0))
        ],
        pollutant="pm10",
        unit="µg/m³",
        standard=STANDARD,
        digits=0,
        levels=levels_of(threshold, threshold / 2, text),
        stretches=(),
        changes=(),
        alt="서울",
    )
    markup = rule_line(shown, text, dark=False)
    (top,) = found(markup, ".levels")
    assert float(top.get("data-top")) > threshold
    for kind in ("wide", "narrow"):
        bands = found(markup, f".{kind} .band")
        assert min(float(band.get("y")) for band in bands) == HEAD
    assert [level.text_content() for level in found(markup, ".level .grip")] == [
        f"{threshold:g} 이상이면 울림",
        f"{threshold / 2:g} 미만이면 그침",
    ]

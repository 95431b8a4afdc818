"""The words of a message: what, where, how much, since when, from what, and where to look."""

from aq.alerts.wording import compose
from aq.domain.provinces import PROVINCES
from tests.alert_messages import body, event


def test_everything_a_reader_needs_is_said_in_both_languages() -> None:
    title, text = compose(body("m1"), "ko", "https://air.example.org")
    assert title == "PM10 주의보 수준: 서울"
    for words in (
        "미세먼지 162.5 µg/m³",
        "기준 150, 2시간",
        "11월 23일(월) 19시부터",
        "25곳 중 24곳",
    ):
        assert words in text
    assert "미확정" in text
    assert "https://air.example.org/past?lang=ko&p=KR-11&x=pm10&since=2026-11-23" in text
    assert "m1" in text
    title, text = compose(body("m1"), "en")
    assert "Seoul: level reached" in text
    assert "24 of 25 stations" in text


def test_many_provinces_are_one_message_in_the_order_given() -> None:
    events = [event(one.code) for one in PROVINCES]
    title, text = compose(body("m1", *events), "ko")
    assert "외 12곳" in title
    lines = text.splitlines()
    assert [one.ko in line for one, line in zip(PROVINCES, lines, strict=False)] == [True] * 17


def test_simulated_correction_and_unknown_say_so() -> None:
    title, _ = compose(body("m1", simulated=True), "en")
    assert title.startswith("[SIMULATED")
    _, text = compose(body("m1", event(kind="correction", change="resolved")), "ko")
    assert "정정" in text
    _, text = compose(body("m1", event(change="unknown", value=None, stations=None)), "ko")
    assert "자료가 없어" in text
    assert "곳 중" not in text

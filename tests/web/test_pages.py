"""The pages as the framework runs them: both languages, with data, without, with a failing feed."""

import json
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml.html import document_fromstring
from streamlit.testing.v1 import AppTest

from aq.context import Context, shared
from aq.domain.clock import Clock
from aq.domain.errors import FeedError, FeedReason, StoreError
from aq.domain.model import URBAN, Reading, Station
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.feeds.registry import INFO
from aq.i18n import text_in
from aq.paths import ROOT, SHIPPED
from aq.queries import frames as queries
from aq.queries.evidence import evidence
from aq.queries.feed_status import FeedStatus
from aq.queries.revisions import trail_items
from aq.store.runs import record_failure
from aq.web.parts import page as pages_of
from aq.web.parts import revisions, why
from aq.web.parts import view_state as state
from aq.web.wording.feeds import REASONS, advice, failures, happened
from tests.conftest import NOW
from tests.pages import xpath
from tests.reading import dates_without_weekday, hangul, page_words
from tests.serving import HOUR_20, fill, make_runtime, write

MAIN = str(ROOT / "aq" / "web" / "pages" / "main.py")
STANDARDS = sorted(path.stem for path in (SHIPPED / "standards").glob("*.toml"))
PAGES = tuple(f"{name}.py" for name in pages_of.PAGES)


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """The pages' context, on an empty store of its own."""
    url = f"sqlite:///{tmp_path / 'aq.db'}"
    monkeypatch.setenv("AQ_DATABASE_URL", url)
    monkeypatch.setenv("AQ_CLOCK", NOW.isoformat())
    monkeypatch.setenv("AQ_FEEDS__AIRKOREA__KEY", "any")
    monkeypatch.setenv("AQ_FEEDS__OPENMETEO__ENABLED", "false")
    shared.cache_clear()
    made = make_runtime(url)
    yield made
    made.store.close()
    shared().store.close()
    shared.cache_clear()


def run(page: str = "live.py", **params: str) -> AppTest:
    """A page after one run."""
    test = AppTest.from_file(MAIN, default_timeout=120)
    for name, value in params.items():
        test.query_params[name] = value
    test.run()
    if page != "live.py":
        test.switch_page(page).run()
    assert [one.value for one in test.exception] == []
    return test


@pytest.mark.parametrize("page", ["live.py", "feeds.py", "alerts.py", "stations.py"])
def test_a_page_says_that_the_store_does_not_answer_and_comes_back(
    context: Context, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, page: str
) -> None:
    test = run(page)

    def gone(*_arguments: object) -> Any:
        raise StoreError("the store does not answer: disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(type(context.store), "read", gone)
        test.run()
        assert [one.value for one in test.exception] == []
        assert "자료 저장소가 응답하지 않습니다" in markup(test)
    assert "자료 저장소가 응답하지 않습니다" not in markup(test.run())
    assert "Uncaught" not in caplog.text


def markup(test: AppTest) -> str:
    """All the markup of a page, its drawings first."""
    return " ".join([*drawings(test), *(one.proto.body for one in test.get("html"))])


def drawings(test: AppTest) -> list[str]:
    """The drawings of a page in their order."""
    return [
        json.loads(zlib.decompress(one.proto.bytes))["html"]
        for one in test.get("bidi_component")
        if one.proto.component_name == "aq_drawing"
    ]


def cells(test: AppTest, selector: str) -> list[str]:
    """The words of each element of the drawings that a simple selector of CSS finds."""
    page = document_fromstring(f"<body>{''.join(drawings(test))}</body>")
    return [" ".join(" ".join(one.itertext()).split()) for one in page.xpath(xpath(selector))]


def row_of(test: AppTest, code: str) -> str:
    """The words of a province's row."""
    (words,) = cells(test, f".t17 tr[data-code='{code}']")
    return words


def data_of(test: AppTest, name: str) -> Any:
    """What a component of ours was given."""
    for one in test.get("bidi_component"):
        if one.proto.component_name == f"aq_{name}":
            return json.loads(one.proto.json)
    raise AssertionError(f"no {name} on the page")


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_on_an_empty_store(context: Context, page: str, lang: str) -> None:
    test = run(page, lang=lang)
    assert "<h1>" in markup(test)
    assert len(cells(test, "a.chip")) == 17


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_every_page_stands_with_data(context: Context, page: str, lang: str) -> None:
    fill(context)
    test = run(page, lang=lang, p="KR-30")
    assert "<h1>" in markup(test)
    assert "foot" in markup(test)
    assert dates_without_weekday(page_words(test)) == []
    if lang == "en":
        assert hangul(page_words(test, foreign=False)) == []


def test_empty_store_says_so_and_claims_nothing(context: Context) -> None:
    body = markup(run())
    assert "아직 받은 자료가 없습니다" in body
    assert "저장" not in body
    assert body.count("자료가 없습니다") == 1


def test_live_page_names_the_missing_and_why(context: Context) -> None:
    fill(context)
    test = run()
    body = markup(test)
    assert "자료가 들어온 15곳 모두 미세먼지 ‘보통’" in body
    assert "11월 23일(월) 20시" in body
    assert "2026년 11월 23일(월) 20시 KST" in body
    assert "세종은 통신장애로 자료가 없습니다" in body
    names = cells(run(s="order"), ".t17 tr[data-code] th a")
    assert names == [one.ko for one in PROVINCES]
    assert "서울 62 B 보통" in row_of(test, "KR-11")
    assert "세종 – – 자료 없음" in row_of(test, "KR-50")
    assert "들어오지 않음 · 마지막 19시 62" in row_of(test, "KR-49")


def test_standard_of_the_address_rules_the_whole_page(context: Context) -> None:
    fill(context)
    test = run(std="who_2021")
    body = markup(test)
    assert "미세먼지 ‘지침 초과’" in body
    assert "24시간 평균" in body
    assert "등급 띠가 없습니다" in body
    assert "B 지침 초과" in row_of(test, "KR-11")
    assert cells(test, "a.chip")[0].endswith("지침 초과")


def test_index_is_shown_with_the_pollutant_that_decided(context: Context) -> None:
    fill(context)
    test = run(std="airkorea", x="overall", p="KR-11")
    body = markup(test)
    assert "통합지수 ‘보통’" in body
    assert "결정 물질" in body
    seoul = row_of(test, "KR-11")
    assert seoul.startswith("서울 82 ")  # (100 − 51) / (80 − 31) × (62 − 31) + 51
    assert "결정 물질 미세먼지" in seoul


def test_pollutants_without_levels_are_not_offered_and_not_shown(context: Context) -> None:
    fill(context)
    test = run(std="eu_eaqi", x="co")
    assert "일산화탄소" not in " ".join(cells(test, ".seg a"))
    assert "미세먼지" in cells(test, "a.chip")[0]


@pytest.mark.parametrize("name", STANDARDS)
def test_every_standard_draws_every_pollutant_it_grades(context: Context, name: str) -> None:
    fill(context)
    for key in context.standards[name].keys:
        test = run(std=name, x=key, p="KR-11")
        (value,) = cells(test, ".t17 tr[data-code='KR-11'] .val")
        (letter,) = cells(test, ".t17 tr[data-code='KR-11'] .lv .bd")
        assert "–" not in value + letter


def test_unknown_standard_is_as_if_it_were_not_there(context: Context) -> None:
    fill(context)
    assert "보통" in row_of(run(std="../etc"), "KR-11")


def test_old_hours_are_marked_and_then_not_shown(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(context)
    for hours, expected in (
        (3, "자료가 늦어지고 있습니다"),
        (9, "지금 보여 드릴 미세먼지 자료가 없습니다"),
    ):
        later = Clock(NOW + timedelta(hours=hours))
        monkeypatch.setenv("AQ_CLOCK", later.now().isoformat())
        shared.cache_clear()
        assert expected in markup(run())


def test_a_failing_feed_is_told_on_the_live_page_and_explained_on_its_own(
    context: Context,
) -> None:
    error = FeedError("airkorea", "x", FeedReason.KEY_NOT_APPROVED, "SERVICE ACCESS DENIED")
    record_failure(context.store, "airkorea", NOW, error)
    assert "아직 승인되지 않았습니다" in markup(run())
    body = markup(run("feeds.py"))
    assert "에어코리아 새 자료가 들어오지 않고 있습니다" in body
    assert "활용을 신청하세요" in body
    assert "11월 23일(월) 20시 25분부터" in body
    assert "SERVICE ACCESS DENIED" in body


@pytest.mark.parametrize("lang", ["ko", "en"])
@pytest.mark.parametrize("reason", list(FeedReason))
def test_every_reason_has_its_sentences(reason: FeedReason, lang: str) -> None:
    assert reason in REASONS
    status = _status(reason)
    text = text_in(lang)
    assert happened(status, text).endswith(".")
    assert advice(status, text).endswith(".")
    assert "{" not in happened(status, text)


def _status(reason: FeedReason) -> FeedStatus:
    info = INFO["airkorea"]
    return FeedStatus(
        feed=info.name,
        title=info.title,
        kind=info.kind,
        status=info.status,
        live=True,
        last_ok=None,
        failing_since=NOW,
        reason=reason,
        detail=None,
        retry_at=None,
        newest_hour=None,
        complete_hour=None,
        calls_today={},
        daily_limit=500,
        next_poll=None,
        attribution=info.attribution,
        licence=info.licence,
        link=info.link,
    )


def test_past_range_without_hours_says_why_and_what_would_fill_it(context: Context) -> None:
    fill(context)
    test = AppTest.from_file(MAIN, default_timeout=120).run()
    test.switch_page("past.py")
    test.query_params["since"] = "2024-10-01"
    test.query_params["until"] = "2024-10-31"
    body = markup(test.run())
    assert "이 기간에는 서울의 값이 없습니다" in body
    assert "python -m aq import" in body
    assert "2026년 11월 2" in body


def test_what_came_from_upstream_is_text_and_never_markup(context: Context) -> None:
    error = FeedError("airkorea", "x", FeedReason.NOT_UNDERSTOOD, "<img src=x onerror=alert(1)>")
    record_failure(context.store, "airkorea", NOW, error)
    body = markup(run("feeds.py"))
    assert "<img" not in body
    assert "&lt;img" in body


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, state.View()),
        ({"lang": "en", "x": "o3"}, state.View(lang="en", pollutant="o3")),
        ({"lang": "fr", "x": "lead", "p": "KR-99", "s": "-name", "r": "2d"}, state.View()),
        ({"std": "who_2021"}, state.View(standard="who_2021")),
        ({"s": "grade"}, state.View(sort="grade", descending=False)),
        ({"since": "2024-13-01", "until": "2024-12-01"}, state.View()),
        ({"since": "2024-12-02", "until": "2024-12-01"}, state.View()),
    ],
)
def test_addresses_are_read_forgivingly(params: dict[str, str], expected: state.View) -> None:
    assert state.read(params) == expected


def test_evidence_names_rule_numbers_stations_and_version(context: Context) -> None:
    fill(context)
    rules = context.standards["airkorea"]
    found = evidence(context, BY_CODE["KR-11"], "pm10", HOUR_20, rules)
    body = why.markup(found, text_in("ko"))
    assert "24시간 예측이동평균" in body
    assert "(100 − 51) / (80 − 31) × (62 − 31) + 51 = 82" in body
    assert rules.version in body
    assert rules.hash[:12] in body
    assert "서울 하나" in body
    assert "평균에 포함" in body


def test_evidence_of_the_index_tells_each_pollutant(context: Context) -> None:
    fill(context)
    rules = context.standards["airkorea"]
    body = why.markup(evidence(context, BY_CODE["KR-11"], "overall", HOUR_20, rules), text_in("en"))
    assert "deciding pollutant</dt><dd>PM10" in body
    assert body.count(" = ") == 6


def test_a_flagged_station_is_named_with_its_reason_and_does_not_count(context: Context) -> None:
    fill(context)
    rules = context.standards["airkorea_1h"]
    found = evidence(context, BY_CODE["KR-50"], "pm10", HOUR_20, rules)
    body = why.markup(found, text_in("ko"))
    assert "평균에서 제외: 이상 표시: 통신장애" in body
    assert "등급 없음" in body


def test_live_page_offers_the_evidence_of_a_grade_and_its_advice(context: Context) -> None:
    fill(context)
    test = run(p="KR-11")
    assert cells(test, "button.more") == ["근거 보기"]
    assert "민감군" in markup(test)
    assert cells(run(p="KR-50"), "button.more") == []


def test_past_page_shows_what_was_known_on_a_day(context: Context) -> None:
    fill(context)
    test = AppTest.from_file(MAIN, default_timeout=120).run()
    test.switch_page("past.py")
    test.query_params["asof"] = "2020-01-01"
    assert "2020년 1월 1일(수)에는 아직 모은 자료가 없었습니다" in markup(test.run())
    test.query_params["asof"] = "2026-11-23"
    assert "가장 높은 시간" in markup(test.run())


def test_trail_of_a_changed_hour_has_both_values(context: Context) -> None:
    fill(context)
    number, after = BY_CODE["KR-11"].id, HOUR_20 - timedelta(days=1)
    assert queries.revised_hours(context, number, after, HOUR_20) == []
    station = Station(name="서울 하나", sido="서울", network=URBAN)
    write(context, Reading(station=station, hour=HOUR_20, values={"pm10": 900}))
    assert queries.revised_hours(context, number, after, HOUR_20) == [HOUR_20]
    rules = context.standards["airkorea_1h"]
    items = trail_items(context.store, "서울", "pm10", HOUR_20, rules)
    body = revisions.trail_table(items, 0, text_in("ko"))
    assert "62 µg/m³" in body
    assert "90 µg/m³" in body
    assert "C 나쁨" in body
    assert body.count(">지금<") == 1


def test_a_failing_feed_that_is_not_shown_does_not_make_the_numbers_old() -> None:
    feed, text = _status(FeedReason.UNREACHABLE), text_in("en")
    (of_the_shown,) = failures([feed], text, "airkorea")
    (of_another,) = failures([feed], text, "openmeteo")
    assert "what is shown is what was stored before" in of_the_shown
    assert "stored before" not in of_another
    assert "since" in of_another

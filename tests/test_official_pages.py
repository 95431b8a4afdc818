"""The authority's word on the pages: advisories in force, the days ahead, the list of a year."""

from datetime import date, timedelta

import pytest

from aq.model import DAILY, WEEKLY, Advisory, ForecastNotice
from aq.runtime import Runtime
from aq.store.official import put_advisories, put_forecasts
from tests.conftest import NOW
from tests.serving import fill
from tests.test_views import markup, run, runtime

__all__ = ["runtime"]


@pytest.fixture
def told(runtime: Runtime) -> Runtime:
    """A store with an advisory in force, a notice of tomorrow, and one of the week."""
    fill(runtime)
    issued = NOW - timedelta(hours=3)
    words = (("서울", "나쁨"), ("경기남부", "매우나쁨"), ("경기북부", "보통"), ("부산", "예보없음"))
    with runtime.store.write("t") as txn:
        put_forecasts(
            txn,
            [
                ForecastNotice(
                    kind=kind,
                    pollutant="pm25",
                    issued_at=issued,
                    day=day,
                    words=said,
                    overall="○ <b>수도권</b>은 나쁨",
                )
                for kind, day, said in (
                    (DAILY, date(2026, 11, 24), words),
                    (WEEKLY, date(2026, 11, 27), (("서울", "높음"),)),
                )
            ],
        )
        advisory = Advisory(
            pollutant="pm25",
            district="경기",
            zone="남부권",
            word="주의보",
            issued_at=issued,
            issue_value=780,
        )
        put_advisories(txn, [advisory])
    return runtime


def test_the_live_page_says_what_comes_and_what_is_in_force(told: Runtime) -> None:
    body = markup(run(x="pm25"))
    assert '경기 <span lang="ko">남부권</span>: 초미세먼지 주의보' in body
    assert "78 µg/m³" in body
    assert "경기남부 매우나쁨, 경기북부 보통" in body
    assert "예보 없음" in body
    assert "높음" in body
    assert "&lt;b&gt;수도권" in body
    assert "Official advisories in force" in markup(run(lang="en", x="pm25"))


def test_the_list_of_a_year_counts_by_province(told: Runtime) -> None:
    body = markup(run("advisories.py"))
    assert "2026년 발령된 특보 1건" in body
    assert "발령 중" in body
    assert "아직 검증할 예보가 없습니다" in markup(run("forecasts.py"))

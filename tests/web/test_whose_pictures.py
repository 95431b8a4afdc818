"""Frames and pictures of mixed sources name each feed they are drawn of, and tell models apart."""

from datetime import timedelta
from pathlib import Path

import pytest
import requests
from lxml import etree, html

from aq.context import Context
from aq.domain.clock import HOUR
from aq.domain.model import Reading
from aq.feeds.registry import part_of
from aq.i18n import text_in
from aq.store.runs import record_success
from aq.web.public.card import card_svg
from aq.web.public.moment import Moments
from tests.conftest import NOW
from tests.serving import HOUR_20, fill, make_runtime, public, write

KNOWN, MODEL_HOURS = 60, 40 * 24


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """60 hours of stations in all provinces; in Seoul 39 days of a model before them."""
    made = make_runtime(f"sqlite:///{tmp_path / 'aq.db'}")
    fill(made, hours=KNOWN)
    model = [
        Reading(province="KR-11", hour=HOUR_20 - back * HOUR, values={"pm10": 400})
        for back in range(KNOWN, KNOWN + MODEL_HOURS)
    ]
    write(made, *model, feed="openmeteo")
    return made


def words_of(address: str, path: str) -> tuple[str, bytes]:
    answer = requests.get(f"{address}/{path}", timeout=60)
    assert answer.status_code == 200, answer.text
    parse = html.fromstring if path.startswith(("embed", "now")) else etree.fromstring
    return " ".join(parse(answer.content).itertext()), answer.content


@pytest.mark.parametrize(
    ("path", "key", "mark"),
    [
        ("embed/calendar", "Round: 39 days of a model, Open-Meteo", b'rx="6"'),
        ("picture/calendar.svg", "Round: 39 days of a model, Open-Meteo", b'rx="6"'),
        ("picture/days.svg", "Dashed below: 39 days of a model", b'stroke-dasharray="5 3"'),
        ("picture/rhythm.svg", "960 of its 1,020 hours are of a model, Open-Meteo", b""),
        ("picture/trend.svg", "A dash is a month of a model, Open-Meteo", b"h8"),
    ],
)
def test_days_of_a_model_are_named_and_told_apart(
    context: Context, path: str, key: str, mark: bytes
) -> None:
    with public(context) as address:
        words, content = words_of(address, f"{path}?province=서울&lang=en")
        only_stations, without = words_of(address, f"{path}?province=부산&lang=en")
    assert key in words
    assert mark in content
    for told in ("Open-Meteo, modelled", "AirKorea, observed · unconfirmed", "CC BY 4.0"):
        assert told in words
    assert "KOGL type 3" in words
    assert "Open-Meteo" not in only_stations
    assert not mark or mark not in without


@pytest.mark.parametrize("kind", ["map", "line", "carpet", "calendar", "days", "rhythm", "trend"])
def test_what_is_too_old_for_now_keeps_hour_source_and_licence(context: Context, kind: str) -> None:
    later = make_runtime(
        str(context.settings.database_url), AQ_CLOCK=(NOW + timedelta(hours=8)).isoformat()
    )
    with public(later) as address:
        words, _ = words_of(address, f"picture/{kind}.svg?province=부산&lang=en")
    assert "No current data; the newest are of Mon 23 Nov 20:00." in words
    assert "AirKorea, observed · unconfirmed" in words
    assert "KOGL type 3" in words


@pytest.mark.parametrize(
    ("hours", "told"),
    [
        (0, "As of Mon 23 Nov 20:00."),
        (8, "No current data; the newest are of Mon 23 Nov 20:00."),
    ],
)
def test_the_card_of_a_link_keeps_hour_and_source(context: Context, hours: int, told: str) -> None:
    later = make_runtime(
        str(context.settings.database_url), AQ_CLOCK=(NOW + timedelta(hours=hours)).isoformat()
    )
    card = card_svg(Moments().of(later), text_in("en"))
    assert f">{told}<" in card
    assert ">AirKorea, observed · unconfirmed<" in card


def test_a_frame_of_a_week_that_has_ended_says_when(context: Context) -> None:
    later = make_runtime(
        str(context.settings.database_url), AQ_CLOCK=(NOW + timedelta(hours=8)).isoformat()
    )
    with public(later) as address:
        words, _ = words_of(address, "embed/line?province=부산&lang=en")
    assert "the newest are of Mon 23 Nov 20:00." in words
    assert "AirKorea, observed · unconfirmed" in words


def test_acts_never_asked_for_are_not_drawn_as_none(context: Context) -> None:
    path = "picture/acts.svg?lang=en"
    with public(context) as address:
        never = requests.get(f"{address}/{path}", timeout=60)
        record_success(context.store, part_of("airkorea_alarm", "dust"), NOW, None, None)
        half, _ = words_of(address, f"{path}&theme=light")
        record_success(context.store, part_of("airkorea_alarm", "ozone"), NOW, None, None)
        both, _ = words_of(address, f"{path}&theme=dark")
    assert never.status_code == 404
    assert "no list of official advisories was received so far" in never.text
    assert "0 official advisories in 2026" in half
    assert "Not received so far: advisories of ozone." in half
    assert "Not received" not in both
    assert "AirKorea advisories" in both
    assert "KOGL type 3" in both
    assert "own means" not in both


def test_a_line_is_of_the_range_and_the_provinces_asked_for(context: Context) -> None:
    span = "since=2026-11-10&until=2026-11-22"
    path = f"picture/line.svg?provinces=서울,부산,제주&{span}&lang=en"
    with public(context) as address:
        words, content = words_of(address, path)
        wrong = {
            asked: requests.get(f"{address}/picture/{asked}", timeout=60)
            for asked in (
                "line.svg?since=2026-11-23&until=2026-11-20",
                "line.svg?since=2027-01-01&until=2027-01-02",
                "line.svg?since=2025-01-01",
                "line.svg?provinces=서울,부산,제주,세종,대구,대전,울산",
                "carpet.svg?until=gestern",
                "map.svg?since=2026-11-20",
            )
        }
    assert "Seoul, Busan and Jeju · PM10" in words
    assert "Tue 10 Nov 2026 – Sun 22 Nov 2026" in words
    assert content.count(b'stroke-dasharray="5 3"') == 1  # of Seoul's
    assert "Dashed: hours of a model, Open-Meteo." in words
    assert "Open-Meteo, modelled; AirKorea, observed" in words
    assert {asked: answer.status_code for asked, answer in wrong.items()} == dict.fromkeys(
        wrong, 400
    )


def test_a_carpet_is_of_the_range_asked_for(context: Context) -> None:
    path = "picture/carpet.svg?lang=en"
    with public(context) as address:
        past, content = words_of(address, f"{path}&since=2026-11-10&until=2026-11-12")
        now, _ = words_of(address, path)
        never, _ = words_of(address, f"{path}&since=2026-01-10&until=2026-01-12")
    assert "Tue 10 Nov 2026 – Thu 12 Nov 2026" in past
    assert "Dashed above: hours of a model." in past
    assert b'stroke-dasharray="5 3"' in content
    assert "Open-Meteo, modelled" in past
    assert "AirKorea" not in past
    assert "Fri 20 Nov 2026 – Mon 23 Nov 2026" in now
    assert "There are no values in this range." in never


def test_a_zone_whose_acts_were_never_asked_for_is_not_said_to_have_none(context: Context) -> None:
    with public(context) as address:
        never, _ = words_of(address, "now/zone/pm-11-01?lang=en")
        record_success(context.store, part_of("airkorea_alarm", "dust"), NOW, None, None)
    again = make_runtime(str(context.settings.database_url))
    with public(again) as address:
        asked, _ = words_of(address, "now/zone/pm-11-01?lang=en")
    assert "No list of official advisories was received so far" in never
    assert "No official advisory is in force" not in never
    assert "No official advisory is in force in this zone." in asked

"""A feed is one file and one recording: a made-up one is polled, stored, shown and exported.

The program is copied as it is; the feed's module and its recording are the only files added.
"""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from aq.feeds.airkorea import SPECS as AIRKOREA_SPECS
from aq.feeds.registry import problems
from aq.feeds.spec import FeedSpec
from aq.paths import ROOT
from tests.browsing import own_environment

# Of no real service: a network of two stations that answers with one hour.
MODULE = '''
"""The `madeup` feed: two stations of a network that does not exist."""

from datetime import UTC, datetime

from aq.domain.errors import FeedError, FeedReason
from aq.domain.model import OBSERVED, PRELIMINARY, URBAN, Answer, FeedInfo, Reading, Station
from aq.domain.pollutants import pollutants
from aq.feeds.base import concentration, load_json
from aq.feeds.spec import FeedSettings, FeedSpec, Operation

INFO = FeedInfo(
    name="madeup",
    number=99,
    title="Made-up network",
    kind=OBSERVED,
    status=PRELIMINARY,
    attribution="Nobody",
    licence="none",
    link="https://madeup.example",
    resolution="station, 1 h",
    pooled=True,
)


class Settings(FeedSettings):
    url: str = "https://madeup.example/v1"
    daily_limit: int = 240


class MadeUp:
    info = INFO

    def pull(self, get, since, until):
        yield get("hours", {})

    def parse(self, payload, now):
        try:
            data = load_json(payload.text)
            hour = datetime.fromisoformat(data["hour"]).astimezone(UTC)
            rows = data["rows"]
        except (ValueError, KeyError, TypeError) as error:
            reason = FeedReason.NOT_UNDERSTOOD
            raise FeedError("madeup", payload.operation, reason, str(error)) from None
        readings = [
            Reading(
                hour=hour,
                station=Station(name=row["station"], sido=row["sido"], network=URBAN),
                values={"pm10": concentration(row["pm10"], pollutants()["pm10"])},
            )
            for row in rows
            if hour <= now
        ]
        return Answer(rows=len(rows), readings=tuple(readings))

    def refusal(self, operation, status, headers, text, now):
        if status == 200:
            return None
        return FeedError("madeup", operation, FeedReason.UPSTREAM_DOWN, f"HTTP {status}")


SPECS = (
    FeedSpec(
        info=INFO,
        words={"en": "Made-up network", "ko": "가상 측정망"},
        make=lambda places: MadeUp(),
        settings=Settings,
        key_parameter="token",
        operations=(Operation(name="hours", words={"en": "its hours", "ko": "시간 자료"}, once=2),),
    ),
)
'''
RECORDING = {
    "hour": "2026-11-23T20:00:00+09:00",
    "rows": [
        {"station": "가상동", "sido": "서울", "pm10": "41"},
        {"station": "상상동", "sido": "서울", "pm10": "44"},
    ],
}
# The page's markup after one run, as JSON.
PAGE = """
import json, sys, zlib
from streamlit.testing.v1 import AppTest
test = AppTest.from_file("aq/web/pages/main.py", default_timeout=120)
test.query_params["lang"] = sys.argv[2]
test.run()
if sys.argv[1] != "live.py":
    test.switch_page(sys.argv[1]).run()
parts = [one.proto.body for one in test.get("html")]
for one in test.get("bidi_component"):
    given = one.proto.json or zlib.decompress(one.proto.bytes)
    parts.append(json.dumps(json.loads(given), ensure_ascii=False))
print(json.dumps([[one.value for one in test.exception], " ".join(parts)]))
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the program with one module more."""
    skip = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("aq", "config", "migrations"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skip)
    (tmp_path / "aq" / "feeds" / "madeup.py").write_text(MODULE, "utf-8")
    return tmp_path


def ran(house: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = own_environment(
        PYTHONPATH=str(house),
        AQ_DATABASE_URL=f"sqlite:///{house / 'aq.db'}",
        AQ_CLOCK="2026-11-23T20:25:00+09:00",
        AQ_FEEDS__OPENMETEO__ENABLED="false",
        **more,
    )
    return subprocess.run(
        [sys.executable, *command],
        cwd=house,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_feed_of_one_file_is_polled_stored_shown_and_exported(
    house: Path, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/madeup/hours", query_string={"token": "secret"}).respond_with_json(
        RECORDING
    )
    url = httpserver.url_for("/madeup")
    settings = {"AQ_FEEDS__MADEUP__URL": url, "AQ_FEEDS__MADEUP__KEY": "secret"}

    polled = ran(house, "-m", "aq", "poll", "--feed", "madeup", "--json", **settings)
    assert polled.returncode == 0, polled.stderr
    assert '"stored": 2' in polled.stdout

    current = ran(house, "-m", "aq", "current", "--json", **settings)
    seoul = next(
        item
        for item in json.loads(current.stdout)["items"]
        if (item["province"], item["pollutant"]) == ("서울", "pm10")
    )
    assert (seoul["value"], seoul["feed"], seoul["kind"]) == (42.5, "madeup", "observed")

    days = ("--since", "2026-11-23", "--until", "2026-11-23", "--pollutant", "pm10")
    options = ("--province", "서울", "--feed", "madeup", "--format", "csv", "-o", "-")
    exported = ran(house, "-m", "aq", "export", *days, *options, **settings)
    assert exported.returncode == 0, exported.stderr
    assert "42.5" in exported.stdout
    assert "madeup" in exported.stdout

    for page, lang, words in (
        ("live.py", "ko", ["가상 측정망"]),
        ("feeds.py", "ko", ["가상 측정망", "시간 자료", "240"]),
        ("feeds.py", "en", ["Made-up network", "its hours"]),
    ):
        shown = ran(house, "-c", PAGE, page, lang, **settings)
        assert shown.returncode == 0, shown.stderr
        errors, body = json.loads(shown.stdout.splitlines()[-1])
        assert errors == []
        assert [word for word in words if word not in body] == []

    # The tests that walk over every feed take it with its one recording.
    shutil.copytree(ROOT / "tests" / "feeds", house / "tests" / "feeds")
    shutil.copytree(ROOT / "tests" / "fixtures", house / "tests" / "fixtures")
    (house / "tests" / "fixtures" / "madeup").mkdir()
    recording = house / "tests" / "fixtures" / "madeup" / "recording.json"
    recording.write_text(json.dumps(RECORDING), "utf-8")
    every = ("tests/feeds/test_every_feed.py", "-k", "madeup", "--noconftest", "--rootdir", ".")
    tested = ran(house, "-m", "pytest", "-q", "-p", "no:cacheprovider", *every)
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout

    (house / "aq" / "feeds" / "madeup.py").unlink()
    refused = ran(house, "-m", "aq", "current")
    assert refused.returncode == 2
    assert "the store holds hours of feed 99, which no module in aq/feeds" in refused.stderr


def test_a_number_or_a_setting_that_cannot_stand_refuses_the_start(house: Path) -> None:
    module = house / "aq" / "feeds" / "madeup.py"
    module.write_text(MODULE.replace("number=99", "number=2"), "utf-8")
    refused = ran(house, "-m", "aq", "current")
    assert refused.returncode == 2
    assert "aq.feeds.madeup: gives 'madeup' the number 2, which 'airkorea' has" in refused.stderr
    module.write_text("", "utf-8")
    refused = ran(house, "-m", "aq", "current")
    assert refused.returncode == 2
    assert "aq.feeds.madeup: declares no feed" in refused.stderr
    module.write_text(MODULE, "utf-8")
    refused = ran(house, "-m", "aq", "current", AQ_FEEDS__MADEUP__KEYS="secret")
    assert refused.returncode == 2
    assert "did you mean AQ_FEEDS__MADEUP__KEY?" in refused.stderr
    refused = ran(house, "-m", "aq", "current", AQ_FEEDS__PREFER="madeup,made")
    known = "known are archive, airkorea, seoul, madeup, openmeteo"
    assert f"unknown feed made; {known}" in refused.stderr


AIRKOREA, MEANS, FORECAST, _ = AIRKOREA_SPECS


def told(spec: FeedSpec, **info: Any) -> FeedSpec:
    return replace(spec, info=replace(spec.info, **info))


@pytest.mark.parametrize(
    ("specs", "words"),
    [
        ([AIRKOREA, told(AIRKOREA, number=9)], "declares a feed called 'airkorea', as m0 does"),
        ([AIRKOREA, told(MEANS, number=2)], "the number 2, which 'airkorea' has"),
        ([told(AIRKOREA, number=40000)], "the number 40000; 1 to 32767 are possible"),
        ([MEANS], "'airkorea_means' goes with the feed 'airkorea', which no module declares"),
        ([FORECAST], "'airkorea_forecast' goes with the feed 'airkorea'"),
        ([replace(AIRKOREA, settings=None)], "has no settings to be asked with"),
        ([replace(AIRKOREA, words={"en": "AirKorea"})], "no name for readers in ko"),
        ([told(AIRKOREA, name="Air Korea")], "calls its feed"),
        ([None], "declares no feed"),
    ],
)
def test_declarations_that_cannot_stand_are_told_in_words(specs: list, words: str) -> None:
    declared = [(f"m{place}", spec) for place, spec in enumerate(specs)]
    (found, *_) = problems(declared)
    assert words in found[1]

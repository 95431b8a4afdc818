"""Every registered feed keeps the same promises; recordings come through the real session."""

import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from aq.domain.clock import hour_number
from aq.domain.errors import FeedError, FeedReason
from aq.domain.model import Answer, Payload
from aq.domain.pollutants import pollutants
from aq.domain.provinces import GWANGJU, JEONNAM, province_of
from aq.feeds import registry
from aq.feeds.airkorea.client import REALTIME, STATIONS, AirKorea
from aq.feeds.base import Feed
from aq.feeds.http import Http
from aq.feeds.openmeteo import OpenMeteo
from aq.feeds.registry import INFO, SPECS
from aq.paths import ROOT
from aq.settings import Settings, load

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)  # 20:25 KST
FIXTURES = ROOT / "tests" / "fixtures"
KEY = "aSecretOfTheTest+/=="
# The recording that answers a feed's `pull`, by default the file `recording.*` of its folder; a
# feed without one fails below.
RECORDINGS = {"airkorea": "realtime.json", "openmeteo": "hourly.json"}
NAMES = sorted(name for name in INFO if SPECS[name].make)
WITH_KEY = [name for name in NAMES if registry.needs_key(name)]


class Unlimited:
    """A ledger that counts nothing."""

    def spend(self, feed: str, operation: str, now: datetime, limit: int | None) -> bool:
        return True


@pytest.fixture
def settings(httpserver: HTTPServer) -> Settings:
    """The shipped settings, with every feed's URL on this machine."""
    environment = {
        f"AQ_FEEDS__{name.upper()}__URL": httpserver.url_for(f"/{name}") for name in NAMES
    }
    return load(environment | {f"AQ_FEEDS__{name.upper()}__KEY": KEY for name in WITH_KEY})


@pytest.fixture
def http() -> Iterator[Http]:
    made = Http(Unlimited(), lambda: NOW, lambda _: None)
    yield made
    made.close()


def recording(name: str) -> str:
    (path,) = (FIXTURES / name).glob(RECORDINGS.get(name, "recording.*"))
    return path.read_text("utf-8")


def pulled(feed: Feed, text: str) -> list[Payload]:
    def get(operation: str, params: Mapping[str, str]) -> Payload:
        return Payload(operation=operation, text=text, fetched_at=NOW, params=params)

    return list(feed.pull(get, NOW - timedelta(hours=3), NOW))


@pytest.mark.parametrize("name", NAMES)
def test_every_feed_has_the_same_interface(name: str, settings: Settings) -> None:
    feed = registry.make(name, settings)
    assert feed.info.name == name
    assert feed.info.kind in ("observed", "modelled")
    assert (feed.info.status is None) == (feed.info.kind == "modelled")
    for text in (feed.info.title, feed.info.attribution, feed.info.licence, feed.info.resolution):
        assert text
    assert feed.info.link.startswith("https://")
    for method in ("pull", "parse", "refusal"):
        expected = list(inspect.signature(getattr(Feed, method)).parameters)[1:]
        assert list(inspect.signature(getattr(feed, method)).parameters) == expected


@pytest.mark.parametrize("name", NAMES)
def test_every_feed_has_a_recording_that_it_reads(name: str, settings: Settings) -> None:
    feed = registry.make(name, settings)
    answers = [feed.parse(payload, NOW) for payload in pulled(feed, recording(name))]
    assert sum(len(answer.readings) for answer in answers) > 0
    for answer in answers:
        check(answer)


def check(answer: Answer) -> None:
    """What the store relies on."""
    for reading in answer.readings:
        assert (reading.station is None) != (reading.province is None)
        assert hour_number(reading.hour) > 0
        assert reading.hour.tzinfo is UTC
        assert reading.hour <= NOW + timedelta(hours=1)
        assert set(reading.values) | set(reading.flags) <= set(pollutants())
        assert all(type(value) is int and value >= 0 for value in reading.values.values())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ["", "<html></html>", '{"a":', "null", "[]", "0"])
def test_t22_no_feed_takes_rubbish_for_an_answer(name: str, text: str, settings: Settings) -> None:
    feed = registry.make(name, settings)
    (payload,) = pulled(feed, text)
    with pytest.raises(FeedError):
        feed.parse(payload, NOW)


@pytest.mark.parametrize("name", NAMES)
def test_t10_no_feed_reads_an_hour_that_is_more_than_one_ahead(
    name: str, settings: Settings
) -> None:
    feed = registry.make(name, settings)
    early = NOW - timedelta(days=400)
    for payload in pulled(feed, recording(name)):
        readings = feed.parse(payload, early).readings
        assert all(reading.hour <= early + timedelta(hours=1) for reading in readings)


@pytest.mark.parametrize("name", NAMES)
def test_every_recording_comes_through_the_real_session(
    name: str, settings: Settings, http: Http, httpserver: HTTPServer
) -> None:
    httpserver.expect_request(re.compile(f"/{name}(/.*)?")).respond_with_data(
        recording(name), content_type="application/json", headers={"X-AQ-Simulated": "1"}
    )
    feed = registry.make(name, settings)
    get = registry.client(http, name, feed, settings)
    payloads = list(feed.pull(get, NOW - timedelta(hours=3), NOW))
    assert all(payload.simulated for payload in payloads)
    through = [feed.parse(payload, NOW) for payload in payloads]
    beside = [feed.parse(payload, NOW) for payload in pulled(feed, recording(name))]
    assert through == beside
    parameter = SPECS[name].key_parameter or ""
    assert httpserver.log[0][0].args.get(parameter) == (KEY if name in WITH_KEY else None)
    assert all("Key" not in key and KEY not in text for key, text in payloads[0].params.items())


@pytest.mark.parametrize("name", ["airkorea", "openmeteo"])
def test_t15_a_refusal_comes_through_the_real_session(
    name: str, settings: Settings, http: Http, httpserver: HTTPServer
) -> None:
    """XML with HTTP 200 although JSON was asked for; a reason in JSON with HTTP 400."""
    httpserver.expect_request(f"/airkorea/{REALTIME}").respond_with_data(
        (FIXTURES / "airkorea" / "gateway_30.xml").read_text("utf-8"), content_type="text/xml"
    )
    httpserver.expect_request("/openmeteo").respond_with_data(
        (FIXTURES / "openmeteo" / "bad_request.json").read_text("utf-8"), status=400
    )
    reasons = {
        "airkorea": FeedReason.KEY_NOT_REGISTERED,
        "openmeteo": FeedReason.BAD_REQUEST,
    }
    feed = registry.make(name, settings)
    with pytest.raises(FeedError) as caught:
        list(feed.pull(registry.client(http, name, feed, settings), NOW - timedelta(hours=3), NOW))
    assert caught.value.reason is reasons[name]
    assert len(httpserver.log) == 1


def test_t01_the_merged_unit_becomes_two_provinces_by_the_station_list(
    settings: Settings,
) -> None:
    """Labelled 전남광주 alike, the two stations of the recording are told apart by address."""
    feed = AirKorea()
    text = (FIXTURES / "airkorea" / "stations.json").read_text("utf-8")
    listed = feed.parse(Payload(operation=STATIONS, text=text, fetched_at=NOW), NOW).stations
    found = {
        one.name: province_of(one.sido, one.name, one.address)
        for one in listed
        if one.sido == "전남광주"
    }
    assert found == {"서석": GWANGJU, "빛고을": JEONNAM}


def test_t30_gwangju_city_of_gyeonggi_is_gyeonggi() -> None:
    text = (FIXTURES / "airkorea" / "stations.json").read_text("utf-8")
    answer = AirKorea().parse(Payload(operation=STATIONS, text=text, fetched_at=NOW), NOW)
    (city,) = [one for one in answer.stations if "광주시" in (one.address or "")]
    province = province_of(city.sido, city.name, city.address)
    assert province is not None
    assert province.ko == "경기"


def test_the_registry_loads_no_heavy_library() -> None:
    code = "import aq.feeds.registry, sys; heavy = ('pandas', 'requests', 'numpy', 'streamlit')"
    code += "; print([m for m in heavy if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "path", sorted((ROOT / "aq" / "feeds").rglob("*.py")), ids=lambda path: path.name
)
def test_a_feed_knows_the_nouns_only(path: Path) -> None:
    allowed = {"domain", "feeds", "paths"}
    if path.name in ("registry.py", "http.py"):
        allowed |= {"settings", "logs"}
    lines = [line.split() for line in path.read_text("utf-8").splitlines()]
    imported = {line[1] for line in lines if line[:1] in (["from"], ["import"]) and len(line) > 1}
    own = {name.split(".")[1] for name in imported if name.startswith("aq.")}
    assert own <= allowed


# More recordings than the project may carry can be read from a folder beside it.
SAMPLES = Path(os.environ.get("AQ_SAMPLES", ROOT.parent / "shared" / "feeds" / "samples"))


def recordings(pattern: str) -> Sequence[Path]:
    """Recordings of the project, and of the folder beside it where there is one."""
    own = sorted(FIXTURES.glob(pattern))
    assert own
    return [*own, *sorted(SAMPLES.glob(pattern))]


def parsed(feed: Feed, path: Path) -> Answer | FeedError:
    operation = REALTIME if feed.info.name == "airkorea" else ""
    payload = Payload(operation=operation, text=path.read_text("utf-8"), fetched_at=NOW)
    try:
        return feed.parse(payload, NOW)
    except FeedError as error:
        return error


@pytest.mark.parametrize("name", NAMES)
def test_t22_each_recording_is_read_or_refused_with_a_reason(name: str, settings: Settings) -> None:
    feed = registry.make(name, settings)
    found = [parsed(feed, path) for path in recordings(f"{name}/*")]
    for one in found:
        if isinstance(one, FeedError):
            assert one.detail
        else:
            check(one)
    assert {type(one) for one in found} == ({Answer, FeedError} if name in RECORDINGS else {Answer})


def test_t03_t09_recorded_cells_and_what_became_of_them() -> None:
    """A dash is no value, a flag is kept, whatever stands beside it."""
    for path in recordings("airkorea/*.json"):
        answer = parsed(AirKorea(), path)
        if isinstance(answer, FeedError) or not any(one.station for one in answer.readings):
            continue
        rows = json.loads(path.read_text("utf-8"))["response"]["body"]["items"]
        for row, reading in zip(rows, answer.readings, strict=True):
            numbers = {key for key in pollutants() if row[f"{key}Value"] not in ("-", "")}
            assert set(reading.values) == numbers
            assert set(reading.flags) == {key for key in pollutants() if row[f"{key}Flag"]}


def test_t28_recorded_limits_say_when_they_end() -> None:
    for path in [*recordings("openmeteo/limit_*"), *SAMPLES.glob("openmeteo/error_429_*")]:
        error = OpenMeteo(()).refusal("", 429, {}, path.read_text("utf-8"), NOW)
        assert error is not None
        assert error.retry_at is not None
        assert error.retry_at > NOW

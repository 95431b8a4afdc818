"""The export page: choices in the address, first rows, size, the link or the command."""

import re
import shlex
from datetime import date
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from aq.__main__ import run as run_command
from aq.context import Context
from aq.domain.model import DAILY, Advisory, ForecastNotice
from aq.store.notices import put_advisories, put_forecasts
from aq.web import export_route as route
from tests.conftest import NOW
from tests.exporting import filled
from tests.serving import served
from tests.web.test_pages import context, markup, run

__all__ = ["context"]

NOTICE = ForecastNotice(
    kind=DAILY,
    pollutant="pm25",
    issued_at=NOW,
    day=date(2026, 11, 24),
    words=(("서울", "나쁨"),),
)
ADVISORY = Advisory(pollutant="pm25", district="서울", zone="서울", word="주의보", issued_at=NOW)
DAYS = {"since": "2026-11-22", "until": "2026-11-23"}


def _link(body: str) -> str:
    found = re.search(r'<a class="download" href="([^"]+)"', body)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_the_link_gives_the_bytes_of_the_command_shown(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    filled(context)
    choices = {
        "ps": "KR-11,KR-26",
        "xs": "pm10,o3",
        "cols": "province,at,value,grade",
    }
    test = run("export.py", lang=lang, **DAYS, **choices)
    link, shown = _link(markup(test)), test.code[0].value
    with served(context) as base:
        given = requests.get(base + link, timeout=60).content
    words = shlex.split(shown)
    assert words[:4] == ["python", "-m", "aq", "export"]
    monkeypatch.chdir(tmp_path)
    assert run_command(words[3:]) == 0
    (written,) = tmp_path.glob("air-*.csv")
    assert written.read_bytes() == given
    assert given.startswith(b"\xef\xbb\xbfprovince,at,value,grade\n")
    assert len(given.splitlines()) > 100


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_several_grains_and_standards_are_one_zip_by_link_and_command(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    filled(context)
    choices = {"gs": "day,year", "stds": "who_2021,airkorea_1h", "xs": "pm25", "ps": "KR-11"}
    test = run("export.py", lang=lang, **DAYS, **choices)
    link, shown = _link(markup(test)), test.code[0].value
    asked = dict(parse_qsl(urlsplit(link).query))
    assert (asked["grain"], asked["zip"]) == ("day,year", "true")
    assert set(asked["standard"].split(",")) == {"airkorea_1h", "who_2021"}
    with served(context) as base:
        given = requests.get(base + link, timeout=60).content
    monkeypatch.chdir(tmp_path)
    assert run_command(shlex.split(shown)[3:]) == 0
    (written,) = tmp_path.glob("air-*.zip")
    assert written.read_bytes() == given
    assert run_command(["export", "--verify", str(written)]) == 0
    formats = next(box for box in test.selectbox if "CSV" in box.options)
    assert len(formats.options) == 2
    # What only names bring can be picked.
    assert {"max_8h", "p98"} <= set(test.multiselect[-1].options)


def test_a_csv_of_the_page_opens_in_excel_unless_chosen_otherwise(context: Context) -> None:
    filled(context)
    for choice, begins in (({}, b"\xef\xbb\xbfprovince"), ({"bom": "false"}, b"province")):
        with served(context) as base:
            link = _link(markup(run("export.py", **DAYS, xs="pm10", **choice)))
            assert requests.get(base + link, timeout=60).content.startswith(begins)


def test_the_first_rows_and_the_size_are_those_of_the_file(context: Context) -> None:
    filled(context)
    test = run("export.py", **DAYS, xs="pm10")
    with served(context) as base:
        given = requests.get(base + _link(markup(test)), timeout=60).content
    lines = given.decode("utf-8-sig").splitlines()
    assert f"{len(lines) - 1:,}행, {len(given) / 1e3:,.1f} kB" in markup(test)
    table = markup(test).split("첫 부분 미리 보기")[-1]
    assert re.findall(r'<th scope="col">([^<]*)', table) == lines[0].split(",")
    values = re.findall(r'data-head="value"><code>([^<]*)', table)
    assert values[:3] == [line.split(",")[7] for line in lines[1:4]]


def test_more_than_the_route_gives_has_the_command_instead(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(context)
    monkeypatch.setattr(route, "ROW_LIMIT", 100)
    test = run("export.py", **DAYS)
    assert 'class="download"' not in markup(test)
    assert "100행까지" in markup(test)
    assert test.code[0].value.startswith("python -m aq export --since 2026-11-22")


@pytest.mark.parametrize("lang", ["ko", "en"])
def test_an_empty_store_says_so(context: Context, lang: str) -> None:
    body = markup(run("export.py", lang=lang))
    assert 'class="download"' not in body
    assert "python -m aq import" in body


def test_what_cannot_be_asked_says_why(context: Context) -> None:
    filled(context)
    early = markup(run("export.py", **DAYS, asof="2020-01-01"))
    assert "2020년 1월 1일(수)에는 아직 모은 자료가 없었습니다" in early


def test_a_range_that_has_not_come_is_said_and_one_that_has_begun_is_kept(context: Context) -> None:
    filled(context)
    ahead = markup(run("export.py", since="2027-01-01", until="2027-01-31"))
    assert "아직 오지 않은 기간입니다" in ahead
    assert 'class="download"' not in ahead
    begun = markup(run("export.py", since="2026-11-22", until="2026-12-31"))
    assert dict(parse_qsl(urlsplit(_link(begun)).query))["until"] == "2026-12-31"


def test_an_index_is_offered_by_the_hour_alone(context: Context) -> None:
    filled(context)
    by_hour = run("export.py", **DAYS, std="airkorea", xs="overall")
    assert dict(parse_qsl(urlsplit(_link(markup(by_hour))).query))["pollutant"] == "overall"
    by_day = run("export.py", **DAYS, std="airkorea", xs="overall", g="day")
    assert "pollutant" not in dict(parse_qsl(urlsplit(_link(markup(by_day))).query))


def test_unknown_choices_are_as_if_they_were_not_there(context: Context) -> None:
    filled(context)
    test = run("export.py", **DAYS, xs="lead", fmt="exe", lv="moon", cols="nothing", feed="../x")
    given = dict(parse_qsl(urlsplit(_link(markup(test))).query))
    assert given["format"] == "csv"
    assert given["level"] == "province"
    assert not {"pollutant", "columns", "feed"} & set(given)


@pytest.mark.parametrize("kind", ["forecast", "advisory"])
def test_the_authority_s_word_is_taken_along_with_its_own_choices(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    filled(context)
    with context.store.write("t") as txn:
        put_forecasts(txn, [NOTICE])
        put_advisories(txn, [ADVISORY])
    test = run("export.py", **DAYS, kind=kind, xs="pm25,no2", ps="KR-11")
    link, shown = _link(markup(test)), test.code[0].value
    assert f"kind={kind}" in link
    assert "pollutant=pm25" in link
    assert "grain" not in link
    with served(context) as base:
        given = requests.get(base + link, timeout=30).content
    monkeypatch.chdir(tmp_path)
    assert run_command(shlex.split(shown)[3:]) == 0
    (written,) = tmp_path.glob("air-*.csv")
    assert written.read_bytes() == given
    assert len(given.splitlines()) == 2

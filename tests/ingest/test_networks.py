"""Files without a network: from the station's other words, from lists by year, or said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from aq.cli.checks import _networks
from aq.context import Context
from aq.domain.clock import parse_hour
from aq.domain.errors import InputError
from aq.domain.missing import NETWORK_UNKNOWN, reasons
from aq.domain.networks import listed_networks, network_of
from aq.domain.provinces import find_province
from aq.ingest.confirmed_files import import_file
from aq.ingest.station_lists import import_list
from aq.queries.evidence import evidence
from aq.store.reads import province_hours
from aq.store.schema import province_day
from tests.archive_files import CASES, SAMPLES, csv_text, row, write_xlsx
from tests.ingest.test_confirmed_files import HOURLY, runtime_at
from tests.ingest.test_confirmed_kinds import run
from tests.ingest.test_moved_stations import day, days, files, month, of

CONFIRMED = SAMPLES.parent / "confirmed"
JUNG = {"code": "111121", "name": "중구", "region": "서울 중구", "address": "서울 중구 15"}
CLOSED = {"code": "999199", "name": "폐쇄동", "region": "서울 강북구", "address": "서울 강북구 1"}
NOBODY = {"code": "999001", "name": "모름동", "region": "강원 강릉시", "address": "강원 강릉시 1"}


@pytest.fixture
def context(tmp_path: Path) -> Iterator[Context]:
    made = runtime_at(f"sqlite:///{tmp_path}/aq.db", "2026-11-28T10:00+09:00")
    yield made
    made.store.close()


def test_spellings_of_a_network() -> None:
    for word in ("도시대기", "도시", " 도시 대기 ", "도시대기측정망", "도시대기망"):
        assert network_of(word) == "도시대기"
    assert network_of("도로변대기측정망") == network_of("도로변") == "도로변대기"
    assert (network_of("교외"), network_of("국가배경"), network_of("항만대기")) == (
        "교외대기",
        "국가배경농도",
        "항만",
    )
    assert network_of("") is network_of("우주대기") is None


def test_the_shipped_lists_name_the_urban_stations_of_a_year() -> None:
    listed = listed_networks()
    assert listed["111121"] == ((2001, 2019, "도시대기"),)
    assert sum(first <= 2013 <= last for rows in listed.values() for first, last, _ in rows) == 257


def test_t47_a_file_without_networks_counts_by_the_list_of_its_year(
    context: Context, tmp_path: Path
) -> None:
    (path,) = files(tmp_path, month("201610", {**JUNG, "network": "", "pm10": 50}))
    report = import_file(context, path)
    assert report.unknown == []
    assert days(context.store) == {(of("서울"), day("2016-10-01")): 50.0}


def test_t47_a_network_nothing_tells_is_said_and_has_a_reason_of_its_own(
    context: Context, tmp_path: Path
) -> None:
    (path,) = files(tmp_path, month("201610", {**NOBODY, "network": ""}))
    answer = run(context, str(path))
    assert "network unknown: 24 rows of 1 stations" in answer.output
    assert "모름동 999001" in answer.output
    assert days(context.store) == {}
    with context.store.read() as connection:
        hours = province_hours(connection, [of("강원")], 0, 10**7)
    assert {word for hour in hours for word in reasons(hour).values()} == {NETWORK_UNKNOWN}
    (finding,) = _networks(context)
    assert (finding.state, "모름동 999001" in finding.found) == ("warn", True)
    why = evidence(context, find_province("강원"), "pm10", parse_hour("2016-10-01 05:00"), HOURLY)
    assert [witness.part for witness in why.stations] == ["no_network"]


def test_t47_the_mean_of_the_station_that_survived_is_not_silent(
    context: Context, tmp_path: Path
) -> None:
    both = ({**JUNG, "network": "", "pm10": 20}, {**CLOSED, "network": "", "pm10": 100})
    (path,) = files(tmp_path, month("201610", *both))
    report = import_file(context, path)
    assert [(one.code, one.rows) for one in report.unknown] == [("999199", 24)]


def test_t47_later_words_of_a_station_tell_of_its_earlier_hours(
    context: Context, tmp_path: Path
) -> None:
    silent, said = files(
        tmp_path, month("201610", {**NOBODY, "network": "", "pm10": 70}), month("201801", NOBODY)
    )
    import_file(context, silent)
    assert days(context.store) == {}
    import_file(context, said)
    assert days(context.store)[of("강원"), day("2016-10-01")] == 70.0


LIST = ["연도", "시도", "도시", "측정소 코드", "측정소명", "주소", "경도", "위도", "비고"]


def test_a_yearbook_s_list_by_file_tells_networks_by_sheet_and_year(
    context: Context, tmp_path: Path
) -> None:
    (path,) = files(tmp_path, month("201610", {**NOBODY, "network": "", "pm10": 70}))
    import_file(context, path)
    listed = tmp_path / "urban_master.xlsx"
    rows = [[2016.0, "강원", "강릉시", 999001.0, "모름동", "강릉시 1", "128 53 0", "37 45 0", ""]]
    rows.append([2016.0, "강원", "", "", "코드없음", "강릉시 2", "", "", ""])
    whole = [["시도", "code", "yr2016"], ["강원", 1, 1]]
    write_xlsx(listed, {"16년": [LIST, *rows], "전체": whole})
    said = run(context, str(listed)).output
    assert "a list of stations of 2016: 2 rows read, 2 name a network; 1 new or changed" in said
    assert "1 rows without a code name no station" in said
    assert days(context.store) == {(of("강원"), day("2016-10-01")): 70.0}
    (finding,) = _networks(context)
    assert finding.state == "ok"


def test_airkorea_s_own_list_by_file_finds_stations_by_name(
    context: Context, tmp_path: Path
) -> None:
    (path,) = files(tmp_path, month("202410", {**NOBODY, "network": "", "pm10": 70}))
    import_file(context, path)
    listed = tmp_path / "측정소.csv"
    text = "측정망,측정소명,주소\n도시대기,모름동,강원 강릉시 1\n우주,다른동,강원 2\n"
    listed.write_text(text, "utf-8")
    with pytest.raises(InputError, match="1 no_year"):
        import_list(context, listed)
    report = import_list(context, listed, year=2024)
    assert report is not None
    assert (report.kept, report.content.left_out) == (1, {"unknown_network": 1})
    assert days(context.store) == {(of("강원"), day("2024-10-01")): 70.0}


def test_the_shared_files_of_each_layout_have_no_empty_mean_for_want_of_a_network(
    context: Context, tmp_path: Path
) -> None:
    """Read where they are; the same layouts of our own stand above and in the tests of kinds."""
    for path in sorted(CONFIRMED.glob("*.csv")):
        url = f"sqlite:///{tmp_path}/{path.stem}.db"
        made = runtime_at(url.replace(" ", ""), "2026-11-28T10:00+09:00")
        report = import_file(made, path)
        assert (report.refused, report.unknown, report.left_out.total()) == (None, [], 0)
        with made.store.read() as connection:
            query = select(province_day).where(province_day.c.pollutant == "pm10")
            assert all(one.hours for one in connection.execute(query))
        made.store.close()
    for path in (*CASES.glob("old_nonet.csv"), *CASES.glob("no_network.csv")):
        assert import_file(context, path).unknown == []


def test_csv_text_of_a_list_is_no_hourly_file(tmp_path: Path, context: Context) -> None:
    path = tmp_path / "hours.csv"
    path.write_text(csv_text([row()]), "utf-8")
    assert import_list(context, path) is None

"""Contracts against fixtures, simulator and parsers: no field invented, none unread in silence."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from aq.domain.errors import ConfigError
from aq.domain.model import Answer, Payload
from aq.feeds.airkorea import CALL_COUNTS
from aq.feeds.airkorea import contracts as module
from aq.feeds.airkorea.advisories import AirKoreaAlarm, read_dust, read_ozone
from aq.feeds.airkorea.client import AirKorea
from aq.feeds.airkorea.contracts import FOLDER, Contract, contracts, read_contract
from aq.feeds.airkorea.errors import read_body
from aq.feeds.airkorea.forecasts import AirKoreaForecast, read_days, read_over_50, read_weeks
from aq.feeds.airkorea.official_means import (
    read_city_means,
    read_station_days,
    read_station_months,
)
from aq.feeds.airkorea.readings import read_rows
from aq.feeds.airkorea.stations import read_province_means, read_stations
from aq.feeds.airkorea.yellow_dust import read_yellow_dust
from aq.paths import ROOT
from aq.simulator.airkorea import AirKorea as Measurements
from aq.simulator.notices import Notices
from aq.simulator.view import View
from aq.simulator.world import World

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)
FIXTURES = ROOT / "tests" / "fixtures"
Row = Mapping[str, Any]
Reader = Callable[[list[object]], object]


class Noted(dict[str, Any]):
    """A row that keeps which of its keys were asked for."""

    asked: set[str]

    def get(self, key: str, default: Any = None) -> Any:
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> Any:
        self.asked.add(key)
        return super().__getitem__(key)


def keys_read(read: Reader, rows: Iterable[Row]) -> set[str]:
    """The keys a reader asks for, with every field there and with each left out in turn."""
    asked: set[str] = set()
    for row in rows:
        for left_out in (None, *row):
            noted = Noted({key: cell for key, cell in row.items() if key != left_out})
            noted.asked = asked
            read([noted])
    return asked


def _counts(rows: list[object]) -> object:
    """The counts are read from a whole answer: the rows go back into one."""
    return [
        (row.get("conectDe"), row.get("conectOprtinNm"), row.get("conectCo"))
        for row in rows
        if isinstance(row, Mapping)
    ]


# The reader, the fixture and the simulator's parameters of each operation that is used.
USED: dict[str, tuple[Reader, str, dict[str, str]]] = {
    "getCtprvnRltmMesureDnsty": (
        lambda rows: read_rows(rows, NOW),
        "airkorea/realtime.json",
        {"sidoName": "전국", "ver": "1.5"},
    ),
    "getMsrstnAcctoRltmMesureDnsty": (
        lambda rows: read_rows(rows, NOW, "중구"),
        "airkorea/station_history.json",
        {"stationName": "", "dataTerm": "DAILY", "ver": "1.5"},
    ),
    "getMsrstnList": (read_stations, "airkorea/stations.json", {}),
    "getCtprvnMesureLIst": (
        lambda rows: read_province_means(rows, "PM10", NOW),
        "airkorea/province_means.json",
        {"itemCode": "PM10", "dataGubun": "HOUR", "searchCondition": "WEEK"},
    ),
    "getSvckeyDalyStats": (_counts, "", {"searchDate": "2026-11-23"}),
    "getMinuDustFrcstDspth": (
        read_days,
        "official/forecast_days.json",
        {"searchDate": "2026-11-23"},
    ),
    "getMinuDustWeekFrcstDspth": (
        read_weeks,
        "official/forecast_week.json",
        {"searchDate": "2026-11-22"},
    ),
    "getUlfptcaAlarmInfo": (read_dust, "official/alarm_dust.json", {"year": "2026"}),
    "getOzAdvsryOccrrncInfo": (read_ozone, "official/alarm_ozone.json", {"year": "2026"}),
}
USED["getYlwsndAdvsryOccrrncInfo"] = (
    read_yellow_dust,
    "official/yellow_dust.json",
    {"year": "2026"},
)
USED["getMinuDustFrcstDspth50Over"] = (
    read_over_50,
    "official/forecast_over_50.json",
    {"searchDate": "2026-11-22"},
)
USED["getCtprvnMesureSidoLIst"] = (
    lambda rows: read_city_means(rows, "인천", NOW),
    "airkorea/city_means.json",
    {"sidoName": "인천", "searchCondition": "HOUR"},
)
USED["getMsrstnAcctoRDyrg"] = (
    lambda rows: read_station_days(rows, NOW),
    "airkorea/station_days.json",
    {"inqBginDt": "20261122", "inqEndDt": "20261122"},
)
USED["getMsrstnAcctoRMmrg"] = (
    lambda rows: read_station_months(rows, NOW),
    "airkorea/station_months.json",
    {"inqBginMm": "202610", "inqEndMm": "202610"},
)
BY_NAME = {path.stem: read_contract(path) for path in sorted(FOLDER.glob("*.toml"))}


def fixture_rows(file: str) -> list[Row]:
    items = read_body((FIXTURES / file).read_text("utf-8")).items
    return [row for row in items if isinstance(row, Mapping)]


def simulated_rows(name: str, params: Mapping[str, str]) -> list[Row]:
    from collections import Counter

    from aq.simulator.scenario import parse

    world = World(34, seed=17)
    stories = parse(
        '[[advisory]]\ndistrict="경기"\nzone="남부권"\nissued="2026-11-23T01:00+09:00"\n'
        'cleared="2026-11-23T09:00+09:00"\n[[advisory]]\ndistrict="경기"\nzone="남부권"\n'
        'pollutant="o3"\nissued="2026-07-23T14:00+09:00"\ncleared="2026-07-23T16:00+09:00"\n'
        '[[yellow_dust]]\nissued="2026-11-23T06:00+09:00"\nareas="서울, 인천"\n'
    )
    measured = Measurements(world, Counter(getMsrstnList=1))
    noted = Notices(world, stories.stories, stories.yellow)
    operations = {**measured.operations, **noted.operations}
    given = dict(params)
    if "stationName" in given:
        given["stationName"] = world.sites[0].name
    (operation,) = [one for path, one in operations.items() if path.endswith(f"/{name}")]
    items, _ = operation(given, NOW, View())
    return list(items)


def breaches(contract: Contract, rows: Sequence[Row], asked: set[str]) -> list[str]:
    """What of rows we made, and of what a reader asks for, does not stand in the contract."""
    found = []
    check = contract.check(rows)
    if check is not None:
        found += [f"sent and not in the contract: {name}" for name in check.new]
        found += [f"in the contract and not sent: {name}" for name in check.gone]
    found += [f"read and not in the contract: {name}" for name in asked if not contract.field(name)]
    for name, field in contract.fields.items():
        if field.ignored is None and not any(contract.field(key) is field for key in asked):
            found.append(f"in the contract and not read: {name}")
    return found


@pytest.mark.parametrize("name", USED)
def test_fixture_simulator_and_parser_keep_to_the_contract(name: str) -> None:
    read, file, params = USED[name]
    contract = BY_NAME[name]
    simulated = simulated_rows(name, params)
    recorded = fixture_rows(file) if file else simulated
    assert simulated
    asked = keys_read(read, [*recorded[:3], *simulated[:3]])
    for rows in (recorded, simulated):
        assert breaches(contract, rows, asked) == [], name
    assert set(params) <= set(contract.parameters)
    emitted = {key for row in (*recorded, *simulated) for key in row}
    proofs = {contract.fields[key].proof for key in emitted if key in contract.fields}
    # What only clients read is not sent where anything better is known.
    assert "client" not in proofs or len(proofs) == 1


def test_every_operation_is_used_or_refused_with_a_reason_and_no_feed_asks_another() -> None:
    assert len(contracts()) == 21
    assert {name for name, one in BY_NAME.items() if one.use} == set(USED)
    text = (ROOT / "docs" / "data.md").read_text("utf-8")
    section = text.split("## AirKorea's 21 operations")[1].split("\n## ")[0]
    for name, contract in BY_NAME.items():
        (line,) = [row for row in section.splitlines() if row.startswith(f"| `{name}`")]
        state = (
            f"used: `{contract.use}`" if contract.use else "refused" if contract.refused else "off"
        )
        assert line.split("|")[3].strip().startswith(state)
        assert contract.source
        assert contract.fields


def spoiled(name: str, change: Callable[[str], str]) -> Contract:
    """A contract read from a changed copy of its file."""
    return Contract.model_validate(
        module.tomllib.loads(change((FOLDER / f"{name}.toml").read_text("utf-8")))
    )


def test_a_renamed_an_invented_and_an_unread_field_are_found() -> None:
    name = "getOzAdvsryOccrrncInfo"
    read, file, _ = USED[name]
    rows = fixture_rows(file)
    asked = keys_read(read, rows)
    assert breaches(contracts_of(name), rows, asked) == []
    renamed = spoiled(name, lambda text: text.replace("issueLvl =", "issueLevel ="))
    assert breaches(renamed, rows, asked) == [
        "sent and not in the contract: issueLvl",
        "in the contract and not sent: issueLevel",
        "read and not in the contract: issueLvl",
        "in the contract and not read: issueLevel",
    ]
    invented = [{**row, "clearDate": "2026-08-02"} for row in rows]
    assert breaches(contracts_of(name), invented, asked) == [
        "sent and not in the contract: clearDate"
    ]
    more = '\nstationName = { proof = "documented", required = false, about = "where" }\n'
    unread = spoiled(name, lambda text: text + more)
    assert breaches(unread, rows, asked) == ["in the contract and not read: stationName"]


def contracts_of(name: str) -> Contract:
    return BY_NAME[name]


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_recording_beside_the_project_keeps_to_the_contract(name: str) -> None:
    """Nothing comes that the contract does not have; old hosts had more."""
    from tests.feeds.test_airkorea_notices import SAMPLES

    for path in SAMPLES.glob(f"*/*{name}*.json"):
        data = json.loads(path.read_text("utf-8"))
        body = data.get("response", {}).get("body", data) if isinstance(data, dict) else data
        items = body if isinstance(body, list) else body.get("items", body.get("list", []))
        rows = [row for row in items if isinstance(row, Mapping)]
        check = BY_NAME[name].check(rows)
        if "old_host" not in path.name and check is not None:
            assert check.new == {}, path.name


def test_a_contract_that_cannot_be_read_is_named(tmp_path: Any) -> None:
    for text in ("", "operation = 1", 'operation = "a"\nfields = {}'):
        path = tmp_path / "one.toml"
        path.write_text(text, "utf-8")
        with pytest.raises(ConfigError, match=r"one\.toml"):
            read_contract(path)


def test_a_poll_says_which_keys_went_and_came_and_changes_no_value() -> None:
    text = (FIXTURES / "official" / "alarm_ozone.json").read_text("utf-8")
    alarm = AirKoreaAlarm()

    def parsed(body: str) -> Answer:
        return alarm.parse(
            Payload(
                operation=module_operation("getOzAdvsryOccrrncInfo"), text=body, fetched_at=NOW
            ),
            NOW,
        )

    good = parsed(text)
    assert good.keys is not None
    assert (good.keys.gone, good.keys.new) == ({}, {})
    renamed = parsed(text.replace('"maxVal"', '"maximumVal"'))
    assert renamed.keys is not None
    assert (renamed.keys.gone, renamed.keys.new) == ({"maxVal": 6}, {"maximumVal": 6})
    assert [one.word for one in renamed.advisories] == [one.word for one in good.advisories]
    assert AirKorea().info.name == "airkorea"
    assert AirKoreaForecast().info.name == "airkorea_forecast"
    assert CALL_COUNTS in contracts()


def module_operation(name: str) -> str:
    return BY_NAME[name].operation

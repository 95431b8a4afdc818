"""`doctor --ask`: one call by hand, what came beside the contract, a recording without the key."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aq.__main__ import main
from aq.domain.clock import Clock, kst_iso
from aq.simulator import notices
from aq.simulator.scenario import parse
from aq.simulator.server import SimulatorServer
from aq.simulator.world import World

NOW = datetime(2026, 11, 23, 11, 25, tzinfo=UTC)
SECRET = "a+secret/key=="
STORY = '[[yellow_dust]]\nissued = "2026-11-23T06:00+09:00"\nareas = "서울"\n'


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with SimulatorServer(World(34, seed=17), Clock(NOW), parse(STORY)) as running:
        yield running


def ask(server: SimulatorServer, tmp_path: Path, *words: str, key: str = SECRET) -> Any:
    environment = {
        "AQ_HOME": str(tmp_path),
        "AQ_DATABASE_URL": f"sqlite:///{tmp_path / 'aq.db'}",
        "AQ_CLOCK": kst_iso(NOW),
        "AQ_FEEDS__AIRKOREA__URL": server.airkorea_url,
        "AQ_FEEDS__AIRKOREA__KEY": key,
    }
    words = ("doctor", "--ask", *words, "--json")
    return CliRunner().invoke(main, words, env=environment, standalone_mode=False)


def test_what_came_beside_the_contract_is_told_and_kept_without_the_key(
    server: SimulatorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yellow = notices.Notices.yellow_dust

    def more(*given: Any) -> Any:
        items, count = yellow(*given)
        return [{**dict(item), "tmLevel": "1", "serviceKey": SECRET} for item in items], count

    monkeypatch.setattr(notices.Notices, "yellow_dust", more)
    ended = ask(server, tmp_path, "getYlwsndAdvsryOccrrncInfo", "--with", "year=2026")
    assert ended.exception is None, ended.exception
    told = json.loads(ended.stdout)
    assert told["rows"] == 1
    assert told["keys"]["new"] == {"serviceKey": 1, "tmLevel": 1}
    assert told["keys"]["gone"] == {}
    assert any("dataTime" in text for text in told["unknown"])
    kept = Path(told["file"]).read_text("utf-8")
    assert "tmLevel" in kept
    assert SECRET not in kept
    assert Path(told["file"]).is_relative_to(tmp_path / "var" / "recordings")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("getNothing",), "OzYlwsndOccrrncInforInqireSvc/getOzAdvsryOccrrncInfo"),
        (("getUlfptcaAlarmInfo",), "needs year"),
        (("getUlfptcaAlarmInfo", "--with", "yaer=2026"), "yaer is no parameter"),
        (("getUlfptcaAlarmInfo", "--with", "2026"), "NAME=VALUE"),
        (("getList",), "one of"),
    ],
)
def test_what_cannot_be_asked_is_told_before_any_call(
    server: SimulatorServer, tmp_path: Path, words: tuple[str, ...], what: str
) -> None:
    before = sum(server.calls.values())
    ended = ask(server, tmp_path, *words)
    assert what in str(ended.exception)
    assert sum(server.calls.values()) == before


def test_a_refusal_and_a_missing_key_are_told(server: SimulatorServer, tmp_path: Path) -> None:
    ended = ask(server, tmp_path, "atmstMsrstnRltmInfo/getList", "--with", "stationName=중구")
    assert "code 12" in str(ended.exception)
    ended = ask(server, tmp_path, "getMsrstnList", key="")
    assert "AQ_FEEDS__AIRKOREA__KEY" in str(ended.exception)

"""An hour is graded by the standard of the family in force then, and says whether it was."""

import csv
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from aq.__main__ import run
from aq.context import Context
from aq.domain.clock import HOUR, KST
from aq.domain.model import URBAN, Reading, Station
from tests.exporting import use
from tests.serving import make_runtime, write

CHANGE = datetime(2018, 3, 27, tzinfo=KST)  # hour 24 of the last day of the older standard
STATION = Station(name="서울 하나", sido="서울", network=URBAN)


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    url = f"sqlite:///{tmp_path / 'aq.db'}"
    use(monkeypatch, url)
    made = make_runtime(url)
    hours = [CHANGE + back * HOUR for back in range(-23, 25)]
    old = [datetime(2016, 5, 1, hour, tzinfo=KST) for hour in range(1, 24)]
    values = {"pm10": 500, "pm25": 400, "o3": 300, "no2": 100}
    write(made, *(Reading(station=STATION, hour=one, values=values) for one in old + hours))
    yield made
    made.store.close()


def rows(tmp_path: Path, *options: str) -> list[dict[str, str]]:
    path = tmp_path / "a.csv"
    asked = ["--province", "서울", "--pollutant", "pm25", "--format", "csv", "-o", str(path)]
    assert run(["export", *asked, *options]) == 0
    assert run(["export", "--verify", str(path)]) == 0
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_pm25_of_40_in_2016_is_moderate(context: Context, tmp_path: Path) -> None:
    asked = ("--since", "2016-05-01", "--until", "2016-05-01")
    for grain in ("hour", "day", "month"):
        for row in rows(tmp_path, *asked, "--grain", grain):
            assert (row["standard"], row["in_force"]) == ("airkorea_1h_2015", "true")
            assert row["label"] == ("" if grain == "month" else "보통")
    named = rows(tmp_path, *asked, "--standard", "airkorea_1h")
    assert {(row["label"], row["in_force"]) for row in named} == {("나쁨", "false")}


def test_the_standard_changes_with_the_day(context: Context, tmp_path: Path) -> None:
    asked = ("--since", "2018-03-26", "--until", "2018-03-27")
    graded = [(row["at"][8:13], row["standard"], row["label"]) for row in rows(tmp_path, *asked)]
    assert len(graded) == 48
    assert graded[23] == ("27T00", "airkorea_1h_2015", "보통")
    assert graded[24] == ("27T01", "airkorea_1h", "나쁨")
    days = rows(tmp_path, *asked, "--grain", "day")
    assert [row["label"] for row in days] == ["보통", "나쁨"]
    # A month counts each hour by the standard of its day, and is of the one at its end.
    (month,) = rows(tmp_path, *asked, "--grain", "month")
    assert (month["hours_2"], month["hours_3"], month["standard"]) == ("24", "24", "airkorea_1h")


def test_explain_and_current_say_it_too(
    context: Context, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["explain", "--province", "서울", "--pollutant", "pm25", "--at"]
    for standard, label, in_force in (
        ([], "보통", True),
        (["--standard", "airkorea_1h"], "나쁨", False),
    ):
        assert run([*asked, "2016-05-01T12:00:00+09:00", "--json", *standard]) == 0
        told = json.loads(capsys.readouterr().out)
        assert told["in_force"] is in_force
        assert told["explanation"]["ruling"]["labels"]["ko"] == label
    assert run(["current", "--json", "--standard", "eu_eaqi"]) == 0
    assert json.loads(capsys.readouterr().out)["in_force"] is False

"""Recorded hours against AirKorea's own numbers: what is equal, what is not, and why."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from aq.cli.truth import command
from aq.domain.clock import HOUR
from aq.domain.errors import InputError
from aq.paths import ROOT
from aq.queries.truth import Truth, truth
from aq.simulator.recording import files
from aq.standards_file import load_standards
from tests.recordings import FIRST, row, steady, write_month

STANDARDS = load_standards(ROOT / "config" / "standards")
STANDARD, HOURLY = STANDARDS["airkorea"], STANDARDS["airkorea_1h"]
RECORDED = Path(os.environ.get("AQ_RECORDED") or ROOT.parent / "shared" / "feeds" / "recorded")
INDEX, GIVEN = "index", "pm10 has a grade (24 h) or none"


def compared(found: Truth, what: str) -> tuple[int, int, int, dict[str, int]]:
    line = found.lines[what]
    return line.compared, line.equal, line.hidden, dict(line.causes)


def test_steady_air_is_ours_to_the_digit(tmp_path: Path) -> None:
    found = truth(write_month(tmp_path / "r", steady(hours=24)), STANDARD)
    assert (found.rows, found.hours, found.stations) == (24, 24, 1)
    # The first eleven hours have a window that nobody recorded.
    assert found.not_compared == 11
    for what in ("pm10 grade (24 h)", "pm25 grade (24 h)", INDEX, "grade of the index"):
        assert compared(found, what) == (13, 13, 0, {})
    assert compared(found, "o3 grade") == (24, 24, 0, {})
    assert all(line.share == 1 for line in found.lines.values())


def test_a_hidden_fourth_digit_agrees_and_is_counted(tmp_path: Path) -> None:
    """0.030 ppm is grade 1 up to 0.0300 and 2 from 0.0301: both are printed 0.030. 0.064 is 79
    from 0.0637 on, 78 below."""
    rows = steady(hours=12)
    rows[11] = row(hour=FIRST + 11 * HOUR, o3Value="0.064", o3Grade="2", khaiValue="78")
    rows[10] = row(hour=FIRST + 10 * HOUR, o3Value="0.030", o3Grade="2")
    found = truth(write_month(tmp_path / "r", rows), STANDARD)
    assert compared(found, "o3 grade") == (12, 11, 1, {})
    assert compared(found, INDEX) == (1, 0, 1, {})


@pytest.mark.parametrize(
    ("fields", "what", "cause"),
    [
        ({"pm10Grade": "3"}, "pm10 grade (24 h)", "unexplained"),
        (
            {"pm10Grade": None},
            "pm10 has a grade (24 h) or none",
            "AirKorea gives no grade, 0 of 12",
        ),
        ({"khaiValue": "-", "khaiGrade": None}, INDEX, "AirKorea gives none"),
        ({"o3Value": "-"}, INDEX, "AirKorea goes without o3"),
        ({"khaiValue": "60"}, INDEX, "AirKorea leaves PM2.5 out"),
        ({"khaiValue": "111"}, INDEX, "another surcharge"),
        ({"khaiValue": "63"}, INDEX, "pm25 leads, its mean a little otherwise"),
        ({"khaiValue": "80"}, INDEX, "pm25 leads, unexplained"),
        ({"o3Grade": "4"}, "o3 grade", "unexplained"),
        ({"so2Value": "-"}, "so2 grade", "AirKorea gives a grade without a value"),
        ({"khaiGrade": "3"}, "grade of the index", "unexplained"),
    ],
)
def test_what_differs_is_counted_by_its_cause(
    tmp_path: Path, fields: dict[str, str | None], what: str, cause: str
) -> None:
    rows = steady(hours=12)
    rows[11] = row(hour=FIRST + 11 * HOUR, **fields)
    found = truth(write_month(tmp_path / "r", rows), STANDARD)
    ((name, count),) = found.lines[what].causes.items()
    assert (name.startswith(cause), count) == (True, 1), name
    assert "서울 가온동 2025-12-01 12:00" in found.lines[what].examples[name][0]


def test_roadside_stations_and_missing_values_are_not_of_the_six(tmp_path: Path) -> None:
    rows = [*steady(hours=12), *steady("큰길", 12)]
    rows[11] = row(hour=FIRST + 11 * HOUR, coValue="-")
    folder = write_month(tmp_path / "r", rows, networks={("서울", "큰길"): "도로변대기"})
    found = truth(folder, STANDARD)
    assert found.lines[INDEX].compared == 2
    assert found.lines["index, six values, not roadside"].compared == 0


def test_of_a_revised_hour_the_last_content_stands(tmp_path: Path) -> None:
    rows = steady(hours=12)
    later = FIRST + 11 * HOUR + timedelta(hours=2)
    rows.append(row(hour=FIRST + 11 * HOUR, fetched=later, pm10Value="90", khaiValue="-"))
    found = truth(write_month(tmp_path / "r", rows), STANDARD)
    assert (found.rows, found.hours) == (13, 12)
    assert compared(found, INDEX)[3] == {"AirKorea gives none": 1}


def test_the_command_says_it_to_people_and_machines(tmp_path: Path) -> None:
    folder = write_month(tmp_path / "r", steady(hours=12))
    said = CliRunner().invoke(command, [str(folder)])
    assert said.exit_code == 0
    assert "index: 100.000 %, 1 of 1 equal" in said.output
    made = json.loads(CliRunner().invoke(command, [str(folder), "--json"]).stdout)
    assert (made["station_hours"], made["lines"][0]["what"]) == (12, "pm10 grade (24 h)")


def test_hours_called_sure_keep_their_grade_without_a_fifth_of_the_stations(
    tmp_path: Path,
) -> None:
    """Ten steady stations are sure; where one of three lifts the mean over a limit it is not."""
    rows = [line for n in range(10) for line in steady(f"동{n}", 12)]
    rows += [
        row(f"구{n}", FIRST + hour * HOUR, "부산", pm10Value=value)
        for n, value in enumerate(("70", "72", "110"))
        for hour in range(12)
    ]
    folder = write_month(tmp_path / "r", rows)
    found = truth(folder, STANDARD, hourly=HOURLY)
    dust = next(line for line in found.sure if line.pollutant == "pm10")
    assert (dust.sure, dust.sure_kept, dust.share) == (12, 12, 1)
    assert (dust.unsure, dust.one_station) == (12, 12)
    again = truth(folder, STANDARD, hourly=HOURLY)
    assert again.as_dict()["sure_hours"] == found.as_dict()["sure_hours"]
    said = CliRunner().invoke(command, [str(folder)]).output
    assert "a fifth of the stations away: 132 of 132 keep their grade (100.00 %)" in said


def test_what_is_no_recording_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no recording"):
        truth(tmp_path, STANDARD)
    (tmp_path / "a.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="cannot be read as Parquet"):
        truth(tmp_path, STANDARD)


def test_a_recorded_station_agrees(tmp_path: Path) -> None:
    """A station of the recorded months where they are, else steady air of our own; all stations
    take minutes and are the command's."""
    folder = tmp_path / "r"
    if not RECORDED.is_dir():
        write_month(folder, steady(hours=48))
    else:
        folder.mkdir()
        for path in files(RECORDED):
            own = pq.read_table(path, filters=[("stationName", "==", "중구")])
            pq.write_table(own, folder / path.name)
    found = truth(folder, STANDARD)
    assert found.lines["pm10 grade (24 h)"].share >= 0.9998
    assert found.lines["pm25 grade (24 h)"].share >= 0.999
    assert found.lines["index, six values, not roadside"].share >= 0.98
    assert found.lines["grade of the index"].share == 1

"""A zip of tables that Frictionless' own validator finds true, and that verifies."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import frictionless
import pytest
import requests

from aq.__main__ import run
from aq.context import Context
from aq.domain import quality
from aq.domain.pollutants import KEYS
from aq.export.columns import KINDS, columns_of
from aq.export.vocabulary import LICENCES, POLLUTANTS, VALIDITY
from aq.feeds.registry import EVERY
from aq.i18n import FLAG_WORDS, text_in
from tests.exporting import RANGE, confirmed, filled, use
from tests.serving import make_runtime, served


@pytest.fixture
def context(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    use(monkeypatch, database_url)
    made = make_runtime(database_url)
    yield made
    made.store.close()


GRAINS = [word for grain in ("hour", "day", "month", "year") for word in ("--grain", grain)]


def test_frictionless_finds_every_table_as_it_is_described(
    context: Context, tmp_path: Path
) -> None:
    filled(context)
    path = tmp_path / "air.zip"
    for more in (
        (*GRAINS, "--standard", "airkorea", "--standard", "who_2021"),
        ("--level", "station"),
        ("--level", "zone", "--pollutant", "PM2.5"),
        ("--kind", "advisory"),
    ):
        assert run(["export", *RANGE, "--zip", "-o", str(path), *more]) == 0
        folder = tmp_path / more[1]
        with ZipFile(path) as archive:
            archive.extractall(folder)
        report = frictionless.validate(str(folder / "datapackage.json"))
        assert report.valid, report.flatten(["fieldName", "type", "message"])
        # Every hash and size was compared, and every table read.
        assert [task.stats.get("rows", 0) for task in report.tasks] == [
            resource["rows"] for resource in _described(folder)["resources"]
        ]
        path.unlink()


def _described(folder: Path) -> dict[str, list[dict[str, int]]]:
    described: dict[str, list[dict[str, int]]] = json.loads(
        (folder / "datapackage.json").read_text("utf-8")
    )
    return described


def test_a_zip_says_units_names_keys_licences_in_two_languages(
    context: Context, tmp_path: Path
) -> None:
    filled(context)
    path = tmp_path / "air.zip"
    assert run(["export", *RANGE, "--zip", "-o", str(path), "--pollutant", "PM2.5"]) == 0
    with ZipFile(path) as archive:
        assert archive.namelist() == ["air.csv", "air.csv.manifest.json", "datapackage.json"]
        described = json.loads(archive.read("datapackage.json"))
        told = json.loads(archive.read("air.csv.manifest.json"))
    (table,) = described["resources"]
    assert table["hash"] == f"sha256:{told['sha256']}"
    assert table["schema"]["primaryKey"] == ["code", "pollutant", "at"]
    fields = {field["name"]: field for field in table["schema"]["fields"]}
    assert fields["value"]["unit"] == "ug/m3"
    assert "pm2p5" in fields["value"]["standard_name"]
    assert fields["at"]["type"] == "datetime"
    assert "시각" in fields["at"]["description_ko"]
    assert {"KOGL type 3 (attribution, no derivatives)"} <= {
        licence["title"] for licence in described["licenses"]
    }
    flags = {row["flag"]: row for row in told["vocabulary"]["validity"]}
    assert flags["source:점검및교정"]["eea_validity"] == -99
    assert flags["stuck"]["aqs_null_code"] == "AN"


def test_every_flag_licence_pollutant_and_column_has_its_words() -> None:
    own = {quality.IMPLAUSIBLE, quality.FUTURE, quality.STUCK, quality.ECHO, quality.SPIKE}
    assert {*own, *(f"source:{word}" for word in FLAG_WORDS)} <= set(VALIDITY)
    assert {info.licence for info in EVERY.values()} <= set(LICENCES)
    assert set(POLLUTANTS) == set(KEYS)
    korean = text_in("ko")
    for kind in (*KINDS, "zone"):
        for column in columns_of(kind, "hour", (), apart=True, named=True):
            assert column.described(korean) != column.about, column.name


def test_a_zip_verifies_and_tells_what_has_changed(
    context: Context, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(context)
    path = tmp_path / "air.zip"
    asked = ["export", *RANGE, "--zip", "-o", str(path), "--grain", "hour", "--grain", "day"]
    assert run(asked) == 0
    confirmed(context, 999)
    capsys.readouterr()
    assert run(["export", "--verify", str(path)]) == 0
    assert f"{path}: air-hour.csv: same bytes" in capsys.readouterr().out
    with ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("air-day.csv", "other\n")
    assert run(["export", "--verify", str(path)]) == 1
    assert "the file has changed" in capsys.readouterr().err
    path.unlink()
    assert run([*asked, "--format", "xlsx"]) == 2
    assert not path.exists()


def test_the_route_gives_several_grains_and_standards_as_one_zip(context: Context) -> None:
    filled(context)
    asked = "since=2026-11-22&until=2026-11-23&grain=hour,day&standard=airkorea,who_2021"
    names = "pollutant=PM2.5,미세먼지&province=서울"
    with served(context) as address:
        url = f"{address}/api/v1/export?{asked}&{names}"
        reply = requests.get(url, timeout=30)
        again = requests.get(f"{url}&format=xlsx", timeout=30)
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/zip"
    assert reply.headers["content-disposition"].endswith('.zip"')
    with ZipFile(io.BytesIO(reply.content)) as archive:
        tables = [name for name in archive.namelist() if name.endswith(".csv")]
        texts = [archive.read(name).decode() for name in tables]
    assert [name.rsplit("-", 1)[1] for name in tables] == ["hour.csv", "day.csv"]
    for text in texts:
        rows = list(csv.DictReader(io.StringIO(text)))
        assert {row["pollutant"] for row in rows} == {"pm10", "pm25"}
        assert {"airkorea.grade", "who_2021.grade"} <= set(rows[0])
    assert (again.status_code, again.json()["error"]["field"]) == (400, "format")

"""Programs that are not ours, each by its own way of asking; what docs/clients.md says is asked."""

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
import requests
import yaml
from jinja2 import Template

from aq.context import Context
from aq.domain.pollutants import KEYS
from aq.domain.provinces import PROVINCES
from aq.paths import ROOT
from aq.web.public.routes import Asked, catalog_jsonld
from aq.web.publish.history import year_files
from aq.web.publish.run import publish
from aq.web.site import Site
from bench.data import fill_provinces
from tests.ranges import Counted, ranges
from tests.serving import fill, make_runtime, served
from tests.web.test_publish import static

PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
# DuckDB keeps nothing of a file that was changed within the last seconds.
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
EXAMPLE = "https://air.example.org"
ADDRESSES = sorted(set(re.findall(rf"{re.escape(EXAMPLE)}(/[^\s\"'`)<]+)", PAGE)))


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Context]:
    folder = tmp_path_factory.mktemp("clients")
    made = make_runtime(f"sqlite:///{folder / 'aq.db'}", AQ_FEEDS__AIRKOREA__KEY="any")
    fill(made)
    yield made
    made.store.close()


@pytest.fixture(scope="module")
def base(context: Context) -> Iterator[str]:
    with served(context) as found:
        yield found


@pytest.fixture(scope="module")
def published(context: Context, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("folder")
    publish(context, str(folder))
    with static(folder) as found:
        yield found


@pytest.fixture(scope="module")
def catalog(context: Context) -> dict[str, Any]:
    answer = catalog_jsonld(context, Asked(site=Site(f"{EXAMPLE}/")))
    assert answer.media_type == "application/ld+json"
    found: dict[str, Any] = json.loads(bytes(answer.body))
    return found


LIVE = [path for path in ADDRESSES if not path.startswith(("/history/", "/catalog"))]


@pytest.mark.parametrize("path", LIVE)
def test_every_address_of_the_page_answers(base: str, path: str) -> None:
    answer = requests.get(base + path, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.content


def test_pandas_reads_by_address(base: str, published: str) -> None:
    hours = pd.read_csv(f"{base}/api/v1/export?last=7d&format=csv", parse_dates=["at"])
    assert str(hours["at"].dt.tz) == "UTC+09:00"
    seoul = pd.read_parquet(f"{published}/history/KR-11/2026.parquet")
    assert set(seoul["province"]) == {"서울"}
    assert seoul.loc[seoul["pollutant"] == "pm10", "value"].mean() == 62.0


def test_the_sql_of_the_page_reads_published_years(published: str, tmp_path: Path) -> None:
    """The extension httpfs is no part of DuckDB's wheel: the file is fetched, the SQL is the
    page's."""
    file = tmp_path / "2026.parquet"
    file.write_bytes(requests.get(f"{published}/history/KR-11/2026.parquet", timeout=60).content)
    sql = re.search(r"SELECT year\(\"at\" -.*?GROUP BY year", PAGE, re.DOTALL)
    assert sql is not None
    question = re.sub(r"read_parquet\(\[.*?\]\)", f"read_parquet(['{file}'])", sql[0], flags=re.S)
    assert duckdb.sql(question).fetchall() == [(2026, 13.0)]


def python_of(section: str) -> str:
    """The program of a section of the page."""
    block = re.search(rf"^## {section}\n.*?```python\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE)
    assert block is not None
    return block[1]


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    """A whole year of one province, confirmed, made up and SIMULATED, on a server of files."""
    folder = tmp_path_factory.mktemp("year")
    make_runtime(f"sqlite:///{folder / 'aq.db'}").store.close()
    fill_provinces(folder / "aq.db", 2, PROVINCES[:1])
    context = make_runtime(f"sqlite:///{folder / 'aq.db'}")
    for file in year_files(context, context.clock.now()):
        if file.first.year == 2025:
            (folder / "history/KR-11").mkdir(parents=True)
            (folder / file.path).write_bytes(file.make())
            os.utime(folder / file.path, (LONG_AGO, LONG_AGO))
    context.store.close()
    with ranges(folder) as served_files:
        yield served_files


def test_duckdb_reads_by_http_what_it_needs(year: Counted) -> None:
    """A decade in under 2 MB: what a year costs, ten times and a quarter of the year that runs."""
    program = python_of("DuckDB").replace(EXAMPLE, year.address)
    program = program.replace(f", '{year.address}/history/KR-11/2026.parquet'", "")
    names: dict[str, Any] = {}
    try:
        exec(program, names)  # noqa: S102 - the page's own program
    finally:
        duckdb.unregister_filesystem("http")
    (found,) = names["years"]
    content = requests.get(f"{year.address}/history/KR-11/2025.parquet", timeout=60).content
    table = pd.read_parquet(BytesIO(content))
    assert found == (2025, pytest.approx(table[table.pollutant == "pm25"].value.mean()))
    assert len(table) == 365 * 24 * 6
    assert year.sent - len(content) < 2_000_000 / 10.5


def test_a_reader_of_ranges_reads_one_pollutant(year: Counted) -> None:
    """As httpfs reads: the footer, then of one row group the columns it needs."""
    address = f"{year.address}/history/KR-11/2025.parquet"
    assert requests.get(address, headers={"Range": "bytes=0-3"}, timeout=60).content == b"PAR1"
    content = requests.get(address, timeout=60).content
    file = pq.ParquetFile(BytesIO(content))
    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    place = {name: number for number, name in enumerate(file.schema_arrow.names)}
    keys = []
    for group in groups:
        pollutant = group.column(place["pollutant"]).statistics
        assert pollutant.min == pollutant.max
        keys.append(pollutant.min)
        needed = sum(group.column(place[name]).total_compressed_size for name in ("at", "value"))
        assert needed + file.metadata.serialized_size < 50_000
    assert keys == sorted(KEYS)
    assert file.schema_arrow.metadata[b"standard"]
    at = file.read_row_group(0, ["at"])["at"]
    assert len(at) == 8760
    assert at.to_pandas().is_monotonic_increasing


def test_gdal_reads_the_outlines(base: str) -> None:
    """The reader of QGIS, R's sf and PostGIS' loader, as a wheel."""
    (path,) = (path for path in ADDRESSES if "provinces.geojson" in path)
    content = requests.get(base + path, timeout=60).content
    facts = pyogrio.read_info(content)
    assert facts["driver"] == "GeoJSON"
    assert (facts["features"], facts["geometry_type"]) == (17, "MultiPolygon")
    assert facts["crs"] == "EPSG:4326"
    west, south, east, north = facts["total_bounds"]
    assert (west > 124, south > 32, east < 133, north < 39) == (True,) * 4
    types = dict(zip(facts["fields"].tolist(), facts["dtypes"].tolist(), strict=True))
    assert types["value"] == "float64"
    assert types["grade"] == "int32"
    assert types["colour"] == "object"
    assert types["simulated"] == "bool"


def test_home_assistant_finds_its_value(base: str) -> None:

    block = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert block is not None
    (rest,) = yaml.safe_load(block[1])["rest"]
    answer = requests.get(rest["resource"].replace(EXAMPLE, base), timeout=60)
    template = Template(rest["sensor"][0]["value_template"])
    assert template.render(value_json=answer.json()) == "13.0"


def test_grafana_finds_its_columns(base: str) -> None:
    (path,) = (path for path in ADDRESSES if path.startswith("/api/v1/history"))
    items = requests.get(base + path, timeout=60).json()["items"]
    assert items
    assert all(isinstance(item["value"], float) for item in items if item["value"] is not None)
    assert pd.to_datetime([item["at"] for item in items]).is_monotonic_increasing


def test_the_catalogue_names_what_is_there(base: str, catalog: dict[str, Any]) -> None:
    assert catalog["@type"] == "dcat:Catalog"
    assert {"dct:description", "dct:publisher"} <= catalog.keys()
    for dataset in catalog["dcat:dataset"]:
        told = {"dct:title", "dct:description", "dct:publisher", "dct:license", "dct:modified"}
        assert told <= dataset.keys()
        assert dataset["dct:license"]["@id"] == "https://www.kogl.or.kr/info/licenseType3.do"
        for distribution in dataset["dcat:distribution"]:
            address = distribution["dcat:downloadURL"]["@id"]
            assert address.startswith(EXAMPLE)
            answer = requests.get(address.replace(EXAMPLE, base), timeout=60)
            assert answer.status_code == 200
            wanted = distribution["dcat:mediaType"]["@id"].rpartition("types/")[2]
            assert answer.headers["Content-Type"].startswith(wanted)

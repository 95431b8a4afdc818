"""Programs that are not ours, each by its own way of asking; what docs/clients.md says is asked."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import requests
import yaml
from jinja2 import Template

from aq.context import Context
from aq.paths import ROOT
from aq.web.public.routes import Asked, catalog_jsonld
from aq.web.publish.run import publish
from aq.web.site import Site
from tests.serving import fill, make_runtime, served
from tests.web.test_publish import static

PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
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
    sql = re.search(r"SELECT year\(\"at\"\).*?GROUP BY year", PAGE, re.DOTALL)
    assert sql is not None
    question = re.sub(r"read_parquet\(\[.*?\]\)", f"read_parquet(['{file}'])", sql[0], flags=re.S)
    assert duckdb.sql(question).fetchall() == [(2026, 13.0)]


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
    for dataset in catalog["dcat:dataset"]:
        assert {"dct:title", "dct:license", "dct:modified"} <= dataset.keys()
        for distribution in dataset["dcat:distribution"]:
            address = distribution["dcat:downloadURL"]["@id"]
            assert address.startswith(EXAMPLE)
            answer = requests.get(address.replace(EXAMPLE, base), timeout=60)
            assert answer.status_code == 200
            wanted = distribution.get("dcat:mediaType", {"@id": ""})["@id"].rpartition("types/")[2]
            assert answer.headers["Content-Type"].startswith(wanted)

"""A standard is one file: a made-up one is chosen, grades, answers and is exported."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aq.context import Context, shared
from aq.paths import ROOT
from tests.conftest import NOW
from tests.serving import fill, make_runtime
from tests.web.test_pages import cells, run

HOURLY = (ROOT / "config" / "standards" / "airkorea_1h.toml").read_text("utf-8")
# The hourly grades with other names and another first cut of PM10; of no authority.
MADE_UP = (
    HOURLY.replace('"airkorea_1h"', '"madeup"')
    .replace('ko = "한국 1시간"', 'ko = "가상 기준"')
    .replace('en = "Korea, hourly"', 'en = "Made-up"')
    .replace("place = 1 ", "place = 6 ")
    .replace("[0, 30], [31, 80]", "[0, 10], [11, 80]")
)


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    """The pages' context, with one standard more in its configuration."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "config" / "standards" / "madeup.toml").write_text(MADE_UP, "utf-8")
    url = f"sqlite:///{tmp_path / 'aq.db'}"
    for name, value in {
        "AQ_CONFIG": str(tmp_path / "config"),
        "AQ_DATABASE_URL": url,
        "AQ_CLOCK": NOW.isoformat(),
        "AQ_FEEDS__AIRKOREA__KEY": "any",
        "AQ_FEEDS__OPENMETEO__ENABLED": "false",
    }.items():
        monkeypatch.setenv(name, value)
    shared.cache_clear()
    made = make_runtime(url)
    fill(made)
    yield made
    made.store.close()
    shared().store.close()
    shared.cache_clear()


@pytest.mark.parametrize(("lang", "name"), [("ko", "가상 기준"), ("en", "Made-up")])
def test_a_standard_of_one_file_is_offered_by_its_own_name(
    context: Context, lang: str, name: str
) -> None:
    assert cells(run(lang=lang), "option[value='madeup']") == [name]

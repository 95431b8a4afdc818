"""A wrong setting stops the start and names its place and what was expected."""

import shutil
from pathlib import Path

import pytest

from aq.domain.errors import ConfigError
from aq.paths import ROOT
from aq.settings import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "config"
    shutil.copytree(ROOT / "config", copy)
    return copy


def _edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_without_anything_set_the_model_feed_is_live() -> None:
    settings = load({})
    assert settings.live_feeds == ("openmeteo",)
    assert settings.database_url.startswith("sqlite:///")
    assert settings.server.host == "127.0.0.1"


def test_a_key_puts_airkorea_first() -> None:
    settings = load({"AQ_FEEDS__AIRKOREA__KEY": "abc"})
    assert settings.live_feeds == ("airkorea", "openmeteo")
    assert "abc" not in repr(settings)
    assert load({"AQ_FEEDS__AIRKOREA__KEY": " "}).live_feeds == ("openmeteo",)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("AQ_FEEDS__AIRKORE__KEY", "x", "did you mean AQ_FEEDS__AIRKOREA__KEY"),
        ("AQ_PORT", "1", "unknown setting"),
        ("AQ_SERVER__PORT", "99999", "65535"),
        ("AQ_DATABASE_URL", "mysql://x/y", "postgresql"),
        ("AQ_DATABASE_URL", "nonsense", "sqlite"),
        ("AQ_FEEDS__AIRKOREA__URL", "nope", "URL"),
        ("AQ_CLOCK", "2026-01-01T00:00", "offset"),
        ("AQ_CLOCK", "2026-01-01T00:00+09:00@nan", "speed"),
        ("AQ_CLOCK", "2026-01-01T00:00+09:00@-5", "speed"),
        ("AQ_DATABASE_URL", "sqlite://", "name a file"),
        ("AQ_SCHEDULER", "maybe", "'on' or 'off'"),
        ("AQ_LANG", "fr", "'ko' or 'en'"),
        ("AQ_FEEDS__PREFER", "airkorea,airkorea", "at most once"),
        ("AQ_FEEDS__PREFER", "airkorea,madeup", "unknown feed madeup"),
        ("AQ_DISPLAY__HIDE_AFTER_HOURS", "1", "hide_after_hours"),
        ("AQ_SCHEDULE__MINUTES", "20,75", "0 to 59"),
    ],
)
def test_a_wrong_variable_is_named(name: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load({name: value})
    assert name.split("__", maxsplit=1)[0] in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("aq.toml", "port = 8501", "prot = 8501", "unknown key"),
        ("aq.toml", "port = 8501", 'port = "many"', "integer"),
        ("aq.toml", "[display]", "[display", "TOML"),
        ("aq.toml", 'lang = "ko"', 'lang = "de"', "'ko' or 'en'"),
        ("provinces.toml", "[points.KR-11]", "[points.KR-99]", "KR-99"),
        ("provinces.toml", "latitude = 37.5665", "latitude = 3.5", "greater than"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(
    folder: Path, file: str, old: str, new: str, says: str
) -> None:
    _edit(folder, file, old, new)
    with pytest.raises(ConfigError) as caught:
        load({"AQ_CONFIG": str(folder)})
    assert f"{folder / file}:" in str(caught.value)
    assert says in str(caught.value)


def test_the_line_is_the_right_one(folder: Path) -> None:
    _edit(folder, "aq.toml", "port = 8501", "port = 0")
    line = (folder / "aq.toml").read_text("utf-8").splitlines().index("port = 0") + 1
    with pytest.raises(ConfigError, match=rf"aq.toml:{line}: server.port"):
        load({"AQ_CONFIG": str(folder)})


def test_t23_a_key_in_a_file_is_refused(folder: Path) -> None:
    _edit(folder, "aq.toml", "[feeds.airkorea]\n", '[feeds.airkorea]\nkey = "abc"\n')
    with pytest.raises(ConfigError, match="do not belong here"):
        load({"AQ_CONFIG": str(folder)})


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load({"AQ_CONFIG": str(tmp_path / "nowhere")})


def test_a_port_that_is_no_number_is_no_database_url() -> None:
    with pytest.raises(ConfigError, match="not a database URL") as refused:
        load({"AQ_DATABASE_URL": "postgresql://aq:topsecret@db:port/aq"})
    assert "topsecret" not in str(refused.value)

"""What a site sets stands apart from what the program ships, in one file or a few."""

from pathlib import Path

import pytest

from aq import app
from aq.alerts.channels import load_outlets
from aq.alerts.rules import rules_folder, shipped_rules
from aq.context import read_standards
from aq.domain.errors import ConfigError
from aq.paths import SHIPPED, config_file, own_config
from aq.settings import load


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AQ_CONFIG", str(tmp_path))
    return tmp_path


def test_one_file_with_one_key_is_enough(own: Path) -> None:
    (own / "aq.toml").write_text("[server]\nport = 9000\n", "utf-8")
    settings, shipped = load(), load({})
    assert settings.server.port == 9000
    assert settings.model_copy(update={"server": shipped.server}) == shipped
    assert load({"AQ_CONFIG": str(own), "AQ_SERVER__PORT": "9001"}).server.port == 9001
    assert app.start(load({"AQ_CONFIG": str(own), "AQ_DATABASE_URL": f"sqlite:///{own}/a.db"}))


def test_a_mistake_names_the_own_file_and_its_line(own: Path) -> None:
    (own / "aq.toml").write_text("# ours\n[server]\nport = 'x'\n", "utf-8")
    with pytest.raises(ConfigError, match=rf"{own}/aq\.toml:3"):
        load()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gone"):
        load({"AQ_CONFIG": str(tmp_path / "gone")})


def test_a_channel_of_its_own_leaves_the_shipped_rules(own: Path) -> None:
    (own / "alerts.toml").write_text('[channels.duty]\nkind = "json"\nurl = "env:U"\n', "utf-8")
    outlets = load_outlets({"AQ_CONFIG": str(own), "U": "json://127.0.0.1"})
    assert list(outlets.channels) == ["duty"]
    assert rules_folder() == SHIPPED
    (own / "alerts.toml").write_text('[[rules]]\nid = "mine"\n', "utf-8")
    assert rules_folder() == own
    assert [rule["id"] for rule in shipped_rules(rules_folder())] == ["mine"]


def test_a_standard_of_its_own_stands_beside_and_a_later_correction_of_another_is_met(
    own: Path,
) -> None:
    (own / "standards").mkdir()
    text = (SHIPPED / "standards" / "who_2021.toml").read_text("utf-8")
    own_text = text.replace('id = "who_2021"', 'id = "ours"', 1)
    own_text = own_text.replace('family = "who"', 'family = "ours"', 1)
    (own / "standards" / "ours.toml").write_text(own_text, "utf-8")
    standards, _ = read_standards(load())
    assert {"ours", "who_2021", "airkorea_1h"} <= set(standards)


def test_without_a_variable_it_is_config_local_below_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AQ_CONFIG", raising=False)
    monkeypatch.setenv("AQ_HOME", str(tmp_path))
    assert own_config() == tmp_path / "config" / "local"
    assert config_file("aq.toml") == SHIPPED / "aq.toml"
    own_config().mkdir(parents=True)
    (own_config() / "aq.toml").write_text('lang = "en"\n', "utf-8")
    assert config_file("aq.toml") == own_config() / "aq.toml"
    assert load({}).lang == "en"

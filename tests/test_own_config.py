"""What a site sets stands apart from what the program ships, in one file or a few."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from aq import app
from aq.alerts.channels import load_outlets
from aq.alerts.rules import rules_folder, shipped_rules
from aq.cli.checks import own_files
from aq.cli.finding import WARN
from aq.context import read_standards
from aq.domain.errors import ConfigError
from aq.paths import ROOT, SHIPPED, config_file, own_config
from aq.settings import load
from aq.standards_file import load_standards


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


def git(folder: Path, *words: str) -> str:
    """What git says to a command; a person of the test's own signs."""
    own = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    person = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    done = subprocess.run(
        ["git", *person, *words],
        cwd=folder,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_an_update_by_git_pull_meets_no_changed_file_and_brings_the_correction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A site with a channel of its own; then the project corrects its file of alerts."""
    project, site = tmp_path / "project", tmp_path / "site"
    shutil.copytree(SHIPPED, project / "config", ignore=shutil.ignore_patterns("local"))
    shutil.copy(ROOT / ".gitignore", project)
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "a release")
    git(tmp_path, "clone", "-q", str(project), str(site))
    own = site / "config" / "local"
    own.mkdir()
    (own / "alerts.toml").write_text('[channels.duty]\nkind = "json"\nurl = "env:U"\n', "utf-8")
    shipped = project / "config" / "alerts.toml"
    shipped.write_text(f"# corrected\n{shipped.read_text('utf-8')}", "utf-8")
    git(project, "commit", "-qam", "a correction")
    assert git(site, "status", "--porcelain") == ""
    git(site, "pull", "-q", "--ff-only")
    assert (site / "config" / "alerts.toml").read_text("utf-8").startswith("# corrected")
    monkeypatch.delenv("AQ_CONFIG", raising=False)
    monkeypatch.setenv("AQ_HOME", str(site))
    outlets = load_outlets({"U": "json://127.0.0.1"})
    assert list(outlets.channels) == ["duty"]


def test_a_copied_folder_is_told_which_files_hide_later_corrections(own: Path) -> None:
    """The folder of an older release, as a site copies it; then a folder of what differs alone."""
    shutil.copytree(SHIPPED, own, ignore=shutil.ignore_patterns("local"), dirs_exist_ok=True)
    settings, standard = own / "aq.toml", own / "standards" / "who_2021.toml"
    settings.write_text(settings.read_text("utf-8").replace("port = 8501", "port = 9000"), "utf-8")
    text = standard.read_text("utf-8")
    standard.write_text(re.sub(r'(?m)^version = ".*"', 'version = "2021-09-22.0"', text), "utf-8")
    (own / "zones.csv").write_text(f"{(own / 'zones.csv').read_text('utf-8')}\n", "utf-8")
    (finding,) = own_files()
    assert finding.state == WARN
    assert re.search(r"aq\.toml \((\d+) of (?!\1\b)\d+ values the same\)", finding.found)
    assert "standards/airkorea_1h.toml (the same)" in finding.found
    version = load_standards(SHIPPED / "standards")["who_2021"].version
    assert f"standards/who_2021.toml (2021-09-22.0, shipped {version})" in finding.found
    assert "zones.csv (another one)" in finding.found
    assert f"diff -r {SHIPPED} {own}" in finding.do
    shutil.rmtree(own)
    own.mkdir()
    settings.write_text("[server]\nport = 9000\n", "utf-8")
    (own / "alerts.toml").write_text('[channels.duty]\nkind = "json"\nurl = "env:U"\n', "utf-8")
    assert not list(own_files())
    assert load().server.port == 9000

"""The documents keep up with the program: traps, settings, commands, routes, feeds, standards."""

import re
from pathlib import Path

import pytest

from aq.__main__ import COMMANDS
from aq.feeds.registry import EVERY
from aq.paths import ROOT
from aq.standards_file import load_standards
from aq.web.api.routes import TABLE
from tools import architecture

DOCS = {path.name: path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md")}
README = (ROOT / "README.md").read_text("utf-8")
NOT_APPLICABLE = {38, 42}


def _pinned() -> set[str]:
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        names = re.findall(r"def (test_(?:t\d\d_)+\w*)", path.read_text("utf-8"))
        module = path.relative_to(ROOT / "tests").with_suffix("").as_posix()
        found |= {f"{module}::{name}" for name in names}
    return found


def test_every_trap_is_listed_and_every_test_named_there_exists() -> None:
    text = DOCS["traps.md"]
    listed = [int(number) for number in re.findall(r"^## T(\d\d) ", text, re.M)]
    assert listed == sorted(set(listed))
    assert set(range(1, 59)) <= set(listed)
    assert set(re.findall(r"`((?:\w+/)?test_\w+::test_\w+)`", text)) == _pinned()


@pytest.mark.parametrize("number", sorted(set(range(1, 59)) - NOT_APPLICABLE))
def test_a_trap_of_a_feed_we_have_is_pinned(number: int) -> None:
    section = DOCS["traps.md"].split(f"## T{number:02} ")[1].split("## T")[0]
    assert f"t{number:02}_" in section


def test_t43_licence_and_attribution_of_each_feed_are_written_down() -> None:
    for name, info in EVERY.items():
        section = DOCS["data.md"].split(f"## {name}")[1].split("## ")[0]
        assert "Licence:" in section
        assert info.licence
        assert info.attribution
    assert "NGII" in (ROOT / "NOTICE").read_text("utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"`{name}`" in README or f"aq {name}" in README


@pytest.mark.parametrize("path", TABLE)
def test_every_route_is_in_the_readme(path: str) -> None:
    assert f"`{path}" in README


@pytest.mark.parametrize("name", load_standards(ROOT / "config" / "standards"))
def test_every_standard_is_in_grading(name: str) -> None:
    assert f"## {name}" in DOCS["grading.md"]


def test_every_setting_is_in_the_configuration_file() -> None:
    text = (ROOT / "config" / "aq.toml").read_text("utf-8")
    for section in (
        "server",
        "logs",
        "display",
        "schedule",
        "retention",
        "feeds",
        "feeds.airkorea",
        "feeds.openmeteo",
    ):
        assert f"[{section}]" in text


def test_links_between_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
            assert (path.parent / Path(target)).exists(), f"{path.name}: {target}"


def test_the_test_named_beside_a_fault_exists() -> None:
    named = re.findall(r"`((?:\w+/)?test_\w+\.py)::(test_\w+)`", DOCS["operations.md"])
    assert len(named) > 20
    for file, name in named:
        assert f"def {name}(" in (ROOT / "tests" / file).read_text("utf-8"), name


def test_every_module_stands_in_the_architecture() -> None:
    document = DOCS["architecture.md"]
    assert document == architecture.written(document), "run: make docs"

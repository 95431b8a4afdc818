"""Words: the catalogue is whole and holds nothing idle, particles follow sounds, numbers round."""

import ast
import re
from collections.abc import Collection
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from aq import i18n as text_module
from aq.domain.sources import INFO
from aq.i18n import CATALOGUES
from aq.paths import config_dir
from aq.standards_file import load_standards
from aq.web.wording.korean import Noun, number

SOURCES = Path(text_module.__file__).parent
CALLS = {"text", "N_", "self", "_text", "words"}


def _calls(path: Path) -> set[str]:
    """Messages given as the first argument to a translating call."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        first = node.args[0]
        if name in CALLS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            found.add(first.value)
    return found


def _tables(path: Path) -> list[set[str]]:
    """The texts of each table a module holds (a dictionary by a name in capitals)."""
    found = []
    for node in ast.parse(path.read_text("utf-8")).body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if isinstance(value, ast.Dict):
            texts = {
                one.value
                for one in value.values
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
            found.append(texts)
    return found


def used(known: Collection[str]) -> set[str]:
    """Every message that a page, route or table can say.

    A table counts as one of messages when any of its texts is in the catalogue.
    """
    found: set[str] = set()
    for path in SOURCES.rglob("*.py"):
        if path.name != "i18n.py" and "aq.i18n import" not in path.read_text("utf-8"):
            continue
        found |= _calls(path)
        for table in _tables(path):
            found |= table if table & set(known) else set()
    for info in INFO.values():
        found |= {info.attribution, info.licence}
    for shipped in ("standards", "limits"):
        for standard in load_standards(config_dir() / shipped).values():
            found |= {*standard.unverified, *(source.what for source in standard.sources)}
    return found


def catalogue() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((CATALOGUES / "ko" / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            messages = {str(one.id): str(one.string) for one in read_po(file) if one.id}
        assert not set(messages) & set(found), f"{path.name} says again what another says"
        found |= messages
    return found


def test_every_message_has_korean() -> None:
    known = catalogue()
    assert sorted(one for one in used(known) if not known.get(one)) == []


def test_no_korean_is_left_over() -> None:
    known = catalogue()
    assert sorted(set(known) - used(known)) == []


def test_placeholders_agree() -> None:
    for message, korean in catalogue().items():
        asked = set(re.findall(r"{(\w+)", message))
        given = set(re.findall(r"{(\w+)", korean))
        # Korean counts the whole group where English counts the rest of it.
        assert given <= asked | {"n"}, message


@pytest.mark.parametrize(
    ("word", "particle", "said"),
    [
        ("서울", "은는", "서울은"),
        ("제주", "은는", "제주는"),
        ("서울", "으로", "서울로"),
        ("교정", "으로", "교정으로"),
        ("통신장애", "으로", "통신장애로"),
        ("PM10", "이가", "PM10이"),
        ("Open-Meteo", "이가", "Open-Meteo가"),
        ("경남", "과와", "경남과"),
        ("‘좋음’", "을를", "‘좋음’을"),
    ],
)
def test_particles_follow_the_last_sound(word: str, particle: str, said: str) -> None:
    assert f"{Noun(word):{particle}}" == said


@pytest.mark.parametrize(
    ("value", "digits", "printed"),
    [
        (80.5, 0, "81"),
        (80.4, 0, "80"),
        (0.0305, 3, "0.031"),
        (2.5, 0, "3"),
        (1234.0, 0, "1,234"),
        (None, 0, "–"),
        (float("nan"), 1, "–"),
    ],
)
def test_numbers_are_printed_halves_up(value: float | None, digits: int, printed: str) -> None:
    assert number(value, digits) == printed

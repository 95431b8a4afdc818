"""Words: the catalogue is whole and holds nothing idle, particles follow sounds, numbers round."""

import re

import pytest

from aq.i18n import CATALOGUES
from aq.particles import PARTICLES, Noun
from aq.web.wording.korean import number
from tools.messages import FILE, catalogue, used


def test_there_is_one_catalogue() -> None:
    assert list(CATALOGUES.rglob("*.po")) == [FILE]


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


def test_every_particle_is_one_of_the_pairs() -> None:
    said = set(re.findall(r"{\w+:[’”]?([가-힣]+)}", " ".join(catalogue().values())))
    assert said <= set(PARTICLES)


def test_no_particle_is_guessed() -> None:
    """A name is only known when it is said: what follows it must follow its sound."""
    bare = re.compile(
        r"\{\w+\}[’”]?(은|는|이|가|을|를|과|와|으로|로)(?=[ .,]|$)|[을이은]\([를가는]\)"
    )
    assert [korean for korean in catalogue().values() if bare.search(korean)] == []


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
        ("양호", "’이가", "양호’가"),
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

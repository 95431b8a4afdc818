"""Korean particles: the form that follows the last sound of the word before them."""

import re

_BRACKETS = re.compile(r"(?<=[^\s(])\s*\([^()]*\)\s*$")
_FIRST, _LAST, _FINALS = 0xAC00, 0xD7A3, 28
_RIEUL = 8
# Sounds of digits and Latin letters that end in a consonant when a Korean reads them aloud.
_CLOSED = frozenset("013678lmnrLMNR")
_RIEUL_DIGITS = frozenset("178lrLR")
# particle asked for -> (after a consonant, after a vowel)
PARTICLES = {
    "은는": ("은", "는"),
    "이가": ("이", "가"),
    "을를": ("을", "를"),
    "과와": ("과", "와"),
    "으로": ("으로", "로"),
}


class Noun(str):
    """A word that takes its particle: ``f"{Noun('서울'):은는}"`` is ``서울은``.

    A closing quotation mark before the particle comes between the two: ``:’은는``.
    """

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        mark, particle = spec[:-2], spec[-2:]
        if particle not in PARTICLES:
            return super().__format__(spec)
        closed, open_ = PARTICLES[particle]
        final = _final(self)
        takes_closed = final != 0 and not (particle == "으로" and final == _RIEUL)
        return str(self) + mark + (closed if takes_closed else open_)


def _final(word: str) -> int:
    """The final consonant of the last letter that is spoken; 0 for a vowel.

    What stands in brackets behind a word, as the weekday of 11월 23일(월), is not spoken.
    """
    spoken = _BRACKETS.sub("", word).rstrip(" ‘’'\"”)」.,")
    if not spoken:
        return 0
    last = spoken[-1]
    if _FIRST <= ord(last) <= _LAST:
        return (ord(last) - _FIRST) % _FINALS
    if last in _RIEUL_DIGITS:
        return _RIEUL
    return 1 if last in _CLOSED else 0

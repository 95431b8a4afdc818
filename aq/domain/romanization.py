"""Korean names of places in Latin letters, by the Revised Romanization of Korean.

The rules are those of 국어의 로마자 표기법 (Ministry of Culture notice 2014-42): sounds as they are
spoken (종로 is Jongno), but an H after a stop stays in names (묵호 is Mukho), tense sounds are not
written, and units of administration and roads stand behind a hyphen over which nothing is
assimilated (삼죽면 is Samjuk-myeon).
"""

import re
from functools import cache

_FIRST, _LAST, _VOWELS, _FINALS = 0xAC00, 0xD7A3, 21, 28
# Initials, vowels, finals as they end a syllable, and finals as they are spoken before a vowel:
# ㄺ ends one as k, and is lg in front of one.
_INITIAL, _VOWEL, _FINAL, _BEFORE_VOWEL = (
    letters.split()
    for letters in (
        "g kk n d tt r m b pp s ss - j jj ch k t p h",
        "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i",
        "- k k k n n n t l k m l l l p l m p p t t ng t t k t p t",
        "- g kk ks n nj n d r lg lm lb ls lt lp r m b ps s ss ng j ch k t p -",
    )
)
# (final, initial) -> both as they are spoken where they meet.
_MEETING = {
    **{("k", initial): ("ng", initial) for initial in "nm"},
    **{("t", initial): ("n", initial) for initial in "nm"},
    **{("p", initial): ("m", initial) for initial in "nm"},
    ("k", "r"): ("ng", "n"),
    ("t", "r"): ("n", "n"),
    ("p", "r"): ("m", "n"),
    ("m", "r"): ("m", "n"),
    ("ng", "r"): ("ng", "n"),
    ("n", "r"): ("l", "l"),
    ("l", "n"): ("l", "l"),
    ("l", "r"): ("l", "l"),
}
_HANGUL = re.compile(r"[가-힣]+")
_BRACKET = re.compile(r"(?<=[가-힣])\(")
_NUMBERED = re.compile(r"(?<=\d)[가동리]")
_CITY = re.compile(r"(특별자치|특별|광역)시$")
_PROVINCE = re.compile(r"(?<=..)(특별자치도|(?<=경기|강원|청남|청북|라남|라북|상남|상북|제주)도)$")
# Of one syllable only 중구 and the like are names with a unit: 대구 and 양구 are not.
_UNIT = re.compile(r"(?<=..)(대로|시|군|구|읍|면|리|동|로|길)$|(?<=^[동서남북중])(구|동|면|리)$")
_UNITS = {"특별자치도": "do", "도": "do", "대로": "daero"}
_WHOLE = frozenset({"대구", "양구", "종로", "완도", "진도"})


@cache
def romanized(name: str) -> str:
    """A name in Latin letters, each word with a capital; what is not Hangul stays as it is."""
    name = _BRACKET.sub(" (", name)
    numbered = _NUMBERED.sub(lambda unit: f"-{_spoken(unit[0])}", name)
    return _HANGUL.sub(lambda word: _word(word[0]), numbered)


def _word(word: str) -> str:
    word = _CITY.sub("", word)
    unit = None if word in _WHOLE else _PROVINCE.search(word) or _UNIT.search(word)
    if unit is None:
        return _spoken(word).capitalize()
    stem = word[: unit.start()]
    return f"{_spoken(stem).capitalize()}-{_UNITS.get(unit[0]) or _spoken(unit[0])}"


def _spoken(word: str) -> str:
    """Hangul syllables as they are spoken one after the other."""
    codes = [ord(letter) - _FIRST for letter in word]
    initials = [_INITIAL[code // (_VOWELS * _FINALS)] for code in codes]
    said, onset = "", "" if initials[0] == "-" else initials[0]
    for place, code in enumerate(codes):
        said += onset + _VOWEL[code // _FINALS % _VOWELS]
        following = initials[place + 1] if place + 1 < len(codes) else None
        final = _FINAL[code % _FINALS]
        if following == "-" and final != "ng":
            final, onset = "", _BEFORE_VOWEL[code % _FINALS]
        else:
            final, onset = _MEETING.get((final, following or ""), (final, following or ""))
        said += "" if final == "-" else final
        onset = "" if onset == "-" else onset
    return said

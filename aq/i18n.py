"""Words for people: English in the code, Korean from the message catalogue, hours as Koreans
write them."""

import re
from datetime import date, datetime
from functools import cache
from pathlib import Path
from unicodedata import normalize

import polib

from aq.domain.clock import kst
from aq.domain.romanization import romanized
from aq.domain.zones import plain_zone
from aq.feeds.registry import SPECS
from aq.particles import Noun

CATALOGUES = Path(__file__).parent / "locale"
# Marks a message that is translated where it is shown.
N_ = str
POLLUTANT_NAMES = {
    "pm10": "PM10",
    "pm25": "PM2.5",
    "o3": "Ozone",
    "no2": "NO₂",
    "so2": "SO₂",
    "co": "CO",
    "overall": "Index",
}
AHEAD = (
    N_("today"),
    N_("tomorrow"),
    N_("the day after tomorrow"),
    N_("in three days"),
)
# `missing_reason` of an item -> words.
REASONS = {
    "not_received": "not received",
    "source_flag": "withheld by the source",
    "not_measured": "not measured",
    "quality_flag": "doubtful values left out",
    "network_unknown": "network of its stations not known",
    "stale": "nothing new for hours",
    "feed_down": "the source cannot be reached",
    "no_history": "nothing collected yet",
    "not_enough_hours": "not enough hours for this average",
    "needed_missing": "a pollutant the index needs is missing",
    "clock_behind": "the clock is behind the data",
}
# What an authority issues, from the mildest on -> words.
ADVISORY_NAMES = {
    "주의보": "advisory",
    "경보": "warning",
    "중대경보": "severe warning",
}
# AirKorea's own flags -> English; the Korean catalogue gives them back.
FLAG_WORDS = {
    "통신장애": "communication failure",
    "점검및교정": "inspection and calibration",
    "장비점검": "instrument check",
    "자료이상": "abnormal data",
}

WEEKDAYS_KO = "월화수목금토일"
_BOTH_NAMES = re.compile(r"[가-힣][^(]*\((.+)\)")


@cache
def _catalogue(lang: str) -> dict[str, str]:
    """A language's messages; none for English, which stands in the code."""
    path = CATALOGUES / lang / "LC_MESSAGES" / "aq.po"
    if not path.is_file():
        return {}
    return {entry.msgid: entry.msgstr for entry in polib.pofile(str(path)) if entry.translated()}


def pollutant_key(name: str) -> str:
    """The key of a pollutant by its key or a name that pages write: pm25 for PM2.5 and 초미세먼지.

    Another name is given back as it is.
    """
    plain = _plain(name)
    return plain if plain in POLLUTANT_NAMES else _by_name().get(plain, name)


def _plain(name: str) -> str:
    """A name without case, and with plain digits for the small ones of NO₂."""
    return normalize("NFKC", name).strip().casefold()


@cache
def _by_name() -> dict[str, str]:
    return {
        _plain(_catalogue(lang).get(name, name)): key
        for lang in ("en", "ko")
        for key, name in POLLUTANT_NAMES.items()
    }


class Text:
    """A language. Called with an English message it gives the message in that language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, message: str, **values: object) -> str:
        """The message, translated, with `{names}` filled in; ``{name:은는}`` takes its particle."""
        translated = _catalogue(self.lang).get(message, message)
        if not values:
            return translated
        return translated.format(
            **{
                name: Noun(value) if isinstance(value, str) else value
                for name, value in values.items()
            }
        )

    def pollutant(self, key: str) -> str:
        """The name people use: 미세먼지 for pm10."""
        return self(POLLUTANT_NAMES[key])

    def feed(self, name: str) -> str:
        """A feed's name as readers know it."""
        return SPECS[name].words[self.lang]

    def operation(self, feed: str, operation: str) -> str:
        """What a call of a feed is for; "" where the feed has no words for it."""
        declared = SPECS[feed].operation(operation)
        return declared.words.get(self.lang, "") if declared else ""

    def service(self, feed: str, counted: str) -> str:
        """What upstream counts calls of a feed by: a service or an operation; as it stands where
        the feed has no words for it."""
        service = SPECS[feed].service(counted)
        return service.words[self.lang] if service else self.operation(feed, counted) or counted

    def name(self, korean: str) -> str:
        """A place's Korean name as it stands, in English in Latin letters: 용인시, or Yongin-si."""
        return korean if self.lang == "ko" else romanized(korean)

    def zone(self, korean: str) -> str:
        """The name of a zone of the authority's acts: 중부권, or Jungbu zone."""
        if self.lang == "ko" or not korean:
            return korean
        return f"{romanized(plain_zone(korean))} zone"

    def owner(self, attribution: str) -> str:
        """Whose data they are; in English by the name that stands in brackets after the Korean."""
        both = _BOTH_NAMES.fullmatch(attribution)
        return both[1] if both and self.lang != "ko" else self(attribution)

    def missing(self, reason: str | None, detail: str | None = None) -> str:
        """Why there is no value: `자료 없음: 통신장애`."""
        word = REASONS.get(reason or "", "no data")
        if detail and reason == "source_flag":
            return self("no data: {why}", why=self(FLAG_WORDS.get(detail, detail)))
        return self("no data: {why}", why=self(word))

    def day(self, day: date) -> str:
        """A day of this year with its weekday: 11월 23일(월), or Mon 23 Nov."""
        if self.lang == "ko":
            return f"{day.month}월 {day.day}일({WEEKDAYS_KO[day.weekday()]})"
        return f"{day:%a} {day.day} {day:%b}"

    def hour(self, moment: datetime) -> str:
        """An hour's end as people say it: `11월 23일(월) 20시`; midnight is 0시."""
        local = kst(moment)
        if self.lang == "ko":
            return f"{self.day(local.date())} {local.hour}시"
        return f"{self.day(local.date())} {local:%H}:00"

    def day_ahead(self, day: date, days: int) -> str:
        """Today (0 days ahead), tomorrow or one of the two days after, in a narrow column's
        words."""
        if self.lang == "ko" or not days:
            return self(AHEAD[days])
        return f"{day:%a}"

    def minute(self, moment: datetime) -> str:
        """11월 23일(월) 20시 35분, or Mon 23 Nov 20:35."""
        local = kst(moment)
        if self.lang == "ko":
            return f"{self.hour(moment)} {local.minute}분"
        return f"{self.day(local.date())} {local:%H:%M}"

    def advisory(self, word: str) -> str:
        """What an authority issued (주의보); a word nobody knows as it stands, a digit named so."""
        if word in ADVISORY_NAMES:
            return self(ADVISORY_NAMES[word])
        if word and not word.isdigit():
            return word
        return self("act of unknown level") + (f" ({word})" if word else "")


@cache
def text_in(lang: str) -> Text:
    """The words of a language."""
    return Text(lang)

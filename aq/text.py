"""Words for people: English in the code, Korean from the message catalogue, hours as Koreans
write them."""

from datetime import datetime
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

from aq.clock import kst

CATALOGUES = Path(__file__).parent / "locale"
LANGUAGES = ("ko", "en")


@cache
def _catalogue(lang: str) -> dict[str, str]:
    path = CATALOGUES / lang / "LC_MESSAGES" / "aq.po"
    if lang == "en":
        return {}
    with path.open("rb") as file:
        messages = read_po(file, locale=lang)
    return {str(one.id): str(one.string) for one in messages if one.id and one.string}


class Text:
    """A language. Called with an English message it gives the message in that language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, message: str, **values: object) -> str:
        """The message, translated, with `{names}` filled in."""
        found = _catalogue(self.lang).get(message, message)
        return found.format(**values) if values else found

    def hour(self, moment: datetime) -> str:
        """An hour's end as people say it: `11월 23일 20시`; midnight is the day's hour 24."""
        local = kst(moment)
        if self.lang == "ko":
            return f"{local.month}월 {local.day}일 {local.hour}시"
        return f"{local.day} {local:%b %H}:00"


@cache
def text_in(lang: str) -> Text:
    """The words of a language."""
    return Text(lang)

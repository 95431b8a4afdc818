"""What a page of the past has around its own part: strip, headline, choices, footer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from typing import Any

from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.i18n import Text
from aq.queries.frames import span
from aq.web import components
from aq.web.parts import cache, live_view, page, ranges
from aq.web.parts.ranges import Range, Spans
from aq.web.wording.korean import day_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a page of the past is asked: `code` is None where it is about all 17."""

    pollutant: str
    code: str | None
    range: Range
    spans: Spans
    text: Text
    controls: Any = None  # the page's bar of choices: a page's own stand in it, behind the others


def show(
    name: str,
    headline: Callable[[Asked], str],
    body: Callable[[Asked], None],
    *,
    default: str,
    everywhere: bool = True,
) -> None:
    """Draw a page: its headline's sentence, the choices, and then its own part.

    `default` is the preset of the range; without `everywhere` the page is about one province.
    """
    page.top(name)
    view, pollutant, text = page.view(), page.pollutant(), page.words()
    chosen = view.province.code if view.province else PROVINCES[0].code
    code = None if everywhere else chosen
    picked = live_view.strip(pollutant, code)
    spans: Spans = cache.kept(span) if everywhere else cache.span(chosen)
    days = ranges.read(view, spans, default)
    asked = Asked(pollutant=pollutant, code=code, range=days, spans=spans, text=text)
    known = pollutant in pollutants()
    title = headline(asked) if known else text.pollutant(pollutant)
    first, last = day_words(text, days.since), day_words(text, days.last)
    line = text("{first} to {last}", first=first, last=last)
    page.html(f"<h1>{escape(title)}</h1><p>{escape(line)}</p>")
    with page.controls() as bar:
        page.switches(pollutant)
        ranges.choose(code, view, days, spans, default)
    if known:
        body(replace(asked, controls=bar))
    else:
        words = text("The index is made of the pollutants; choose one of them here.")
        page.html(f'<p class="notice">{escape(words)}</p>')
    page.bottom()
    page.pulse()
    if picked in BY_CODE:
        page.change(p=picked)


def pick(key: str, label: str, options: dict[str, str], chosen: str) -> str | None:
    """A row of choices; gives the one clicked, if any."""
    picked = components.switch(
        key,
        {
            "label": label,
            "chosen": chosen,
            "options": [{"key": name, "text": words} for name, words in options.items()],
        },
    )
    return picked if picked in options else None


def choice(key: str, label: str, options: dict[str, str], chosen: str, initial: str) -> None:
    """A row of choices kept in the address under `key`; `initial` stands for no entry there."""
    picked = pick(key, label, options, chosen)
    if picked is not None:
        page.change(**{key: None if picked == initial else picked})

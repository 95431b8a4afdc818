"""The first words of the page: the acts in force as an ink bar, the headline, what it rests on."""

import re
from collections.abc import Iterable
from html import escape

from aq.domain.model import Advisory, YellowDust
from aq.domain.pollutants import pollutants
from aq.queries.zones import ZoneHour
from aq.web.drawings.marks import ACT_MARK, least_span, stamp
from aq.web.drawings.view import View
from aq.web.wording import headline, lead
from aq.web.wording.advisories import advisory_words, yellow_dust_words
from aq.web.wording.feeds import failures
from aq.web.wording.korean import told_hour
from aq.web.wording.zones import zone_words

LISTED, NO_BREAK = r"\S*·\S*", r'<span class="listed">\g<0></span>'


def acts(view: View, most: int | None = None) -> str:
    """The acts in force, worst first, and yellow dust; nothing where there is none. Beyond `most`
    they are counted, with the way to their list."""
    answer = view.answer
    lines = [
        _act(view, act, zone) for act, zone in zip(answer.acts, answer.zone_hours, strict=True)
    ]
    lines += [_yellow_dust(view, act) for act in answer.yellow_dust]
    if not lines:
        return ""
    title = escape(view.text("Official advisories in force"))
    if most is not None and len(lines) > most:
        rest = escape(view.text("{n} more", n=len(lines) - most))
        list_of_acts = escape(view.link("advisories", {}))
        lines = [*lines[:most], f'<a href="{list_of_acts}">{rest}</a>']
    body = "".join(f"<li>{line}</li>" for line in lines)
    return (
        f'<aside class="acts" aria-label="{title}"><h2><span aria-hidden="true">{ACT_MARK}</span>'
        f" {title}</h2><ul>{body}</ul></aside>"
    )


def _act(view: View, act: Advisory, zone_now: ZoneHour | None) -> str:
    text, now = view.text, view.answer.now
    words = advisory_words(act, told_hour(text, act.issued_at, now), text)
    told = stamp(act.issued_at, escape(words), text)
    return f"{told} <small>{escape(zone_words(act, zone_now, text, now))}</small>"


def _yellow_dust(view: View, act: YellowDust) -> str:
    text = view.text
    words = yellow_dust_words(act, told_hour(text, act.at, view.answer.now), text)
    note = text("AirKorea does not say when it ends.")
    return (
        f"{stamp(act.at, escape(words), text)}: {escape(text.name(act.areas))}."
        f" <small>{escape(note)}</small>"
    )


def sentence(view: View) -> str:
    """The headline: of the worst pollutant now, never calm while an act is in force."""
    country = view.answer.country
    leading = lead.leading(country.items, view.pollutant)
    return lead.title(country.of(leading), view.answer.acts, view.standard, view.text)


def welcome(view: View) -> tuple[str, str] | None:
    """Headline and sentence of a store that never had an hour."""
    return lead.welcome(view.answer.country.items, view.feeds, view.polled, view.text)


def title(view: View) -> str:
    """The headline as the page's first heading."""
    first_start = welcome(view)
    words = escape(first_start[0] if first_start else sentence(view))
    # No line begins with the point between two names.
    return f"<h1>{re.sub(LISTED, NO_BREAK, words)}</h1>"


def deck(view: View) -> str:
    """Below the headline: the way it goes and tomorrow, then the hour and what is missing."""
    text, country, first_start = view.text, view.answer.country, welcome(view)
    if first_start:
        failing = _told(failures(view.feeds, text, stored=False))
        return f"<p>{escape(first_start[1])}</p>{failing}"
    sentences = " ".join(_deck(view))
    markup = f'<p class="deck">{escape(sentences)}</p>' if sentences else ""
    meta = []
    if country.hour:
        hour = stamp(country.hour, escape(text.hour(country.hour)), text)
        meta.append(escape(text("As of {hour}.", hour="\0")).replace("\0", hour))
        meta.append(escape(headline.coverage(view.items, text)))
    meta += [escape(absence) for absence in headline.absences(view.items, text)]
    return f'{markup}<p class="meta">{" ".join(meta)}</p>{_told(_notices(view))}'


def _told(notices: Iterable[str]) -> str:
    return "".join(f'<p class="notice">{escape(notice)}</p>' for notice in notices)


def _deck(view: View) -> list[str]:
    """Which way the headline's pollutant goes, and what is forecast of it for tomorrow."""
    answer, text = view.answer, view.text
    leading = lead.leading(answer.country.items, view.pollutant)
    sentences: list[str | None] = []
    late = any(item.stale for item in answer.country.of(leading))
    if answer.country.hour and leading in pollutants() and not late:
        step = least_span(view, leading) / 10
        sentences.append(lead.direction(answer.trends.get(leading, {}), step, text))
    sentences += [
        lead.tomorrow(day, answer.forecast_standard, text)
        for day in answer.tomorrow
        if day.notice and day.notice.pollutant == leading
    ]
    return [words for words in sentences if words]


def _notices(view: View) -> list[str]:
    """What changes how the numbers are to be read: modelled, late, a feed that fails."""
    text, country = view.text, view.answer.country
    notes = []
    if country.hour and any(item.kind == "modelled" for item in view.items):
        notes.append(
            text(
                "These are values of a weather model ({feed}), not measurements."
                " The grid is about 45 km wide, so neighbouring provinces may share a value.",
                feed=text.feed(country.feed or ""),
            )
        )
    late = headline.late(view.items, text)
    notes += [late] if late else []
    return notes + failures(view.feeds, text, country.feed if country.hour else None)

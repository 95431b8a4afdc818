"""What every page has: its state, masthead, strip, footer, and the pulse that redraws on news."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from aq.context import asked_pollutants
from aq.domain.clock import hour_number, kst_day
from aq.domain.errors import StoreError
from aq.domain.model import LANGUAGES, OBSERVED
from aq.domain.standards import Standard
from aq.i18n import Text, text_in
from aq.queries.current import CurrentItem
from aq.queries.model_hours import Ahead, hours_ahead
from aq.web import components
from aq.web.base_path import below
from aq.web.charts.theme import page_css
from aq.web.charts.time_axis import chart_config
from aq.web.drawings.week import note
from aq.web.parts import cache
from aq.web.parts import live_update as push
from aq.web.parts import view_state as state
from aq.web.parts.page_cache import once
from aq.web.sections import PAGES, QUESTIONS, SECTIONS, address, first_of
from aq.web.wording.facts import no_store, older_data
from aq.web.wording.korean import (
    averaging_words,
    missing_short,
    number,
    shown,
)

# Redrawn at once when the store has changed: they show the present, and nobody types on them.
PUSHED = frozenset({"live", "past", "stations"})
PULSE_SECONDS = 30
OTHER_NAMES = {"ko": "한국어", "en": "English"}


@once
def view() -> state.View:
    """The view that the address asks for."""
    return state.read(st.query_params, cache.context().settings.lang)


@once
def words() -> Text:
    """The words of the view's language."""
    return text_in(view().lang)


@once
def dark() -> bool:
    """Whether the reader sees the dark theme."""
    return st.context.theme.type == "dark"


@once
def standard() -> Standard:
    """The standard the view asks for; the configured one where it names none that there is."""
    one = cache.context()
    known = one.standards
    return known.get(view().standard or "", known[one.settings.display.standard])


@once
def standards() -> list[Standard]:
    """The standards to choose from, the configured one first: those in force, and the chosen."""
    one, chosen = cache.context(), standard()
    today = kst_day(cache.moment())
    offered = [
        each
        for each in one.standards.values()
        if each == chosen
        or (each.valid_from <= today and (each.valid_until is None or today < each.valid_until))
    ]
    first = one.settings.display.standard
    return sorted(offered, key=lambda each: (each.id != first, each.place))


def standard_name(which: Standard, text: Text) -> str:
    """A standard's name as short as a button has room for."""
    return which.short_titles[text.lang]


def html(body: str, name: str = "") -> None:
    """Markup of ours; every text in it has been through `escape`."""
    st.html(f'<div class="aq {name}">{body}</div>')


def go(page: str, **changes: str) -> None:
    """Turn to another page, the view going along."""
    params = {**state.shared_params(st.query_params.to_dict()), **changes}
    st.switch_page(f"{page}.py", query_params=params)


def shared() -> dict[str, str]:
    """What of the address goes along to another page."""
    return state.shared_params(st.query_params.to_dict())


def change(**changes: str | None) -> None:
    """Write changes of the view into the address and draw anew."""
    for name, value in changes.items():
        if value is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = value
    st.rerun()


def top(current: str) -> None:
    """Style sheet and masthead."""
    push.shows(cache.version()[1] if current in PUSHED else None)
    text = words()
    simulated = cache.context().store.simulated()
    head = _masthead(current, text, simulated)
    rows = sum(bool(head[name]) for name in ("pages", "views"))
    st.html(f'{page_css()}<i class="aq-rows-{rows}" hidden></i>')
    page, lang = components.masthead(head)
    if lang in LANGUAGES:
        change(lang=lang)
    if page in PAGES:
        go(page)
    since = cache.context().store.behind_since
    if since is not None:
        html(f'<p class="notice">{escape(older_data(text, since))}</p>')


def _masthead(current: str, text: Text, simulated: bool) -> dict[str, Any]:
    shared = state.shared_params(st.query_params.to_dict())
    other = next(lang for lang in LANGUAGES if lang != text.lang)
    section = PAGES[current][0]
    within = [name for name, (where, _) in PAGES.items() if where == section]
    questions = {title: names for title, names in QUESTIONS.items() if names[0] in within}
    mine = next((names for names in questions.values() if current in names), ())

    def link(name: str, title: str, *, chosen: bool) -> dict[str, Any]:
        href = _href(name, shared)
        here = name == current
        return {"key": name, "text": text(title), "href": href, "current": chosen, "here": here}

    return {
        "lang": text.lang,
        "brand": text("Air Quality 17"),
        "skip": text("To my place") if current == "live" else text("To the content"),
        "simulated": text("SIMULATED data") if simulated else None,
        "label": text("Sections"),
        "sections": [
            link(first_of(one), title, chosen=one == section) for one, title in SECTIONS.items()
        ],
        "pages_label": text("Pages of this section"),
        "pages": [link(names[0], title, chosen=names == mine) for title, names in questions.items()]
        or _several(link, within, current),
        "views": _several(link, mine, current),
        "views_label": text("Views of this question"),
        "other": {
            "key": other,
            "text": OTHER_NAMES[other],
            "href": _href(current, {**st.query_params.to_dict(), "lang": other}),
            "lang": other,
        },
    }


def _several(
    link: Callable[..., dict[str, Any]], names: Sequence[str], current: str
) -> list[dict[str, Any]]:
    """Links to pages, where there are two or more to choose from."""
    links = [link(name, PAGES[name][1], chosen=name == current) for name in names]
    return links if len(links) > 1 else []


def query(**changes: str) -> str:
    """The query of a link that takes the view along."""
    return urlencode({**state.shared_params(st.query_params.to_dict()), **changes})


def _href(name: str, params: dict[str, str]) -> str:
    query = urlencode(params)
    where = below(f"/{address(name)}")
    return f"{where}?{query}" if query else where


def told_ahead(code: str, pollutant: str) -> None:
    """What the dashed continuation of a line is, where there is one."""
    found: Ahead | None = cache.kept(hours_ahead, code, pollutant, cache.this_hour())
    if found:
        html(f'<p class="muted">{escape(note(found, words()))}</p>')


def badge(item: CurrentItem) -> str:
    """An item's letter on its colour, as markup."""
    if not item.grade:
        return '<span class="badge">–</span>'
    level = standard().level(item.grade)
    return (
        f'<span class="badge" style="background:{level.colour};color:{level.text_colour}">'
        f"{escape(level.letter)}</span>"
    )


def value_words(item: CurrentItem, text: Text) -> str:
    """The value with its unit, or why there is none."""
    value = shown(item)
    if value is None:
        return text("no data: {why}", why=missing_short(text, item))
    digits = cache.shown_digits(item.pollutant, item.standard)
    return f"{number(value, digits)} {item.unit or ''}".rstrip()


def pollutant_switch(chosen: str) -> None:
    """The choice of pollutant; the index too where the standard has one."""
    text = words()
    keys = asked_pollutants(standard(), None)
    picked = components.switch(
        "pollutant",
        {
            "label": text("Pollutant"),
            "chosen": chosen,
            "options": [{"key": key, "text": text.pollutant(key)} for key in keys],
        },
    )
    if picked in keys:
        change(x=picked)


def standard_switch() -> None:
    """The choice of standard, and in words by which mean it grades."""
    text, chosen = words(), standard()
    offered = standards()
    picked = components.switch(
        "standard",
        {
            "label": text("Standard"),
            "chosen": chosen.id,
            "options": [{"key": rules.id, "text": standard_name(rules, text)} for rules in offered],
        },
    )
    if picked in {rules.id for rules in offered}:
        change(std=picked)


def switches(chosen: str) -> None:
    """Pollutant and standard side by side, and what the standard looks at."""
    text, rules = words(), standard()
    with st.container(horizontal=True, key="switches"):
        pollutant_switch(chosen)
        standard_switch()
    title = rules.titles[text.lang]
    averaging = rules.averaging(chosen)
    if averaging is None:
        line = text("{standard}: all pollutants as one number.", standard=title)
    else:
        what, mean = text.pollutant(chosen), averaging_words(text, averaging)
        line = text("{standard}: {what} by {mean}.", standard=title, what=what, mean=mean)
    html(f'<p class="muted">{escape(line)}</p>', "rule")


@contextmanager
def controls() -> Iterator[Any]:
    """The one bar of choices of a page, always in this order: what, by which standard, where, when.

    A phone shows it as a row below the picture, folded up until a reader asks for it.
    """
    text = words()
    summary = escape(text("Change what is shown"))
    st.html(f'<details class="aq-change"><summary>{summary}</summary></details>')
    bar = st.container(key="controls")
    with bar:
        yield bar


def picture() -> Any:
    """Room for a page's main picture: on a phone it stands before the choices."""
    return st.container(key="picture")


def chart(figure: Any, **options: Any) -> None:
    """A chart of Plotly's in our own theme, without tool bar, its dates in the reader's words;
    `options` are those of `st.plotly_chart`: its key, what it says to who cannot see it."""
    st.plotly_chart(figure, **{"theme": None, "config": chart_config(words()), **options})


def take_away(kinds: Mapping[str, str], **asked: str) -> None:
    """A line below charts: their pictures as files, each kind of `/picture` by its label."""
    text, of = words(), []
    query = urlencode({"lang": text.lang, "standard": standard().id, **asked})
    for kind, label in kinds.items():
        links = " · ".join(
            f'<a href="{escape(below(f"/picture/{kind}.{form}?{query}"))}" download>'
            f"{form.upper()}</a>"
            for form in ("png", "svg")
        )
        of.append(f"{escape(label)} {links}")
    html(f'<p class="meta">{escape(text("Save as a picture:"))} {", ".join(of)}</p>')


def pollutant() -> str:
    """The pollutant the view asks for, or the first the standard grades."""
    asked = view().pollutant
    known = asked_pollutants(standard(), None)
    return asked if asked in known else known[0]


def news() -> tuple[object, ...]:
    """What must differ before a page is drawn anew: the store, the hour, how the feeds do."""
    failing = tuple((feed.feed, feed.reason, feed.failing_since) for feed in cache.feeds())
    return (*cache.version(), hour_number(cache.this_hour()), failing)


@st.fragment(run_every=PULSE_SECONDS)
def pulse(signature: Callable[[], tuple[object, ...]] = news) -> None:
    """Look for news every half minute and redraw only when there are some.

    Zoom, selection and scroll stay, because nothing is drawn while nothing is new.
    """
    try:
        found = signature()
    except StoreError:
        found = ("the store does not answer",)
    before = st.session_state.get("news")
    st.session_state["news"] = found
    if before is not None and before != found:
        st.rerun(scope="app")


def archived(file: str) -> None:
    """The end of a page that needs station hours of an archive which cannot be read here."""
    text = words()
    told = text(
        "Station hours of this range stand in the archive {file}, which cannot be read here."
        " Choose a later range, or ask whoever runs this service for the file.",
        file=file,
    )
    html(f'<p class="notice">{escape(told)}</p>')
    bottom()


def without_store() -> None:
    """All there is of a page while the store does not answer; it comes back by itself."""
    st.html(page_css())
    html(f'<p class="notice">{escape(no_store(words()))}</p>')
    pulse()


def bottom() -> None:
    """Whose the data are, under which licence, and what is our own in them."""
    text = words()
    used = [feed for feed in cache.feeds() if feed.live or feed.newest_hour]
    owners = {one.attribution: one for one in used}
    sources = "; ".join(
        f'<a href="{escape(one.link)}" rel="noreferrer">{escape(text.owner(one.attribution))}</a>'
        f" — {escape(text(one.licence))}"
        for one in owners.values()
    )
    lines = [text("Boundaries: National Geographic Information Institute (2023-09-15)")]
    if any(one.kind == OBSERVED for one in used):
        lines.append(
            text(
                "Province values are this page's own means of AirKorea's urban stations; they are"
                " not published by AirKorea."
            )
        )
    lines.append(_letters(text))
    source = f"<p>{escape(text('Data:'))} {sources}</p>" if sources else ""
    html(source + "".join(f"<p>{escape(line)}</p>" for line in lines), "foot")


def _letters(text: Text) -> str:
    """Whose the letters are."""
    rules = standard()
    if len(rules.levels) == 4 and rules.family.startswith("airkorea"):
        return text(
            "The letters A–D are this page's own signs for AirKorea's four grades"
            " (good, moderate, poor, very poor)."
        )
    return text(
        "The letters A–{last} are this page's own signs for the levels of: {standard}.",
        last=rules.levels[-1].letter,
        standard=rules.titles[text.lang],
    )

"""The live page's pieces put together: the same for the app, the first paint and plain pages."""

from collections.abc import Sequence
from html import escape

from aq.domain.standards import Standard
from aq.queries.live import Week
from aq.web.drawings import lead
from aq.web.drawings.bars import bars
from aq.web.drawings.map import map_svg, tiles
from aq.web.drawings.marks import framed
from aq.web.drawings.place import card
from aq.web.drawings.table import headings, table
from aq.web.drawings.view import View
from aq.web.drawings.week import line
from aq.web.wording.korean import averaging_words


def top(view: View) -> str:
    """Acts in force, headline, the reader's place; on a narrow page the place comes second."""
    if lead.welcome(view):
        return framed(view, f"{lead.acts(view)}{lead.title(view)}{lead.deck(view)}")
    parts = f"<div>{lead.title(view)}</div>{card(view)}<div>{lead.deck(view)}</div>"
    return framed(view, f'{lead.acts(view)}<div class="lead">{parts}</div>')


def now(view: View, standards: Sequence[Standard]) -> str:
    """All that speaks of the present hour."""
    return f'{top(view)}{choices(view, standards)}<div class="room">{country(view)}</div>'


def said(view: View) -> str:
    """What is read out where it changes: the headline with its hour, and the order of the table."""
    order = next(words for key, words in headings(view) if key == view.sort)
    way = view.text("highest first") if view.descending else view.text("lowest first")
    hour = view.answer.country.hour
    told = f"{lead.sentence(view)}. {view.text.hour(hour)}. " if hour else ""
    return f"{told}{view.text('Table by {what}, {way}', what=order, way=way)}"


def country(view: View) -> str:
    """Map, or tiles where it is narrow, beside the table."""
    drawn = f'<div class="country">{map_svg(view)}</div>{tiles(view)}<div>{table(view)}</div>'
    return framed(view, f'<div class="grid">{drawn}</div>')


def province(view: View, week: Week | None) -> str:
    """The place's pollutants as bars and its week as a line; the index has no line of one unit."""
    text = view.text
    what = text.pollutant(view.pollutant)
    days = round(len(week.hours) / 24) if week else 0
    name = view.name(view.place)
    title = text("{who} · {what}, last {n} days", who=name, what=what, n=days) if week else name
    drawn = line(view, week) if week else ""
    body = f"<h2>{escape(title)}</h2>{drawn}{bars(view)}"
    return f'<section class="place">{body}</section>'


def choices(view: View, standards: Sequence[Standard]) -> str:
    """Which pollutant, by which standard, and what that looks at; the index first."""
    text, chosen = view.text, view.standard
    keys = sorted(chosen.keys, key=lambda key: key != "overall")
    links = "".join(
        f'<a href="{view.href(x=key)}" data-x="{key}" data-focus="x-{key}"'
        f"{' aria-current=true' if key == view.pollutant else ''}>{escape(text.pollutant(key))}</a>"
        for key in keys
    )
    options = "".join(
        f'<option value="{escape(standard.id)}"{" selected" if standard == chosen else ""}>'
        f"{escape(standard.short_titles[text.lang])}</option>"
        for standard in standards
    )
    label = escape(text("Pollutant"))
    return framed(
        view,
        f'<div class="ctl"><nav class="seg" data-roving aria-label="{label}">{links}</nav>'
        f'<label class="std">{escape(text("Standard"))} <select data-choose="std"'
        f' data-focus="std">{options}</select></label></div>'
        f'<p class="meta">{escape(_averaging(view))}</p>',
    )


def _averaging(view: View) -> str:
    text, name = view.text, view.standard.titles[view.text.lang]
    averaging = view.standard.averaging(view.pollutant)
    if averaging is None:
        return text("{standard}: all pollutants as one number.", standard=name)
    what, mean = text.pollutant(view.pollutant), averaging_words(text, averaging)
    return text("{standard}: {what} by {mean}.", standard=name, what=what, mean=mean)

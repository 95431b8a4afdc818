"""The export page: a question, its first rows, its size, and the link that gives the answer."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from html import escape
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from aq.context import Context
from aq.domain.clock import kst_day
from aq.domain.errors import InputError
from aq.domain.pollutants import KEYS
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.domain.standards import Standard
from aq.domain.windows import OVERALL
from aq.export.columns import ADVISORY, FORECAST, READINGS, columns_of
from aq.export.package import PACKAGED
from aq.export.pipeline import Sample, sample
from aq.export.query import FORMATS, GRAINS, OFFICIAL, of_grains, of_longer_windows
from aq.feeds.registry import INFO
from aq.i18n import Text
from aq.queries.frames import version_on
from aq.queries.question import Given
from aq.web.base_path import below
from aq.web.export_route import ROW_LIMIT
from aq.web.pages.past import GRAIN_NAMES
from aq.web.parts import cache, live_view, page, ranges
from aq.web.parts.attribution import FORMATS as FORMAT_NAMES
from aq.web.parts.ranges import Range
from aq.web.parts.tables import cards
from aq.web.parts.view_state import View
from aq.web.wording.korean import N_, day_words, province_name

LEVEL_NAMES = {"province": N_("By province"), "station": N_("By station")}
KIND_NAMES = {
    READINGS: N_("Values and grades"),
    FORECAST: N_("Forecasts, every notice"),
    ADVISORY: N_("Official advisories"),
}
# Forecasts reach so far.
AHEAD = timedelta(days=7)
PREVIEW_ROWS = 12
SIZES = (("GB", 1e9), ("MB", 1e6), ("kB", 1e3))
# Choices of this page alone, as its address keeps them.
OWN = ("kind", "xs", "lv", "feed", "fmt", "cols", "bom", "gs", "stds", "zip")
EXPORT_GRAINS = {**GRAIN_NAMES, "year": N_("Yearly")}


@dataclass(frozen=True, slots=True)
class Look:
    """What is shown of an answer before it is asked for, or why it cannot be asked."""

    sample: Sample | None
    refused: str | None = None


def look(context: Context, given: tuple[tuple[str, str], ...]) -> Look:
    """The first rows of a question and its size; kept by the pages' cache."""
    try:
        texts = dict(given)
        grains = Given(texts).listed("grain") or []
        every = [
            sample(context.store, question, PREVIEW_ROWS)
            for question in of_grains(context, texts, grains)
        ]
        return Look(
            replace(
                every[0],
                estimate=sum(one.estimate for one in every),
                size=sum(one.size for one in every),
                whole=all(one.whole for one in every),
            )
        )
    except InputError as error:
        return Look(None, str(error))


def render() -> None:
    """The choices, then the answer's first rows, its size, and the link or the command."""
    page.top("export")
    view, pollutant, text = page.view(), page.pollutant(), page.words()
    code = view.province.code if view.province else PROVINCES[0].code
    picked = live_view.strip(pollutant, code)
    page.html(
        f"<h1>{escape(text('Download the data'))}</h1><p>"
        + escape(text("The page, the route and the command give the same bytes."))
        + "</p>"
    )
    spans = cache.span(code)
    asked = ranges.read(view, spans)
    ranges.choose(None, view, asked, spans)
    kind = _one("kind", text("What"), _words(KIND_NAMES, text), _own("kind") or "", empty=READINGS)
    if kind == READINGS:
        given = _choices(view, asked, text)
    else:
        given = {"kind": kind, **_official_choices(kind, view, _with_ahead(kind, asked), text)}
    _answer(given, _refusal(asked, text), text)
    page.bottom()
    page.pulse()
    if picked in BY_CODE:
        page.change(p=picked, ps=picked)


def _choices(view: View, asked: Range, text: Text) -> dict[str, str]:
    """All other choices of values and grades, as the route's parameters."""
    grains = _listed("gs", GRAINS) or [view.grain or "hour"]
    known = {standard.id: standard for standard in page.standards()}
    chosen = _listed("stds", tuple(known)) or [page.standard().id]
    left, middle, right = st.columns(3)
    with left:
        provinces = _provinces(view, text)
        grains = _several("gs", text("Mean over"), _words(EXPORT_GRAINS, text), grains) or ["hour"]
        feed = _one("feed", text("Source"), _feeds(text), _own("feed") or "", empty="")
    with middle:
        overall = grains == ["hour"] and any(known[name].overall for name in chosen)
        keys = [*KEYS, *([OVERALL] if overall else [])]
        pollutants = _pollutants(text("Pollutants (empty: all six)"), keys, text)
        level = _one("lv", text("Rows for"), _words(LEVEL_NAMES, text), _own("lv") or "province")
        as_of = ranges.choose_known_on(view)
    with right:
        names = {name: page.standard_name(standard, text) for name, standard in known.items()}
        chosen = _several("stds", text("Standards"), names, chosen) or [page.standard().id]
        form = _format(text, PACKAGED if len(grains) > 1 else FORMATS)
        zipped = len(grains) > 1 or (form in PACKAGED and _zipped(text))
        columns = _columns(READINGS, grains, [known[name] for name in chosen], text)
    given = _given(asked, form, (provinces, pollutants, columns), as_of, text)
    own = {"grain": ",".join(grains), "level": level, "standard": ",".join(chosen)}
    more = {"feed": feed, "zip": "true" if zipped else ""}
    return {**given, **own, **{name: value for name, value in more.items() if value}}


def _official_choices(kind: str, view: View, asked: Range, text: Text) -> dict[str, str]:
    """The choices of the authority's word, as the route's parameters."""
    left, middle, right = st.columns(3)
    with left:
        provinces = _provinces(view, text)
        as_of = ranges.choose_known_on(view)
    with middle:
        label = text("Pollutants (empty: all there are)")
        pollutants = _pollutants(label, list(OFFICIAL[kind][1]), text)
    with right:
        form = _format(text)
        columns = _columns(kind, ["day"], [page.standard()], text)
    return _given(asked, form, (provinces, pollutants, columns), as_of, text)


def _with_ahead(kind: str, asked: Range) -> Range:
    """A range that ends today, with the days that are forecast today."""
    if kind != FORECAST or asked.last < kst_day(cache.moment()):
        return asked
    return replace(asked, last=asked.last + AHEAD)


def _given(
    asked: Range,
    form: str,
    lists: tuple[list[str], list[str], list[str]],
    as_of: date | None,
    text: Text,
) -> dict[str, str]:
    """What every kind is asked with; `lists` are provinces, pollutants and columns."""
    given = {"since": asked.since.isoformat(), "until": asked.last.isoformat()}
    if form == "csv" and _bom(text):
        given["bom"] = "true"
    named = zip(("province", "pollutant", "columns"), map(",".join, lists), strict=True)
    more = {**dict(named), "as_of": as_of.isoformat() if as_of else ""}
    return {**given, "format": form, **{name: value for name, value in more.items() if value}}


def _provinces(view: View, text: Text) -> list[str]:
    names = {province.code: province_name(province, text.lang) for province in PROVINCES}
    return _several("ps", text("Provinces (empty: all 17)"), names, list(view.places))


def _pollutants(label: str, keys: list[str], text: Text) -> list[str]:
    chosen = [key for key in (_own("xs") or "").split(",") if key in keys]
    return _several("xs", label, {key: text.pollutant(key) for key in keys}, chosen)


def _format(text: Text, offered: Sequence[str] = FORMATS) -> str:
    formats = {key: FORMAT_NAMES.get(key, key.upper()) for key in offered}
    return _one("fmt", text("File format"), formats, _own("fmt") or "csv")


def _listed(name: str, allowed: Sequence[str]) -> list[str]:
    """Choices of this page in the address, in the order they are offered in."""
    given = (_own(name) or "").split(",")
    return [key for key in allowed if key in given]


def _own(name: str) -> str | None:
    """A choice of this page in the address."""
    return st.query_params.get(name)


def _words(names: Mapping[str, str], text: Text) -> dict[str, str]:
    return {key: text(name) for key, name in names.items()}


def _feeds(text: Text) -> dict[str, str]:
    held = {feed for province in PROVINCES for feed, _, _ in cache.span(province.code)}
    any_feed = {"": text("The best each hour has")}
    return {**any_feed, **{name: text.feed(name) for name in INFO if name in held}}


def _one(
    name: str, label: str, options: Mapping[str, str], chosen: str, empty: str | None = None
) -> str:
    """A choice of one; the address follows it, and holds nothing for `empty`."""
    keys = list(options)
    if chosen not in keys:
        chosen = keys[0]
    lang = page.words().lang
    given: str = st.selectbox(
        label,
        keys,
        index=keys.index(chosen),
        format_func=lambda key: options.get(key, key),
        key=f"{name} {chosen} {lang}",
    )
    if given != chosen:
        page.change(**{name: None if given == empty else given})
    return given


def _several(name: str, label: str, options: Mapping[str, str], chosen: list[str]) -> list[str]:
    """A choice of any number; the address follows it."""
    text = page.words()
    given = st.multiselect(
        label,
        list(options),
        chosen,
        format_func=lambda key: options.get(key, key),
        key=f"{name} {chosen} {text.lang}",
        placeholder=text("All"),
    )
    if given != chosen:
        page.change(**{name: ",".join(given) or None})
    return given


def _columns(
    kind: str, grains: Sequence[str], standards: Sequence[Standard], text: Text
) -> list[str]:
    """The columns that every grain has, those too that only their names bring."""
    each = []
    for grain in grains:
        apart = len(standards) > 1 or (grain == "hour" and of_longer_windows(standards[0]))
        columns = columns_of(kind, grain, standards, apart=apart, named=True)
        each.append([column.name for column in columns])
    names = [name for name in each[0] if all(name in others for others in each)]
    chosen = [name for name in (_own("cols") or "").split(",") if name in names]
    return _several("cols", text("Columns (empty: all)"), {name: name for name in names}, chosen)


def _zipped(text: Text) -> bool:
    chosen = _own("zip") == "true"
    label = text("As a zip with a description of every column (datapackage.json)")
    given = st.checkbox(label, chosen, key=f"zip {chosen} {text.lang}")
    if given != chosen:
        page.change(zip="true" if given else None)
    return given


def _bom(text: Text) -> bool:
    chosen = _own("bom") != "false"
    label = text("Begin with a byte order mark, so that Excel reads the Korean")
    given = st.checkbox(label, chosen, key=f"bom {chosen} {text.lang}")
    if given != chosen:
        page.change(bom=None if given else "false")
    return given


def _answer(given: Mapping[str, str], refusal: str | None, text: Text) -> None:
    """How large, the way to have it, and its first rows."""
    found = None if refusal else cache.kept(look, tuple(given.items()))
    if found is not None and found.refused:
        refusal = text("This cannot be asked: {why}", why=found.refused)
    if found is None or found.sample is None:
        page.html(f'<p class="notice">{escape(refusal or "")}</p>')
        return
    shown: Sample = found.sample
    if not shown.rows:
        words = text("There is nothing of this question in the store.")
        page.html(f'<p class="notice">{escape(words)}</p>')
        if "kind" not in given:
            page.html(f"<p>{_fill(text)}</p>")
        return
    page.html(f"<h2>{escape(_size(shown, text))}</h2>")
    if shown.estimate > ROW_LIMIT:
        words = text(
            "The link gives up to {n} rows. This command has no limit; it writes the file with its"
            " manifest:",
            n=f"{ROW_LIMIT:,}",
        )
        page.html(f"<p>{escape(words)}</p>")
        st.code(command(given), language="bash", wrap_lines=True)
    else:
        link = f"{below('/api/v1/export')}?{urlencode(given)}"
        page.html(
            f'<p><a class="download" href="{escape(link)}" download>'
            f"{escape(text('Download the file'))}</a></p>"
        )
        with st.expander(text("The same by command, with a manifest that can be verified")):
            st.code(command(given), language="bash", wrap_lines=True)
    title = text("The first rows")
    frame = pd.DataFrame(shown.rows, columns=list(shown.columns)).astype("string").fillna("")
    rows = [
        [f"<code>{escape(cell)}</code>" if cell else "" for cell in row] for row in frame.to_numpy()
    ]
    page.html(f"<h3>{escape(title)}</h3>{cards(title, shown.columns, rows, text)}")


def _refusal(asked: Range, text: Text) -> str | None:
    """What the reader's own language has words for, before the question is asked."""
    day = page.view().as_of
    if day and version_on(cache.context(), day) is None:
        return text("Nothing was known yet on {day}.", day=day_words(text, day))
    if asked.since > kst_day(cache.this_hour()):
        return text("This range lies in the future.")
    return None


def _fill(text: Text) -> str:
    command_line = "<code>python -m aq import FILE…</code>"
    words = text(
        "Confirmed files of AirKorea fill past months; read them in with {command}.", command="\0"
    )
    return escape(words).replace("\0", command_line)


def _size(shown: Sample, text: Text) -> str:
    size = next(
        (f"{shown.size / scale:,.1f} {unit}" for unit, scale in SIZES if shown.size >= scale),
        f"{shown.size} B",
    )
    if shown.whole:
        return text("{n} rows, {size}", n=f"{shown.estimate:,}", size=size)
    return text("Up to {n} rows, about {size}", n=f"{shown.estimate:,}", size=size)


def command(given: Mapping[str, str]) -> str:
    """The command that asks the same."""
    words = ["python", "-m", "aq", "export"]
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        if name in ("bom", "zip"):
            words.append(option)
        elif name in ("province", "pollutant", "standard", "grain"):
            for one in value.split(","):
                words += [option, one]
        else:
            words += [option, value]
    ending = "zip" if "zip" in given else given["format"]
    words += ["-o", f"air-{given['since']}-{given['until']}.{ending}"]
    return shlex.join(words)


if __name__ == "__main__":
    render()

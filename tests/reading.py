"""What a reader sees of a page that ran: its words, and what of them is against our own rules."""

import json
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree
from lxml.html import HtmlElement, document_fromstring
from streamlit.testing.v1 import AppTest

READ_ATTRIBUTES = ("title", "alt", "aria-label", "placeholder")
UNREAD = {"script", "style", "code", "pre", "template"}
WIDGET_WORDS = ("label", "options", "help", "placeholder")
KEYS = ("key", "code", "signature")  # what components know things by
PLOTLY_WORDS = ("text", "name", "hovertemplate", "customdata", "ticktext", "hovertext")

_KOREAN_DATE = re.compile(r"\d{1,2}월[ \u2007]*\d{1,2}일(?!\([월화수목금토일]\))")
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_ENGLISH_DATE = re.compile(rf"(?<!Mon |Tue |Wed |Thu |Fri |Sat |Sun )\b\d{{1,2}} {_MONTH}\b")
# An edition of somebody's publication stands in brackets, as `(2023-09-15)`.
_NUMBERS = re.compile(r"(?<!\()\b\d{4}-\d{2}-\d{2}\b(?!\))")
_FORM_WITHOUT_WEEKDAY = re.compile(r"^(?!.*%a).*%-?[de].*$", re.DOTALL)
HANGUL = re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]+")


def words(markup: str, foreign: bool = True) -> Iterator[str]:
    """Texts and spoken attributes of markup, without code; without what says that it is of another
    language, unless `foreign`."""
    if markup.strip():
        yield from _of(document_fromstring(f"<body>{markup}</body>"), foreign)


def _of(element: HtmlElement, foreign: bool) -> Iterator[str]:
    ours = foreign or element.get("lang") in (None, "en")
    if ours and isinstance(element.tag, str) and element.tag not in UNREAD:
        yield from (element.get(name, "") for name in READ_ATTRIBUTES)
        if element.text:
            yield element.text
        for child in element:
            yield from _of(child, foreign)
    if element.tail:
        yield element.tail


def page_words(test: AppTest, foreign: bool = True) -> list[str]:
    """Every text of a page that ran: markup, drawings, tables, figures, and labels of controls."""
    found: list[str] = []
    node: Any
    for node in test._tree:
        proto: Any = getattr(node, "proto", None)
        kind = getattr(node, "type", "")
        if kind == "html":
            found += words(proto.body, foreign)
        elif kind == "markdown":
            found += words(node.value, foreign)
        elif kind == "bidi_component":
            found += _component(json.loads(proto.json or "{}"), foreign)
        elif kind == "plotly_chart":
            found += _figure(json.loads(proto.spec))
        elif kind == "arrow_data_frame":
            found += [*map(str, node.value.columns), *map(str, node.value.to_numpy().flat)]
        elif proto is not None:
            found += _widget(proto)
    return [" ".join(one.split(" ")) for one in found if one.strip()]


def _component(data: Any, foreign: bool) -> Iterator[str]:
    if isinstance(data, dict):
        if not foreign and data.get("lang") not in (None, "en"):
            return
        for name, value in data.items():
            if name not in KEYS:
                yield from _component(value, foreign)
    elif isinstance(data, list):
        for value in data:
            yield from _component(value, foreign)
    elif isinstance(data, str):
        try:
            yield from words(data, foreign) if "<" in data else (data,)
        except etree.ParserError:
            yield data


def _figure(data: Any, key: str = "") -> Iterator[str]:
    if isinstance(data, dict):
        for name, value in data.items():
            # What a map's marks carry is the address of their station.
            if (name, data.get("type")) != ("customdata", "scattergeo"):
                yield from _figure(value, name)
    elif isinstance(data, list):
        for value in data:
            yield from _figure(value, key)
    elif isinstance(data, str) and (key in PLOTLY_WORDS or "%-d" in data or "%e" in data):
        yield re.sub(r"<[^>]+>", " ", data)


def _widget(proto: Any) -> Iterator[str]:
    for name in WIDGET_WORDS:
        value = getattr(proto, name, "")
        if isinstance(value, str):
            yield value
        elif value is not None and not callable(value):
            yield from (one for one in value if isinstance(one, str))


def dates_without_weekday(found: list[str]) -> list[str]:
    """Texts with a date a person reads without its weekday, or a form of dates without one."""
    patterns = (_KOREAN_DATE, _ENGLISH_DATE, _NUMBERS, _FORM_WITHOUT_WEEKDAY)
    return [one for one in found if any(pattern.search(one) for pattern in patterns)]


def hangul(found: list[str]) -> list[str]:
    """Texts with Korean letters; a choice of languages names each in itself."""
    return [one for one in found if HANGUL.search(one) and one.strip() != "한국어"]

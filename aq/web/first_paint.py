"""What a page shows before any script has run: masthead, strip, and the live page's first parts.

It lies over the framework's own frame until that has drawn everything, so that nothing moves and
nothing goes blank in between; where scripts never run it stays, with links that work.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import urlencode

from aq.context import Context, asked_pollutants
from aq.i18n import Text, text_in
from aq.queries.live import Live
from aq.queries.model_hours import hours_ahead
from aq.web.charts.theme import FONT
from aq.web.drawings import live as drawn
from aq.web.drawings.chips import strip
from aq.web.drawings.marks import framed
from aq.web.drawings.style import sheet
from aq.web.drawings.view import View, worst
from aq.web.drawings.zones import zone_keys
from aq.web.parts import view_state
from aq.web.public.moment import MOMENTS
from aq.web.sections import PAGES, SECTIONS, address, first_of

OTHER_NAMES = {"ko": "한국어", "en": "English"}
COMPONENTS = Path(__file__).parent / "components"
# The overlay leaves when the page below is whole, or when a reader is told why it is not.
SCRIPT = """<script>(function () {
  var root = document.getElementById("root"), first = document.getElementById("aq-first");
  if (!root || !first) return;
  root.style.visibility = "hidden"; first.style.visibility = "visible";
  var look = { bodyFont: %s, headingFont: %s };
  window.__streamlit = Object.assign({ LIGHT_THEME: look, DARK_THEME: look }, window.__streamlit);
  // The framework asks for its font of icons at once; where an icon is drawn it comes by itself.
  var fonts = document.fonts, load = fonts && fonts.load;
  if (load) fonts.load = function (font) {
    return /Material/.test(font) ? Promise.resolve([]) : load.apply(fonts, arguments); };
  function whole() {
    if (!document.querySelector(".aq.foot, .aq .notice")) return false;
    if (!document.querySelector("[data-test-script-state=notRunning]")) return false;
    var parts = document.querySelectorAll("[data-testid=stBidiComponentIsolated]");
    return parts.length > 1 && Array.prototype.every.call(parts, function (part) {
      return part.shadowRoot && part.shadowRoot.querySelector("[data-root]"); }); }
  var looking = setInterval(look_again, 60);
  function look_again() {
    if (!root.contains(first) && !document.body.contains(first)) document.body.appendChild(first);
    if (!whole() && !document.getElementById("aq-connection")) return;
    clearInterval(looking);
    watch.disconnect();
    requestAnimationFrame(function () { requestAnimationFrame(function () {
      var main = document.querySelector("[data-testid=stMain]");
      if (main) main.scrollTop = first.scrollTop;
      root.style.visibility = ""; first.remove(); }); });
  }
  var watch = new MutationObserver(look_again);
  watch.observe(document.body, { childList: true, subtree: true });
})();</script>"""


def first_paint(context: Context, page: str, asked: view_state.View, home: str | None) -> str:
    """A page's first content; `home` is the code of the province that the browser remembers."""
    standards = context.standards
    standard = standards.get(asked.standard or "", standards[context.settings.display.standard])
    keys = asked_pollutants(standard, None)
    pollutant = asked.pollutant if asked.pollutant in keys else keys[0]
    moment = MOMENTS.of(context, standard.id)
    answer = moment.live
    chosen = asked.province.code if asked.province else home
    view = _view(context, answer, asked, pollutant, chosen, home)
    if page == "live":
        view = replace(view, zones=moment.zones_of(view.place, zone_keys(pollutant)))
    parts = framed(view, _masthead(view, page))
    parts += framed(view, strip(view, view.place if page == "live" else chosen))
    if page == "live":
        parts += drawn.now(view, [standard])
    return (
        f'<div id="aq-first"><style>{sheet()}{_frame()}</style>'
        f'<main class="dw">{parts}</main></div>{script()}'
    )


@cache
def script() -> str:
    """The script as it stands in a page; it names our fonts before the framework loads its own."""
    font = json.dumps(FONT)
    return SCRIPT % (font, font)


def _view(
    context: Context,
    answer: Live,
    asked: view_state.View,
    pollutant: str,
    chosen: str | None,
    home: str | None,
) -> View:
    place = chosen or worst(answer, pollutant)
    this_hour = answer.now.replace(minute=0)
    ahead = {
        key: hours
        for key in answer.standard.pollutants
        if (hours := hours_ahead(context, place, key, this_hour))
    }
    own = {"lang": asked.lang, "x": pollutant, "std": answer.standard.id}

    def link(name: str, changes: Mapping[str, str]) -> str:
        return f"{context.settings.base_path}/{name}?{urlencode({**own, **changes})}"

    return View(
        answer=answer,
        text=text_in(asked.lang),
        pollutant=pollutant,
        place=place,
        mine=chosen is not None,
        home=home,
        sort=asked.sort,
        descending=asked.descending,
        link=link,
        ahead=ahead,
        polled=context.settings.scheduler != "off",
    )


def _masthead(view: View, page: str) -> str:
    text, section = view.text, PAGES[page][0]
    links = "".join(
        f'<a href="{view.href(address(first_of(name)))}"'
        f"{' aria-current=page' if name == section else ''}>{escape(text(title))}</a>"
        for name, title in SECTIONS.items()
    )
    other = next(lang for lang in OTHER_NAMES if lang != text.lang)
    turned = view.href(address(page), lang=other)
    links += f'<a href="{turned}" lang="{other}">{OTHER_NAMES[other]}</a>'
    return (
        f'<header><div class="brand"><span class="name">{escape(text("Air Quality 17"))}</span>'
        f"{_simulated(view, text)}</div><nav>{links}</nav></header>"
    )


def _simulated(view: View, text: Text) -> str:
    if not view.answer.country.simulated:
        return ""
    return f'<span class="simulated">{escape(text("SIMULATED data"))}</span>'


@cache
def _frame() -> str:
    """The frame the page will have: one column as wide as the framework's own."""
    return (
        (COMPONENTS / "header.css").read_text("utf-8").split("@media")[0]
        + "body{margin:0}#aq-first{position:fixed;inset:0;overflow-y:auto;z-index:999}"
        "#aq-first,#aq-first>main{background:var(--paper)}"
        "#aq-first>main{display:block;max-width:1248px;min-height:100%;margin:0 auto;"
        "padding:0 32px 40px}#aq-first .dw+.dw{margin-top:12px}"
        "@media(prefers-color-scheme:dark){#aq-first{background:#14171A}}"
        "@media(max-width:700px){#aq-first>main{padding:0 16px 32px}}"
    )

"""What a reader is told whose page cannot be opened: all places taken, or its connection refused.

All of a page comes over a websocket. Where the server refuses it (close code 1008 with a reason)
or a proxy does not pass it, the framework shows an empty frame and tries again for ever. A script
in the page looks after a while whether anything was drawn, asks once more and says what came of it.
"""

import json
from functools import cache
from html import escape

from aq.i18n import N_, text_in
from aq.web import traffic

WAIT_SECONDS = 8
BUSY = N_("Too many readers at the moment. Try again in a minute.")
STRIP = N_("The grades of the 17 provinces now can still be seen.")
# Reason of a refusal -> what the page says.
WORDS = {
    traffic.ORIGIN: N_(
        "The server refused a connection from this address: the proxy in front changes the Host"
        " header (pass it on with its port, or set server.public_url)."
    ),
    **dict.fromkeys((traffic.PAGES, traffic.CLIENT_PAGES, traffic.OPENINGS), BUSY),
    **dict.fromkeys((traffic.MESSAGES, traffic.CLIENT_MESSAGES), BUSY),
    "": N_(
        "No connection to the server: check that the proxy in front passes websockets (Upgrade)."
    ),
}
SCRIPT = """<script>(function () {
  var words = %s;
  function drawn() { return document.querySelector(".aq"); }
  function say(reason) {
    var lines = words[reason] || words[""], box = document.createElement("div");
    box.id = "aq-connection";
    box.setAttribute("role", "alert");
    box.style.cssText = "position:fixed;inset:auto 1rem 1rem 1rem;z-index:9999;padding:1rem;" +
      "background:#fff;color:#16191d;border:1px solid #d9dce0;font:16px/1.6 sans-serif";
    lines.forEach(function (line) {
      var p = document.createElement("p"); p.textContent = line; box.appendChild(p); });
    document.body.appendChild(box);
    var looking = setInterval(function () {
      if (drawn()) { box.remove(); clearInterval(looking); } }, 1000);
  }
  setTimeout(function () {
    if (drawn()) return;
    var base = location.pathname.replace(/[^/]*$/, "");
    var socket = new WebSocket(
      location.origin.replace(/^http/, "ws") + base + "_stcore/stream", ["streamlit"]);
    var refused = setTimeout(function () { socket.close(); }, 3000);
    socket.onclose = function (event) {
      clearTimeout(refused);
      if (event.code === 1008) say(event.reason);
      else if (event.code === 1006) say("");
    };
  }, %d);
})();</script>"""


def _both(words: str) -> list[str]:
    """A sentence in both languages: whose page did not open has chosen none yet."""
    return [text_in(language)(words) for language in ("ko", "en")]


@cache
def script() -> bytes:
    """The script as it stands in a page."""
    words = {reason: _both(sentence) for reason, sentence in WORDS.items()}
    return (SCRIPT % (json.dumps(words, ensure_ascii=False), WAIT_SECONDS * 1000)).encode()


@cache
def full() -> str:
    """The page for a newcomer when all places are taken."""
    lines = zip(_both(BUSY), _both(STRIP), ("ko", "en"), strict=True)
    body = "".join(
        f'<p lang="{language}">{escape(busy)}'
        f' <a href="strip?lang={language}">{escape(strip)}</a></p>'
        for busy, strip, language in lines
    )
    return (
        '<!doctype html><html lang="ko"><meta charset="utf-8"><title>503</title>'
        '<meta name="viewport" content="width=device-width"><body style="font:16px/1.6 sans-serif;'
        f'max-width:34em;margin:3em auto;padding:0 1em">{body}</body></html>'
    )

"""Pages that know their own age: what nobody renews says so, and goes grey."""

import json
import re

from aq.context import Context
from aq.i18n import text_in

_HOUR = re.compile(r'<time datetime="([^"]+)"')
_LANG = re.compile(r'<html lang="([a-z]+)"')
# The clock is the reader's; without scripts the hour stands in the page.
_SCRIPT = """<script>(function(){var at=Date.parse(%s),limit=%d,words=%s,bar;
function look(){var hours=Math.floor((Date.now()-at)/36e5);if(hours<limit)return;
document.documentElement.style.filter="grayscale(1)";
if(!bar){bar=document.createElement("p");bar.setAttribute("role","status");
bar.id="aq-age";bar.style.cssText="margin:0;padding:4px 8px;background:#16191d;color:#fff";
document.body.insertBefore(bar,document.body.firstChild)}
bar.textContent=words.replace("{hours}",hours)}look();setInterval(look,6e4)})()</script>"""


def with_age(context: Context, page: bytes, limit: int | None = None) -> bytes:
    """A page (HTML) that goes grey and says its age once its hour, the first `<time>` in it, is
    older than `limit` [h], without one than values are shown as current; a page without an hour as
    it is."""
    content = page.decode()
    hour, lang = _HOUR.search(content), _LANG.search(content)
    if hour is None:
        return page
    text = text_in(lang[1] if lang else context.settings.lang)
    words = text("These values are {hours} hours old and no longer current.", hours="{hours}")
    limit = limit or context.settings.display.hide_after_hours
    script = _SCRIPT % (json.dumps(hour[1]), limit, json.dumps(words, ensure_ascii=False))
    return content.replace("</body>", f"{script}</body>", 1).encode()

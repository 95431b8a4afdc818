"""Whose the values on a page are, and how to take them along."""

from collections.abc import Sequence
from html import escape
from urllib.parse import urlencode

import pandas as pd

from aq.domain.clock import kst_iso
from aq.domain.provinces import PROVINCES
from aq.i18n import Text
from aq.web.base_path import below
from aq.web.parts import page
from aq.web.parts.ranges import Range
from aq.web.wording.facts import fact
from aq.web.wording.korean import provenance

FORMATS = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet", "jsonl": "JSON lines"}


def facts(sources: pd.DataFrame, text: Text) -> list[str]:
    """A fact (markup) per kind of value: observed or modelled, confirmed or not, and its feed.

    `sources` has the columns feed, kind, status, a row for each value shown.
    """
    found = []
    for feed, kind, status in sources.drop_duplicates().itertuples(index=False):
        words = provenance(text, kind, status if isinstance(status, str) else None)
        found.append(fact(escape(words), text.feed(feed), meta=True))
    return found


def downloads(
    codes: Sequence[str],
    pollutants: Sequence[str],
    asked: Range,
    grain: str,
    *,
    level: str = "province",
) -> None:
    """Links to the export of what a page shows: the route streams, the session holds nothing.

    All 17 codes are the same as none.
    """
    text, view = page.words(), page.view()
    params = {
        "since": kst_iso(asked.after),
        "until": kst_iso(asked.until),
        "pollutant": ",".join(pollutants),
        "grain": grain,
        "standard": page.standard().id,
        "level": level,
    }
    if len(codes) < len(PROVINCES):
        params["province"] = ",".join(codes)
    if view.as_of:
        params["as_of"] = view.as_of.isoformat()
    export = below("/api/v1/export")
    links = " · ".join(
        f'<a href="{export}?{escape(urlencode({**params, "format": key}))}" download>'
        f"{escape(name)}</a>"
        for key, name in FORMATS.items()
    )
    page.html(f'<p class="muted">{escape(text("Download these data:"))} {links}</p>')

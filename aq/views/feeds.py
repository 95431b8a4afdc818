"""The feeds page: for each source the last good poll, what went wrong and what comes next."""

from datetime import datetime
from html import escape

from aq.clock import kst_iso
from aq.regions import BY_CODE
from aq.status import FeedStatus
from aq.text import Text
from aq.views import cache, page
from aq.views.feed_words import advice, happened, minute
from aq.views.words import N_, Noun, exact, listed, provenance, told_hour

OPERATIONS = {
    "getCtprvnRltmMesureDnsty": N_("measurements"),
    "getMsrstnList": N_("station list"),
    "getCtprvnMesureLIst": N_("province means"),
}


def render() -> None:
    """A headline about the sources as a whole, then one after the other."""
    page.top("feeds")
    text, pollutant = page.words(), page.pollutant()
    picked = page.strip(cache.snapshot(pollutant, page.standard().id), pollutant, None)
    feeds = cache.feeds()
    # Those that are polled first: what is live is what a reader came to look at.
    ordered = sorted(feeds, key=lambda one: not one.live)
    title = f"<h1>{escape(summary(feeds, text))}</h1>"
    page.html(title + "".join(_feed(one, text) for one in ordered))
    page.bottom()
    page.pulse(lambda: (*page.news(), *(one.last_ok for one in cache.feeds())))
    if picked in BY_CODE:
        page.go("live", p=picked)


def summary(feeds: list[FeedStatus], text: Text) -> str:
    """One sentence: do the live sources answer?"""
    live = [one for one in feeds if one.live]
    failing = [one for one in live if one.failing_since]
    if not live:
        return text("No source is polled: none is set up")
    if failing:
        return text("No new data from {who} at the moment", who=_names(failing, text))
    answering = [one for one in live if one.last_ok]
    if not answering:
        return text("No source has been polled yet")
    if len(answering) == len(live):
        return text("All sources answer")
    return text("{who} answers", who=Noun(_names(answering, text)))


def _names(feeds: list[FeedStatus], text: Text) -> str:
    return listed((text.feed(one.feed) for one in feeds), text.lang)


def _feed(feed: FeedStatus, text: Text) -> str:
    kind = provenance(text, feed.kind, feed.status)
    head = (
        f"<div><h2>{escape(text.feed(feed.feed))}</h2>"
        f"<p>{escape(kind)}</p><p>{_state(feed, text)}</p></div>"
    )
    facts = "".join(
        f"<div{_hint(title)}><dt>{escape(label)}</dt><dd>{escape(value)}</dd></div>"
        for label, value, title in _facts(feed, text)
    )
    return f'<section class="feed">{head}<dl>{facts}</dl></section>'


def _hint(title: str) -> str:
    return f' title="{escape(title)}"' if title else ""


def _state(feed: FeedStatus, text: Text) -> str:
    """Whether it works; if not: what happened, since when, what to do, upstream's own words."""
    if feed.failing_since:
        sentences = [
            happened(feed, text),
            text("This has been so since {when}.", when=minute(feed.failing_since, text)),
            advice(feed, text),
        ]
        said = f"<br><small>{escape(feed.detail)}</small>" if feed.detail else ""
        return escape(" ".join(sentences)) + said
    if not feed.live:
        if feed.feed == "archive":
            command = "<code>python -m aq import FILE…</code>"
            words = escape(text("Not polled: read in from files with {command}.", command="\0"))
            return words.replace("\0", command)
        return escape(text("Not polled: it needs a key, or is switched off."))
    if feed.last_ok is None:
        return escape(text("Not polled yet."))
    return escape(text("Works."))


def _facts(feed: FeedStatus, text: Text) -> list[tuple[str, str, str]]:
    """(label, value, exact instant) of what is known of a feed."""
    facts = []
    if feed.live:
        facts.append(_instant(text("last good poll"), feed.last_ok, text))
        facts.append(_instant(text("next poll"), feed.next_poll, text))
        if feed.retry_at:
            facts.append(_instant(text("not asked again before"), feed.retry_at, text))
        facts += _calls(feed, text)
    if feed.newest_hour:
        hour = told_hour(text, feed.newest_hour, cache.moment())
        facts.append((text("newest hour"), hour, exact(feed.newest_hour)))
    else:
        facts.append((text("newest hour"), text("none yet"), ""))
    return facts


def _instant(label: str, moment: datetime | None, text: Text) -> tuple[str, str, str]:
    if moment is None:
        return label, text("none yet"), ""
    return label, minute(moment, text), kst_iso(moment)


def _calls(feed: FeedStatus, text: Text) -> list[tuple[str, str, str]]:
    """Calls of today of each operation, of how many a day."""
    spent = feed.calls_today or {"": 0}
    rows = []
    for operation, count in spent.items():
        label = text("calls today")
        name = OPERATIONS.get(operation.rpartition("/")[2])
        if name:
            label = text("calls today, {what}", what=text(name))
        value = f"{count:,}"
        if feed.daily_limit:
            value = text("{n} of {limit}", n=value, limit=f"{feed.daily_limit:,}")
        rows.append((label, value, ""))
    return rows


if __name__ == "__main__":
    render()

"""The feeds page: for each source the last good poll, what went wrong and what comes next."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from aq.domain.agreement import Agreement
from aq.domain.clock import from_hour_number
from aq.domain.provinces import BY_CODE, find_province
from aq.feeds.registry import SPECS
from aq.i18n import Text
from aq.queries.feed_status import FeedStatus, NoticeStatus, notice_status, second_opinion
from aq.queries.feed_status import answer_keys as odd_answers
from aq.queries.official_means import (
    official_agreement,
    official_left_out,
    official_services,
)
from aq.web.parts import answer_keys, cache, live_view, official_means, page
from aq.web.parts import notice_services as notice_care
from aq.web.parts.feed_pace import pace_facts, paused, quota_facts
from aq.web.parts.tables import cards
from aq.web.wording.feeds import advice, happened
from aq.web.wording.korean import N_, exact, listed, provenance, province_name, told_hour

# Kinds of what a run report counts as left out -> words.
SKIPPED = {
    "station_list": N_("station list refused"),
    "unplaced_station": N_("stations of unknown province"),
    "duplicate": N_("repeated rows"),
    "bad_row": N_("unreadable rows"),
    "bad_station": N_("rows without a station"),
    "bad_time": N_("rows with an impossible time"),
    "bad_value": N_("unreadable values"),
    "negative_value": N_("negative values"),
    "bad_position": N_("stations outside Korea"),
    "future": N_("rows of the future"),
    "other": N_("other"),
}
COMPARED = (
    N_("pollutant"),
    N_("hours compared"),
    N_("equal"),
    N_("mean difference"),
    N_("largest difference"),
)


def render() -> None:
    """A headline about the sources as a whole, then one after the other."""
    page.top("feeds")
    text, pollutant = page.words(), page.pollutant()
    picked = live_view.strip(pollutant, None)
    feeds = cache.feeds()
    # Those that are polled first: what is live is what a reader came to look at.
    ordered = sorted(feeds, key=lambda feed: not feed.live)
    title = f"<h1>{escape(summary(feeds, text))}</h1>"
    page.html(title + "".join(_feed(one, text) for one in ordered))
    page.html(notice_care.section(_notices(), text))
    page.html(answer_keys.section(odd_answers(cache.context()), text))
    page.html(compared(cache.agreement(), text))
    page.html(_official_means(text))
    page.html(of_seoul(cache.kept(second_opinion, cache.this_hour()), text))
    page.bottom()
    page.pulse(_news)
    if picked in BY_CODE:
        page.go("live", p=picked)


def _official_means(text: Text) -> str:
    lines = cache.kept(official_agreement)
    context, now = cache.context(), cache.moment()
    services, left_out = official_services(context), official_left_out(context)
    return official_means.section(lines, services, left_out, now, text)


def _notices() -> list[NoticeStatus]:
    """The services of notices now: their calls and failures do not change the store's version."""
    return notice_status(cache.context(), cache.moment())


def _news() -> tuple[object, ...]:
    polled = (feed.last_ok for feed in cache.feeds())
    return (*page.news(), *polled, *(notice.last_ok for notice in _notices()))


def summary(feeds: list[FeedStatus], text: Text) -> str:
    """One sentence: do the live sources answer?"""
    live = [feed for feed in feeds if feed.live]
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
    return text("{who}: data arrive on time", who=_names(answering, text))


def _names(feeds: list[FeedStatus], text: Text) -> str:
    return listed((text.feed(feed.feed) for feed in feeds), text.lang)


def _feed(feed: FeedStatus, text: Text) -> str:
    kind = provenance(text, feed.kind, feed.status)
    head = (
        f"<div><h2>{escape(text.feed(feed.feed))}</h2>"
        f"<p class='meta'>{escape(kind)}</p><p>{_state(feed, text)}</p></div>"
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
            text("This has been so since {when}.", when=text.minute(feed.failing_since)),
            paused(feed, text) or advice(feed, text),
        ]
        said = f"<br><small>{escape(feed.detail)}</small>" if feed.detail else ""
        return escape(" ".join(sentences)) + said
    if not feed.live:
        if SPECS[feed.feed].make is None:
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
        facts += [*_calls(feed, text), *quota_facts(feed, text), *pace_facts(feed, text)]
        facts += _last_poll(feed, text)
    if feed.newest_hour:
        hour = told_hour(text, feed.newest_hour, cache.moment())
        facts.append((text("newest hour"), hour, exact(feed.newest_hour, text)))
    else:
        facts.append((text("newest hour"), text("none yet"), ""))
    return facts


def _instant(label: str, moment: datetime | None, text: Text) -> tuple[str, str, str]:
    if moment is None:
        return label, text("none yet"), ""
    return label, text.minute(moment), exact(moment, text)


def _calls(feed: FeedStatus, text: Text) -> list[tuple[str, str, str]]:
    """Calls of today of each operation, of how many a day."""
    spent = feed.calls_today or {"": 0}
    rows = []
    for operation, count in spent.items():
        label = text("calls today")
        name = text.operation(feed.feed, operation)
        if name:
            label = text("calls today, {what}", what=name)
        value = f"{count:,}"
        if feed.daily_limit:
            value = text("{n} of {limit}", n=value, limit=f"{feed.daily_limit:,}")
        rows.append((label, value, ""))
    return rows


def _last_poll(feed: FeedStatus, text: Text) -> list[tuple[str, str, str]]:
    """What the last poll left out, by kind, and where upstream grades otherwise than we do."""
    rows = []
    if feed.skipped:
        kinds = (
            f"{text(SKIPPED.get(kind, 'other'))} {count:,}" for kind, count in feed.skipped.items()
        )
        rows.append((text("left out of the last poll"), ", ".join(kinds), ""))
    if feed.grades_compared:
        value = text("{n} of {all}", n=f"{feed.grades_differ:,}", all=f"{feed.grades_compared:,}")
        rows.append((text("hourly grades unlike the source's own"), value, ""))
    return rows


def compared(lines: Sequence[Agreement], text: Text) -> str:
    """Our province means beside upstream's own, a row per pollutant."""
    label = text("Province means: ours and AirKorea’s own")
    if not any(line.hours for line in lines):
        nothing = text("AirKorea’s own province means have not been read yet.")
        return f"<h2>{escape(label)}</h2><p>{escape(nothing)}</p>"
    note = text("The last month. Ours minus AirKorea’s; its rule is not published.")
    return _agreement(label, note, lines, text)


def of_seoul(lines: Sequence[Agreement], text: Text) -> str:
    """Seoul by AirKorea's stations beside the city's own service; nothing where it is not asked."""
    if not any(line.hours for line in lines):
        return ""
    label = text("Seoul: AirKorea and the city’s own service")
    note = text("The last month. AirKorea’s stations minus the city’s; both mean the 25 districts.")
    return _agreement(label, note, lines, text)


def _agreement(label: str, note: str, lines: Sequence[Agreement], text: Text) -> str:
    rows = [_agreement_row(line, text) for line in lines if line.hours]
    body = cards(label, [text(name) for name in COMPARED], rows, text)
    return f"<h2>{escape(label)}</h2><p>{escape(note)}</p>{body}"


def _agreement_row(agreement: Agreement, text: Text) -> list[str]:
    where = at = ""
    if agreement.where is not None and agreement.at is not None:
        where = province_name(find_province(agreement.where), text.lang)
        at = told_hour(text, from_hour_number(agreement.at), cache.moment())
    cells = (
        text.pollutant(agreement.pollutant),
        f"{agreement.hours:,}",
        f"{agreement.same:,}",
        f"{agreement.bias} {agreement.unit}",
        f"{agreement.largest} {agreement.unit} ({where}, {at})",
    )
    return [escape(cell) for cell in cells]


if __name__ == "__main__":
    render()

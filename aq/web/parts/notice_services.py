"""The services of the authority's notices on the feeds page: each by itself, with its calls."""

from collections.abc import Sequence
from datetime import datetime
from html import escape

from aq.domain.errors import FeedReason
from aq.feeds.registry import SPECS
from aq.i18n import Text
from aq.queries.feed_status import NoticeStatus
from aq.queries.official_means import OfficialService
from aq.web.parts.tables import titled
from aq.web.wording.feeds import REASONS, advised
from aq.web.wording.korean import exact


def section(services: Sequence[NoticeStatus], text: Text) -> str:
    """A table of the services, and the reason of each that fails."""
    if not services:
        return ""
    heads = (
        *(text("Service"), text("State"), text("Newest notice"), text("next poll")),
        *(text("Calls today"), text("To come today"), text("Planned a day")),
    )
    rows = [_row(service, text) for service in services]
    note = text(
        "Each service has an approval of its own. Calls still to come today are kept back from"
        " filling gaps, as all go with one key."
    )
    return (
        f"{titled(text('Forecasts and official advisories'), heads, rows, text)}"
        f"{''.join(failing(service, text) for service in services)}"
        f'<p class="muted">{escape(note)}</p>'
    )


def _row(service: NoticeStatus, text: Text) -> list[str]:
    if service.failing_since:
        state = text("fails")
    else:
        state = text("works") if service.last_ok else text("not asked yet")
    calls = f"{service.calls_today:,}"
    if service.daily_limit:
        calls = text("{n} of {limit}", n=calls, limit=f"{service.daily_limit:,}")
    return [
        escape(text.operation(service.feed, service.operation)),
        escape(state),
        _instant(service.newest, text) if service.newest else "–",
        _instant(service.next_poll, text),
        escape(calls),
        f"{service.calls_ahead:,}",
        f"{service.calls_planned:,}",
    ]


def _instant(moment: datetime, text: Text) -> str:
    return f'<span title="{escape(exact(moment, text))}">{escape(text.minute(moment))}</span>'


def failing(service: NoticeStatus | OfficialService, text: Text) -> str:
    """What happened to a service that fails, since when, what to do; upstream's own words."""
    if not service.failing_since or not service.reason:
        return ""
    reason = FeedReason(service.reason)
    name = text.operation(service.feed, service.operation)
    sentences = (
        text(REASONS[reason][0], feed=text.feed(SPECS[service.feed].host)),
        text("This has been so since {when}.", when=text.minute(service.failing_since)),
        advised(service.feed, reason, text),
    )
    detail = f"<br><small>{escape(service.detail)}</small>" if service.detail else ""
    return f"<p><b>{escape(name)}</b>: {escape(' '.join(sentences))}{detail}</p>"

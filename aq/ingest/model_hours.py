"""A model's hours to come: asked for some times a day, kept apart from every reading."""

from datetime import datetime

from aq.domain.errors import FeedError, FeedReason, StoreError
from aq.feeds.base import AheadFeed
from aq.ingest.collect import Collector, RunReport
from aq.store.model_hours import replace_ahead


def poll_ahead(collector: Collector, name: str, now: datetime) -> RunReport:
    """Ask a model for its hours to come and keep them in the place of those before.

    Never raises for what upstream or the store does, and does not touch the state of the feed: a
    failure leaves what is held, and the hours that have been are polled as ever.
    """
    report = RunReport(feed=f"{name}_ahead", at=now)
    feed = collector.feeds[name]
    try:
        if not isinstance(feed, AheadFeed):
            raise FeedError(name, "", FeedReason.BAD_REQUEST, "gives no hours to come")
        payload = feed.pull_ahead(collector.counted(name, report), now)
        answer = feed.parse_ahead(payload, now)
        report.read(answer)
        readings = [reading for reading in answer.readings if reading.values]
        if not readings:
            raise FeedError(name, "", FeedReason.UPSTREAM_DOWN, "no hour to come has a value")
        with collector.store.write(f"ahead {name}") as txn:
            txn.mark_simulated(payload.simulated)
            report.stored = replace_ahead(txn, name, now, readings)
    except (FeedError, StoreError) as error:
        report.error = error
    return report

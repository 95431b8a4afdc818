"""What happened to a feed, since when and what to do, in plain words."""

from collections.abc import Mapping, Sequence

from aq.domain.errors import FeedReason
from aq.feeds.registry import SPECS
from aq.i18n import Text
from aq.queries.feed_status import FeedStatus
from aq.web.wording.korean import N_

# reason -> (what happened, what to do)
REASONS: Mapping[FeedReason, tuple[str, str]] = {
    FeedReason.KEY_MISSING: (
        N_("{feed} needs a service key and none is set."),
        N_("Apply for one at {portal} and set {variable}."),
    ),
    FeedReason.KEY_NOT_REGISTERED: (
        N_("{feed} does not know the service key."),
        N_("Check that the key was copied whole; a new key works after an hour or so."),
    ),
    FeedReason.KEY_NOT_APPROVED: (
        N_("The service key is not approved for this service of {feed}."),
        N_("Ask for approval of this service at {portal}; until then it stays as it is."),
    ),
    FeedReason.KEY_EXPIRED: (
        N_("The service key of {feed} has expired."),
        N_("Extend the period of use at {portal}."),
    ),
    FeedReason.ADDRESS_REFUSED: (
        N_("{feed} does not accept calls from this machine's address."),
        N_("Register the address at {portal}."),
    ),
    FeedReason.QUOTA_USED_UP: (
        N_("Today's calls to {feed} are used up."),
        N_("Nothing to do: calls begin again after midnight, Korean time."),
    ),
    FeedReason.RATE_LIMITED: (
        N_("{feed} asked for a pause between calls."),
        N_("Nothing to do: the next call waits for it."),
    ),
    FeedReason.UPSTREAM_DOWN: (
        N_("{feed} answers with an error of its own."),
        N_("Nothing to do here: it is asked again at the next poll."),
    ),
    FeedReason.UNREACHABLE: (
        N_("{feed} cannot be reached."),
        N_("Check this machine's network; it is asked again at the next poll."),
    ),
    FeedReason.BAD_REQUEST: (
        N_("{feed} refused the request as wrong."),
        N_("The source may have changed: look for a newer version of this program."),
    ),
    FeedReason.NOT_UNDERSTOOD: (
        N_("{feed} sent an answer that could not be read; nothing of it was stored."),
        N_("If this goes on, look for a newer version of this program."),
    ),
    FeedReason.PROGRAM_ERROR: (
        N_("A fault of this program kept it from reading {feed}; nothing was stored."),
        N_("The server's log names the fault: report it, and look for a newer version."),
    ),
}


def happened(feed: FeedStatus, text: Text) -> str:
    """What happened to a failing feed, in a sentence."""
    known = REASONS.get(FeedReason(feed.reason)) if feed.reason else None
    return text(known[0] if known else N_("{feed} could not be read."), feed=text.feed(feed.feed))


def advice(feed: FeedStatus, text: Text) -> str:
    """What a person can do about it."""
    return advised(feed.feed, FeedReason(feed.reason), text) if feed.reason else ""


def advised(feed: str, reason: FeedReason, text: Text) -> str:
    """What a person can do where a feed fails for this reason."""
    spec = SPECS[feed]
    portal = SPECS[spec.host].key_from[text.lang]
    return text(REASONS[reason][1], portal=portal, variable=spec.key_variable)


def failures(
    feeds: Sequence[FeedStatus], text: Text, shown: str | None = None, *, stored: bool = True
) -> list[str]:
    """A sentence for each live feed that fails: what, and since when.

    That what is shown is old is only said of the feed that is shown, or where none is, and never
    of an empty store (`stored` False).
    """
    said = []
    for feed in feeds:
        if not (feed.live and feed.failing_since):
            continue
        what, when = happened(feed, text), text.minute(feed.failing_since)
        if stored and shown in (None, feed.feed):
            said.append(
                text(
                    "{what} Since {when}; what is shown is what was stored before.",
                    what=what,
                    when=when,
                )
            )
        else:
            said.append(f"{what} {text('This has been so since {when}.', when=when)}")
    return said

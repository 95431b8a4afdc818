"""What the feeds page tells of a feed's pace: when hours appear, quota, gaps, pauses."""

from collections.abc import Mapping, Sequence

from aq.i18n import Text
from aq.queries.feed_status import FeedStatus
from aq.web.wording.korean import exact

Fact = tuple[str, str, str]  # label, value, exact instant


def paused(feed: FeedStatus, text: Text) -> str:
    """That it is asked less often, and until when; empty as long as it is asked as usual."""
    if feed.pause_until is None or not feed.failing_since:
        return ""
    when = text.minute(feed.next_poll or feed.pause_until)
    return text(
        "After {n} failures in a row it is asked less often; the next try is at {when}.",
        n=feed.failures,
        when=when,
    )


def pace_facts(feed: FeedStatus, text: Text) -> list[Fact]:
    """When its hours usually appear, when the newest did, whether the next is late."""
    facts: list[Fact] = []
    if feed.usual_minute is not None:
        usual = text("{n} min past the hour", n=feed.usual_minute)
        if feed.newest_minute is not None:
            usual = text("{usual}, the newest hour {n} min past", usual=usual, n=feed.newest_minute)
        facts.append((text("usually published"), usual, ""))
    facts += _by_hour(feed, text)
    if feed.late:
        words = text("later than expected")
        if feed.late_minute is not None:
            words = text("not there {n} min past the hour", n=feed.late_minute)
        facts.append((text("late"), words, ""))
    return facts


def _by_hour(feed: FeedStatus, text: Text) -> list[Fact]:
    """The hours of day that come soonest and latest; all of them on hover. Nothing to tell where
    every hour comes alike."""
    usual = feed.usual_by_hour
    if len(set(usual.values())) < 2:
        return []
    soonest, latest = min(usual.values()), max(usual.values())
    value = text(
        "soonest {n} min past ({early}), latest {most} min past ({late})",
        n=soonest,
        early=_hours([hour for hour, lag in usual.items() if lag == soonest], text),
        most=latest,
        late=_hours([hour for hour, lag in usual.items() if lag == latest], text),
    )
    every = ", ".join(f"{hour or 24:02} :{lag:02}" for hour, lag in _in_order(usual))
    return [(text("by hour of day"), value, every)]


def _in_order(usual: Mapping[int, int]) -> list[tuple[int, int]]:
    """Hours 01 to 24, as a Korean day counts them."""
    return sorted(usual.items(), key=lambda item: item[0] or 24)


def _hours(hours: Sequence[int], text: Text) -> str:
    """Hours of day as stretches: 1–5, 9."""
    numbers = sorted(hour or 24 for hour in hours)
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    told = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    return text("hours {hours}", hours=", ".join(told))


def quota_facts(feed: FeedStatus, text: Text) -> list[Fact]:
    """Calls kept back, left and waiting; upstream's own count; hours missing."""
    facts: list[Fact] = []
    if feed.calls_reserved is not None and feed.calls_left is not None:
        facts.append(
            (text("kept for today's polls"), text("{n} calls", n=f"{feed.calls_reserved:,}"), "")
        )
        left = text("{n} calls", n=f"{feed.calls_left:,}")
        if feed.calls_waiting:
            left = text("{left}; {n} waiting", left=left, n=f"{feed.calls_waiting:,}")
        facts.append((text("left for filling gaps"), left, ""))
    if feed.counted_at and feed.counted:
        theirs = sum(count for count, _ in feed.counted.values())
        ours = sum(count for _, count in feed.counted.values())
        value = text("{theirs}; ours {ours}", theirs=f"{theirs:,}", ours=f"{ours:,}")
        label = text("calls by the source's count")
        facts.append((label, value, exact(feed.counted_at, text)))
        for name, (count, own) in feed.counted.items() if len(feed.counted) > 1 else ():
            value = text("{theirs}; ours {ours}", theirs=f"{count:,}", ours=f"{own:,}")
            facts.append((f"{label}, {text.service(feed.feed, name)}", value, ""))
    if feed.gaps_open or feed.gaps_lost:
        value = text("{n} can still be had, {lost} cannot", n=feed.gaps_open, lost=feed.gaps_lost)
        facts.append((text("province hours missing"), value, ""))
    return facts

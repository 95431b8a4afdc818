"""The live page's lead: the pollutant to speak of, acts before means, the way it goes, tomorrow."""

from collections import Counter
from collections.abc import Mapping, Sequence

from aq.domain.forecasts import BAD, DayAhead
from aq.domain.model import Advisory
from aq.domain.provinces import PROVINCES, district_provinces
from aq.domain.standards import Standard
from aq.domain.windows import OVERALL
from aq.i18n import Text
from aq.queries.current import CurrentItem
from aq.queries.feed_status import FeedStatus
from aq.web.wording import headline
from aq.web.wording.advisories import act_name, act_word
from aq.web.wording.korean import listed, province_name, shown

NAMED_KINDS = 2  # of acts; those of more kinds are counted together
HOURS_BACK = 3  # the direction is told against so many hours before
SHARE = 0.15  # a smaller change of a province's mean is none
MOST = 2 / 3  # of the provinces compared: then the country goes that way
LEAST_COMPARED = 9  # of 17, fewer tell no direction
NAMED_PROVINCES = 4


def leading(items: Sequence[CurrentItem], preferred: str) -> str:
    """The pollutant whose worst level is the highest now; of several the one that is so in most
    provinces, then the page's own. The composite index speaks of all, where the page shows it."""
    grades: dict[str, Counter[int]] = {}
    for item in items:
        if item.grade is not None and item.pollutant != OVERALL:
            grades.setdefault(item.pollutant, Counter())[item.grade] += 1
    if not grades or preferred == OVERALL:
        return preferred

    def rank(pollutant: str) -> tuple[int, int, bool]:
        worst = max(grades[pollutant])
        return worst, grades[pollutant][worst], pollutant == preferred

    return max(grades, key=rank)


def title(
    items: Sequence[CurrentItem], acts: Sequence[Advisory], standard: Standard, text: Text
) -> str:
    """The headline: of 17 items of one pollutant.

    While an act is in force nothing is called calm without it: a calm country is told after the
    acts, and only as a whole; of a bad country the best provinces are left out where an act is in
    force in one of them.
    """
    sentence = headline.headline(
        items,
        standard,
        text,
        brief=bool(acts),
        best=not _acts_over_best(items, acts),
    )
    if any(item.stale for item in items) and items[0].observed_at:
        hour = text.hour(items[0].observed_at)
        sentence = text("At {hour}: {sentence}", hour=hour, sentence=sentence)
    if not acts or headline.is_bad(items, standard):
        return sentence
    told = _acts(acts, text)
    if all(shown(item) is None for item in items):
        return text("{acts} in force. {sentence}", acts=told, sentence=sentence)
    return text("{acts} in force; province means: {sentence}", acts=told, sentence=sentence)


def _acts_over_best(items: Sequence[CurrentItem], acts: Sequence[Advisory]) -> bool:
    """Whether an act is in force in one of the provinces with the best level."""
    grades = {item.province: item.grade for item in items if item.grade is not None}
    best = min(grades.values(), default=0)
    under_act = {province.ko for act in acts for province in district_provinces(act.district)}
    return any(grades.get(name) == best for name in under_act)


def _acts(acts: Sequence[Advisory], text: Text) -> str:
    """Acts by kind as they are given, the worst first; beyond a few kinds the rest are counted."""
    kinds: dict[tuple[str, str], list[Advisory]] = {}
    for act in acts:
        kinds.setdefault((act.pollutant, act.word), []).append(act)
    first, others = list(kinds.values())[:NAMED_KINDS], list(kinds.values())[NAMED_KINDS:]
    told = [_act_kind(of_kind, text) for of_kind in first]
    if not others:
        return listed(told, text.lang)
    names = ("·" if text.lang == "ko" else ", ").join(told)
    more = sum(len(of_kind) for of_kind in others)
    return text("{acts} and {more} more", acts=names, more=more, n=len(acts))


def _act_kind(acts: Sequence[Advisory], text: Text) -> str:
    """The acts of one kind: one by its name, several by how many zones they are of."""
    act, *others = acts
    if not others:
        return act_name(act, text)
    what, word = text.pollutant(act.pollutant), act_word(act, text)
    return text("{what} {act} in {n} zones", what=what, act=word, n=len(acts))


def welcome(
    items: Sequence[CurrentItem], feeds: Sequence[FeedStatus], polled: bool, text: Text
) -> tuple[str, str] | None:
    """Headline and sentence of a store that never had an hour: what will come, and when.

    `polled` says whether this program asks the feeds at all. None once there is any hour.
    """
    if any(item.missing_reason != "no_history" for item in items):
        return None
    title_words = text("No data yet")
    coming = [feed for feed in feeds if feed.live and feed.next_poll]
    if not polled or not coming:
        return title_words, text("No feed is being asked: see Data status for what to set.")
    when, name = min((feed.next_poll, feed.feed) for feed in coming if feed.next_poll)
    return title_words, text(
        "{feed} is asked at {when}; what comes then appears here by itself.",
        feed=text.feed(name),
        when=text.minute(when),
    )


def direction(
    trends: Mapping[str, Sequence[float | None]], least_step: float, text: Text
) -> str | None:
    """How the provinces' means go against three hours before; None where too few can be compared.

    `trends` holds hourly means by province, the newest last; `least_step` is the smallest change
    that counts [the pollutant's unit].
    """
    up = down = compared = 0
    for values in trends.values():
        if len(values) <= HOURS_BACK:
            continue
        now, before = values[-1], values[-1 - HOURS_BACK]
        if now is None or before is None:
            continue
        compared += 1
        if abs(now - before) >= max(least_step, SHARE * before):
            up, down = up + (now > before), down + (now < before)
    if compared < LEAST_COMPARED:
        return None
    return _way(up, down, compared, text)


def _way(up: int, down: int, compared: int, text: Text) -> str:
    """The sentence of so many provinces higher and lower, of those compared; none counts nought."""
    if up >= MOST * compared:
        return text("Higher in most provinces than three hours ago.")
    if down >= MOST * compared:
        return text("Lower in most provinces than three hours ago.")
    if up + down <= compared * (1 - MOST):
        return text("Much as it was three hours ago.")
    if up and down:
        return text(
            "Against three hours ago, provinces higher: {up}, lower: {down}.", up=up, down=down
        )
    if up:
        return text("Against three hours ago {n} provinces are higher.", n=up)
    return text("Against three hours ago {n} provinces are lower.", n=down)


def tomorrow(day: DayAhead, rules: Standard, text: Text) -> str | None:
    """What AirKorea forecasts for tomorrow, by its own words; None without a notice of it."""
    grades = {
        code: outlook.grade for code, outlook in day.by_code.items() if outlook.grade is not None
    }
    if not grades:
        return None
    worst, best = max(grades.values()), min(grades.values())
    word = rules.level(worst).label(text.lang)
    if worst == best:
        return text("AirKorea forecasts for tomorrow: {word} everywhere.", word=word)
    if worst >= BAD:
        names = [
            province_name(province, text.lang)
            for province in PROVINCES
            if grades.get(province.code) == worst
        ]
        if len(names) <= NAMED_PROVINCES:
            who = listed(names, text.lang)
        else:
            who = text("{n} of the 17 provinces", n=len(names))
        return text("AirKorea forecasts for tomorrow: {word} in {who}.", word=word, who=who)
    mild = rules.level(best).label(text.lang)
    return text("AirKorea forecasts for tomorrow: {mild} to {word}.", mild=mild, word=word)

"""The live page: what the air is like now, from the whole country down to one province."""

from datetime import timedelta

from aq.domain.pollutants import pollutants
from aq.domain.provinces import BY_CODE
from aq.domain.windows import OVERALL
from aq.queries.live import Week
from aq.queries.map_hours import frames
from aq.queries.week import week
from aq.web import components
from aq.web.drawings import live
from aq.web.drawings.carpet import HOURS, carpet
from aq.web.drawings.lead import sentence
from aq.web.drawings.marks import framed
from aq.web.drawings.table import caption
from aq.web.drawings.view import View
from aq.web.parts import cache, live_view, official, page, why
from aq.web.sections import PAGES

LINE_DAYS = 7
# kind of a choice in a drawing -> the address's parameter it changes
CHANGES = {"pick": "p", "sort": "s", "x": "x", "std": "std"}


def render() -> None:
    """Strip, acts, headline and place, map and table, then the chosen province's past."""
    page.top("live")
    pollutant = page.pollutant()
    view = live_view.view(pollutant)
    picked = live_view.strip(pollutant, view.place)
    choices = [
        ("pick", picked) if picked else None,
        components.drawing("lead", live.top(view), sentence(view)),
        components.drawing("choices", live.choices(view, page.standards())),
        components.drawing("country", live.country(view), caption(view)),
    ]
    country_past = _past(view)
    if country_past:
        choices.append(components.drawing("past", country_past))
    choices.append(components.drawing("place", live.province(view, _week(view))))
    _evidence(view)
    official.ahead(pollutant)
    page.bottom()
    page.pulse()
    for choice in choices:
        if choice:
            _act_on(*choice)


def _act_on(kind: str, value: str) -> None:
    """What was chosen in a drawing goes into the address; what is unknown changes nothing."""
    if kind == "go" and value in PAGES:
        page.go(value)
    elif kind in CHANGES and (kind != "pick" or value in BY_CODE):
        page.change(**{CHANGES[kind]: value})


def _past(view: View) -> str:
    """The last three days of all 17."""
    until = view.answer.country.hour or cache.this_hour()
    hours = cache.kept(frames, view.pollutant, view.standard.id, until, HOURS)
    drawn = carpet(view, hours)
    return framed(view, drawn) if drawn else ""


def _week(view: View) -> Week | None:
    """The place's week, up to the hour shown: a younger one of another feed is not its
    continuation."""
    if view.pollutant not in (*pollutants(), OVERALL):
        return None
    until = view.answer.country.hour or cache.this_hour()
    after = until - timedelta(days=LINE_DAYS)
    found: Week = cache.kept(week, view.place, view.pollutant, after, until, view.standard.id)
    return found


def _evidence(view: View) -> None:
    """What stands behind the place's grade, where there is one."""
    item = view.answer.item(view.place, view.pollutant)
    if item.grade and item.observed_at:
        why.panel(item.code, view.pollutant, item.observed_at)


if __name__ == "__main__":
    render()

"""Hour by hour: where bad air has passed, over days or weeks, as the carpet of the 17."""

from datetime import timedelta
from html import escape

from aq.domain.clock import HOUR
from aq.domain.provinces import BY_CODE, PROVINCES
from aq.i18n import Text
from aq.queries.map_hours import MOST_FRAMES, Frame, frames
from aq.web import components
from aq.web.drawings.carpet import carpet, sentences
from aq.web.drawings.marks import framed
from aq.web.parts import attribution as origin
from aq.web.parts import cache, daily, live_view, page
from aq.web.parts import history_page as frame
from aq.web.parts.history_page import Asked

DEFAULT = "7d"


def render() -> None:
    """The carpet of the chosen days."""
    frame.show("when", _headline, _body, default=DEFAULT)


def _frames(asked: Asked, as_of: int | None) -> list[Frame]:
    """The hours of the range; of a longer one its last month."""
    hours = max(0, round((asked.range.until - asked.range.after) / HOUR))
    if not hours:
        return []
    until, rules = asked.range.until, page.standard().id
    made: list[Frame] = cache.kept(frames, asked.pollutant, rules, until, hours, as_of)
    return made


def _days(asked: Asked) -> dict[str, str]:
    return {"since": asked.range.since.isoformat(), "until": asked.range.last.isoformat()}


def _headline(asked: Asked) -> str:
    text = asked.text
    known, as_of = daily.version()
    made = _frames(asked, as_of) if known else []
    if not any(shown.grade for hour in made for shown in hour.provinces):
        return text(
            "{who} · {what}", who=text("Hour by hour"), what=text.pollutant(asked.pollutant)
        )
    first, *_ = sentences(live_view.view(asked.pollutant), made)
    return f"{text.pollutant(asked.pollutant)}: {first.removesuffix('.')}"


def _body(asked: Asked) -> None:
    text: Text = asked.text
    known, as_of = daily.known_then(text)
    made = _frames(asked, as_of) if known else []
    view = live_view.view(asked.pollutant)
    drawn = carpet(view, made, headed=False) if made else ""
    if not drawn:
        daily.nothing(asked)
        return
    choice = None
    with page.picture():
        choice = components.drawing("carpet", framed(view, drawn))
    if asked.range.until - asked.range.after > timedelta(hours=MOST_FRAMES):
        words = text("The picture shows the last {n} days of the range.", n=MOST_FRAMES // 24)
        page.html(f'<p class="notice">{escape(words)}</p>')
    if as_of is None:
        page.take_away({"carpet": text("this range")}, pollutant=asked.pollutant, **_days(asked))
    origin.downloads(
        [province.code for province in PROVINCES], [asked.pollutant], asked.range, "hour"
    )
    if choice and choice[0] == "pick" and choice[1] in BY_CODE:
        page.change(p=choice[1])


if __name__ == "__main__":
    render()

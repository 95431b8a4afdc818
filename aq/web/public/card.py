"""The picture of a link to the site, 1200 × 630: headline, acts, levels and map of the hour."""

from collections import Counter
from html import escape

from aq.i18n import Text
from aq.web.drawings.outline_map import outline_map
from aq.web.drawings.outlines import WIDTH, outlines
from aq.web.drawings.paint import fixed
from aq.web.head import CARD_SIZE
from aq.web.public.figure import at, text_line, width_of, wrapped
from aq.web.public.moment import Moment
from aq.web.public.picture import png
from aq.web.site import Site
from aq.web.wording import lead, summary

POLLUTANT = "pm10"
LEFT, RIGHT = 60, 790  # the words stand between them, the map to the right
MOST_LINES = 4


def card_svg(moment: Moment, text: Text) -> str:
    """The card as a drawing, in the light theme that messengers show."""
    paint, answer = fixed(dark=False), moment.live
    leading = lead.leading(answer.country.items, POLLUTANT)
    items = answer.country.of(leading)
    width, height = CARD_SIZE
    title = lead.title(items, answer.acts, answer.standard, text)
    size, lines = _fitted(title)
    y = 150.0
    brand = text("Air Quality 17")
    body = text_line(brand, LEFT, 86, 34, paint.ink, 700)
    if moment.simulated:
        x = LEFT + width_of(brand, 34) + 34
        body += text_line(text("SIMULATED data"), x, 84, 24, paint.ink, 700)
    body += f'<path d="M{LEFT} 106H{RIGHT - 40}" stroke="{paint.ink}" stroke-width="3"/>'
    for line in lines:
        y += size * 1.24
        body += text_line(line, LEFT, y - size * 0.5, size, paint.ink, 700)
    body += _levels(moment, leading, text)
    hour = summary.stands(moment.hour, moment.newest, text)
    size = 26 * min(1, (RIGHT - LEFT - 50) / width_of(hour, 26))
    body += text_line(hour, LEFT, 556, size, paint.ink, 700)
    body += text_line(summary.sources(moment.sources, text), LEFT, 592, 22, paint.muted)
    drawn = outlines()
    tall = height - 40
    drawing = outline_map(items, answer.standard, text, paint, title)
    body += at(drawing, RIGHT - 30, 20, tall * WIDTH / drawn.height, tall)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="{paint.font}">'
        f'<rect width="{width}" height="{height}" fill="{paint.paper}"/>{body}</svg>'
    )


def _fitted(title: str) -> tuple[float, list[str]]:
    """The largest letters in which the headline has at most four lines."""
    for size in (58.0, 50.0, 44.0, 38.0, 33.0):
        lines = wrapped(title, size, RIGHT - LEFT - 50)
        if len(lines) <= MOST_LINES:
            return size, lines
    return 28.0, wrapped(title, 28.0, RIGHT - LEFT - 50)[:6]


def _levels(moment: Moment, pollutant: str, text: Text) -> str:
    """How many provinces are of each level: its letter on its colour, its word, the count."""
    items = moment.live.country.of(pollutant)
    counts = Counter(item.grade for item in items if item.grade)
    x, body = float(LEFT), ""
    standard, paint = moment.live.standard, fixed(dark=False)
    gap = 34 if text.lang == "ko" else 14
    for grade, count in sorted(counts.items()):
        level = standard.level(grade)
        words = f"{level.label(text.lang)} {count}"
        body += (
            f'<rect x="{x:g}" y="474" width="40" height="40" rx="6" fill="{level.colour}"/>'
            f'<text x="{x + 20:g}" y="503" text-anchor="middle" font-size="26" font-weight="700"'
            f' fill="{level.text_colour}">{escape(level.letter)}</text>'
        )
        body += text_line(words, x + 50, 503, 24, paint.ink)
        x += 50 + width_of(words, 24) + gap
    return body


def card_of(site: Site, moment: Moment, text: Text) -> tuple[str, str]:
    """Address and words of the picture of a link to the site: another hour has another address."""
    hour = f"?hour={moment.hour:%Y%m%d%H}" if moment.hour else ""
    words = text("Map of the 17 provinces with the level of each")
    return site.url(f"card-{text.lang}.png") + hour, words


def card_png(moment: Moment, text: Text) -> bytes:
    """The card as messengers take it."""
    return png(card_svg(moment, text))

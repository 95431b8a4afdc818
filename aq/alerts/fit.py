"""Composes a message to what a channel takes: whole, in numbered parts, or the worst and a link.

Sources, read in November 2026: Discord's message content has 2,000 characters and Telegram's 4,096
(their API references); Slack recommends 4,000 for `text`; ntfy takes 4,096 bytes before it makes a
file of a message (docs.ntfy.sh/publish); KakaoTalk's text template has 200 characters
(developers.kakao.com, message template); Web Push services must take 4,096 bytes after encryption,
of which 103 are its own (RFC 8030 section 7.2, RFC 8188).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aq.i18n import Text


def characters(text: str) -> int:
    """Length as most services count it: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def characters_and_returns(text: str) -> int:
    """The same where Apprise writes a line's end as two characters."""
    return characters(text) + text.count("\n")


def octets(text: str) -> int:
    """Length in bytes of UTF-8."""
    return len(text.encode())


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a kind of channel takes.

    Attributes
    ----------
    most : length of a part [characters or bytes, as `measure` counts]; None: any
    parts : of one message at the most; what does not fit is named by number
    brief : a line is only place, level and value
    titled : the service shows a title by itself
    pause : between two parts [s]
    """

    most: int | None = None
    measure: Callable[[str], int] = characters
    parts: int = 20
    brief: bool = False
    titled: bool = True
    pause: float = 0.0


ANY = Limits()
LIMITS: Mapping[str, Limits] = {
    "discord": Limits(most=2000, titled=False, pause=0.5),
    "telegram": Limits(most=4096, measure=characters_and_returns, titled=False, pause=1.0),
    "slack": Limits(most=4000, pause=1.0),
    "ntfy": Limits(most=4096, measure=octets),
    "kakaotalk": Limits(most=200, parts=3, brief=True, titled=False, pause=0.5),
    "webpush": Limits(most=3993, measure=octets, parts=1, brief=True, titled=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A message before it is fitted: a title, a line for each entry, the most severe first, each in
    full and in brief, what stands under them, and a link to the page."""

    id: str
    title: str
    lines: Sequence[str]
    brief: Sequence[str] = ()
    notes: Sequence[str] = ()
    foot: Sequence[str] = ()
    link: str = ""


def fit(sheet: Sheet, limits: Limits, text: Text) -> list[str]:
    """The bodies to send, in order; without a limit the one that is the whole.

    A part ends at the end of a line; a line longer than a part is parted between words. Where more
    than `limits.parts` would be needed, the last says how many entries are left and where they are.
    """
    head = [] if limits.titled else [sheet.title]
    foot = [*([] if limits.brief else sheet.notes), *([sheet.link] if sheet.link else [])]
    foot += [] if limits.brief else sheet.foot
    lines = list(sheet.brief if limits.brief and sheet.brief else sheet.lines)
    whole = "\n".join([*head, *lines, *foot])
    if limits.most is None or limits.measure(whole) <= limits.most:
        return [whole]
    room = limits.most - limits.measure("(99/99)\n")

    def fits(*lines: str) -> bool:
        return limits.measure("\n".join(lines)) <= room

    entries = [(line, True) for line in lines]
    first, last = ([(line, False) for line in group] for group in (head, foot))
    parts = _packed([*first, *entries, *last], fits)
    if len(parts) > limits.parts:
        parts = _cut(parts[: limits.parts], len(lines), sheet.link, fits, text)
    if len(parts) == 1:
        return ["\n".join(parts[0].lines)]
    return [
        "\n".join([f"({number}/{len(parts)})", *part.lines])
        for number, part in enumerate(parts, start=1)
    ]


@dataclass(slots=True)
class _Part:
    """Lines that go together, and how many entries they are of."""

    lines: list[str] = field(default_factory=list)
    entries: int = 0


Fits = Callable[..., bool]  # whether these lines have room in one part


def _packed(lines: Sequence[tuple[str, bool]], fits: Fits) -> list[_Part]:
    """Lines, each with whether it is of an entry, in as many parts as they need."""
    parts = [_Part()]
    for line, entry in lines:
        for piece in _pieces(line, fits):
            if parts[-1].lines and not fits(*parts[-1].lines, piece):
                parts.append(_Part())
            parts[-1].lines.append(piece)
        parts[-1].entries += entry
    return parts


def _pieces(line: str, fits: Fits) -> list[str]:
    """A line that fits, or its pieces parted between words; a word too long for all, between
    characters."""
    if fits(line):
        return [line]
    pieces, rest = [""], line.split(" ")
    while rest:
        word = rest.pop(0)
        joined = f"{pieces[-1]} {word}" if pieces[-1] else word
        if fits(joined):
            pieces[-1] = joined
        elif pieces[-1]:
            pieces.append("")
            rest.insert(0, word)
        else:
            end = next(n for n in range(len(word), 0, -1) if fits(word[:n]))
            pieces[-1:] = [word[:end], ""]
            rest.insert(0, word[end:])
    return [piece for piece in pieces if piece]


def _cut(parts: list[_Part], entries: int, link: str, fits: Fits, text: Text) -> list[_Part]:
    """The first parts, the last of them ending with how many entries are left, and the link."""
    last, before = parts[-1], sum(part.entries for part in parts[:-1])
    while True:
        more = text("… and {n} more", n=entries - before - last.entries)
        end = f"{more}: {link}" if link else more
        if not last.lines or fits(*last.lines, end):
            break
        last.lines.pop()
        last.entries = max(0, last.entries - 1)
    last.lines.append(end)
    return parts

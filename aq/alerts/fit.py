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


@dataclass(slots=True)
class _Part:
    """Lines that go together, and how many entries they are of."""

    lines: list[str] = field(default_factory=list)
    entries: int = 0


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
    parts = _packed(lines, head, foot, room, limits.measure)
    if len(parts) > limits.parts:
        parts = _cut(parts[: limits.parts], len(lines), sheet, room, limits.measure, text)
    if len(parts) == 1:
        return ["\n".join(parts[0].lines)]
    count = len(parts)
    return [
        "\n".join([f"({number}/{count})", *part.lines])
        for number, part in enumerate(parts, start=1)
    ]


def _packed(
    lines: Sequence[str],
    head: Sequence[str],
    foot: Sequence[str],
    room: int,
    measure: Callable[[str], int],
) -> list[_Part]:
    parts = [_Part()]
    for group, entry in ((head, False), (lines, True), (foot, False)):
        for line in group:
            pieces = _pieces(line, room, measure)
            for piece in pieces:
                if parts[-1].lines and measure("\n".join([*parts[-1].lines, piece])) > room:
                    parts.append(_Part())
                parts[-1].lines.append(piece)
            parts[-1].entries += entry
    return parts


def _pieces(line: str, room: int, measure: Callable[[str], int]) -> list[str]:
    """A line that fits, or its pieces parted between words; a word too long for all, between
    characters."""
    if measure(line) <= room:
        return [line]
    pieces, rest = [""], line.split(" ")
    while rest:
        word = rest.pop(0)
        joined = f"{pieces[-1]} {word}" if pieces[-1] else word
        if measure(joined) <= room:
            pieces[-1] = joined
        elif pieces[-1]:
            pieces.append("")
            rest.insert(0, word)
        else:
            end = next(n for n in range(len(word), 0, -1) if measure(word[:n]) <= room)
            pieces[-1] = word[:end]
            rest.insert(0, word[end:])
            pieces.append("")
    return [piece for piece in pieces if piece]


def _cut(
    parts: list[_Part],
    entries: int,
    sheet: Sheet,
    room: int,
    measure: Callable[[str], int],
    text: Text,
) -> list[_Part]:
    """The first parts, the last of them ending with how many entries are left, and the link."""
    last, before = parts[-1], sum(part.entries for part in parts[:-1])
    while True:
        more = text("… and {n} more", n=entries - before - last.entries)
        end = [f"{more}: {sheet.link}" if sheet.link else more]
        if not last.lines or measure("\n".join([*last.lines, *end])) <= room:
            break
        last.lines.pop()
        last.entries = max(0, last.entries - 1)
    last.lines += end
    return parts

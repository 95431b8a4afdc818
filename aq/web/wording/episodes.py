"""Episodes in words: how many there were at a level, and the longest."""

from collections.abc import Sequence

from aq.domain.episodes import Episode
from aq.domain.pollutants import Exact, pollutants
from aq.domain.standards import Standard
from aq.i18n import N_, Text
from aq.queries.exceedances import Level
from aq.web.wording.korean import number

OR_MORE = N_("{value} or more")


def sentence(
    many: Sequence[Episode], level: Level, key: str, standard: Standard, text: Text
) -> str:
    """How many episodes there were, and how long the longest."""
    what, name = text.pollutant(key), _level_words(level, key, standard, text)
    if not many:
        return text("{what}: no episode at {level}", what=what, level=name)
    longest = max(episode.length for episode in many)
    return text(
        "{what}: {n} episodes at {level}, the longest of {hours} hours",
        what=what,
        n=len(many),
        level=name,
        hours=f"{longest:,}",
    )


def _level_words(level: Level, key: str, standard: Standard, text: Text) -> str:
    if level.grade is None:
        return text(OR_MORE, value=value_words(level.least, key))
    return text("‘{level}’ or worse", level=standard.level(level.grade).label(text.lang))


def value_words(scaled: Exact, key: str) -> str:
    """A value at the store's scale with its unit, in the digits that are stored."""
    pollutant = pollutants()[key]
    return f"{number(float(scaled / pollutant.scale), pollutant.digits)} {pollutant.unit}"

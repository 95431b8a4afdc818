"""How a fault bends what upstream shows: later, older, other, or less than the world."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The world as an answer shows it.

    Parameters
    ----------
    late_minutes : an hour appears this much later than usual
    shift_hours : rows carry hours so far ahead (above zero) or the hour so long ago (below)
    factor : every value is multiplied by it
    without : short Korean names of provinces whose stations are left out
    empty : answers are well-formed and hold no item
    """

    late_minutes: float = 0
    shift_hours: int = 0
    factor: float = 1
    without: frozenset[str] = frozenset()
    empty: bool = False

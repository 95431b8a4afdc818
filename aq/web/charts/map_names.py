"""Names on the map of stations: where a name has room beside its mark, districts first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean

from aq.i18n import Text
from aq.queries.stations import Member
from aq.web.public.figure import width_of

SIDE = 340  # pixels of the smaller side of the map on a phone; a wider one only has more room
MARK = 21  # pixels of a station's mark
LINE = 14  # pixels of a line of letters
LETTERS = 12  # pixels of the largest letters
# The least height shown [degrees], and the room around the outermost stations.
LEAST, ROOM = 0.1, 0.24
# A degree east to a degree north at Korea's latitudes.
SHORTER = 0.8
UNITS = ("시", "군", "구")
SIDES = ("bottom center", "top center", "middle right", "middle left")
Spot = tuple[float, float]  # longitude and latitude [degrees]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the map [pixels]."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Whether the two share any pixel."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass(frozen=True, slots=True)
class Name:
    """A name at a place [degrees]; `side` is Plotly's position of it beside the place."""

    words: str
    longitude: float
    latitude: float
    side: str
    district: bool


def district_of(member: Member) -> str | None:
    """The city, county or district of a station by its address; None where it tells none."""
    words = (member.address or "").split()
    return words[1] if len(words) > 1 and words[1].endswith(UNITS) else None


def names(
    placed: Sequence[Member], east: Sequence[float], north: Sequence[float], text: Text
) -> list[Name]:
    """Names that overlap neither each other nor a mark, in the window `east` by `north` [degrees].

    Districts stand at the middle of their stations, or at one of them; then come stations, in the
    order given.
    """
    grid = Grid(tuple(east), tuple(north))
    taken = [grid.box(*_place(member), MARK, MARK, "middle center") for member in placed]
    wanted: list[tuple[str, list[Spot], bool]] = []
    for district in dict.fromkeys(map(district_of, placed)):
        if district is not None:
            spots = [_place(member) for member in placed if district_of(member) == district]
            middle = (fmean(spot[0] for spot in spots), fmean(spot[1] for spot in spots))
            wanted.append((text.name(district), [middle, *spots], True))
    called = {words for words, *_ in wanted}
    wanted += [
        (text.name(member.name), [_place(member)], False)
        for member in placed
        if text.name(member.name) not in called
    ]
    names = []
    for words, spots, is_district in wanted:
        for spot, side in product(spots, SIDES):
            box = grid.box(*spot, width_of(words, LETTERS), LINE, side)
            if grid.holds(box) and not any(box.meets(other) for other in taken):
                taken.append(box)
                names.append(Name(words, *spot, side, is_district))
                break
    return names


def window(placed: Sequence[Member]) -> tuple[list[float], list[float]]:
    """Longitudes and latitudes to show [degrees]: a square on the ground."""
    east = [member.longitude for member in placed if member.longitude is not None]
    north = [member.latitude for member in placed if member.latitude is not None]
    least = max(LEAST, max(north) - min(north), SHORTER * (max(east) - min(east)))
    return _span(east, least / SHORTER), _span(north, least)


def _span(degrees: Sequence[float], least: float) -> list[float]:
    middle, half = (min(degrees) + max(degrees)) / 2, (1 + ROOM) * least / 2
    return [middle - half, middle + half]


def districts(members: Iterable[Member]) -> list[str]:
    """The districts in which stations with a known place stand, in the order of the alphabet."""
    placed = (member for member in members if member.latitude is not None)
    return sorted({district for member in placed if (district := district_of(member))})


def _place(member: Member) -> Spot:
    return member.longitude or 0.0, member.latitude or 0.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixels of a square window of degrees; over a province Mercator is as good as straight."""

    east: tuple[float, ...]
    north: tuple[float, ...]

    def box(self, longitude: float, latitude: float, wide: float, high: float, side: str) -> Box:
        x = SIDE * (longitude - self.east[0]) / (self.east[1] - self.east[0])
        y = SIDE * (self.north[1] - latitude) / (self.north[1] - self.north[0])
        beside = {"left": -(wide + MARK) / 2, "right": (wide + MARK) / 2, "center": 0.0}
        above = {"top": -(high + MARK) / 2, "bottom": (high + MARK) / 2, "middle": 0.0}
        vertical, horizontal = side.split()
        x, y = x + beside[horizontal], y + above[vertical]
        return Box(x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)

    def holds(self, box: Box) -> bool:
        return box.left >= 0 and box.top >= 0 and box.right <= SIDE and box.bottom <= SIDE

"""The 17 outlines as SVG paths of whole units, made once of the file of our boundaries."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

from aq.paths import config_file

WIDTH = 500  # units of the drawing; at most a pixel each where it is shown
WEST, EAST, SOUTH, NORTH = 125.3, 130.0, 33.05, 38.65  # degrees that are drawn
# What lies beyond moves in by so many degrees, as on weather maps: 울릉도, and 백령도 with others.
# 독도's few pixels are left out.
FAR_EAST, FAR_WEST, DOKDO = 130.0, 125.3, 131.5
MOVED_EAST, MOVED_WEST = -1.15, 0.72
LEAST_AREA = 3.0  # squares of the grid; a smaller island is left out, unless it is all there is

# Where a name stands [degrees east, north], by hand: inside large provinces, beside small ones,
# and never on a neighbour's.
LABELS: Mapping[str, tuple[float, float]] = {
    "KR-11": (126.99, 37.57),
    "KR-41": (127.30, 37.22),
    "KR-28": (126.32, 37.44),
    "KR-29": (126.84, 35.15),
    "KR-30": (127.46, 36.30),
    "KR-27": (128.60, 35.86),
    "KR-31": (129.48, 35.54),
    "KR-26": (129.22, 35.04),
    "KR-42": (128.30, 37.75),
    "KR-43": (127.78, 36.88),
    "KR-44": (126.78, 36.47),
    "KR-45": (127.10, 35.74),
    "KR-46": (126.94, 34.80),
    "KR-47": (128.75, 36.42),
    "KR-48": (128.25, 35.40),
    "KR-49": (126.55, 33.38),
    "KR-50": (127.27, 36.60),
}
# These stand on the sea beside their province, in the page's own ink, on this side of the point.
AT_SEA = {"KR-28": "end", "KR-31": "start", "KR-26": "start"}
SMALL = frozenset({"KR-11", "KR-28", "KR-29", "KR-30", "KR-27", "KR-31", "KR-26", "KR-50"})

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Outlines:
    """`paths` are the `d` of an SVG path by province code; `height` [units] goes with `WIDTH`."""

    paths: Mapping[str, str]
    height: int


def place(longitude: float, latitude: float) -> tuple[float, float]:
    """Where a point of the earth is drawn [units], in Mercator's projection."""
    scale = WIDTH / (EAST - WEST)
    return (longitude - WEST) * scale, (_north(NORTH) - _north(latitude)) * scale


def _north(latitude: float) -> float:
    return math.degrees(math.asinh(math.tan(math.radians(latitude))))


@cache
def shapes() -> Mapping[str, Mapping[str, Any]]:
    """The geometry (GeoJSON) of each province by its code."""
    whole = json.loads(config_file("provinces.geojson").read_text("utf-8"))
    return {feature["id"]: feature["geometry"] for feature in whole["features"]}


def outline(geometry: Mapping[str, Any], at: Callable[[float, float], tuple[float, float]]) -> str:
    """A polygon of GeoJSON or several as the `d` of an SVG path; `at` says where a point of the
    earth [degrees east, north] is drawn."""
    several = geometry["type"] == "MultiPolygon"
    polygons = geometry["coordinates"] if several else [geometry["coordinates"]]
    rings = (ring for polygon in polygons for ring in polygon)
    return "".join(
        "M" + "L".join("{:.1f},{:.1f}".format(*at(*point[:2])) for point in ring) + "Z"
        for ring in rings
    )


@cache
def outlines(step: int = 1) -> Outlines:
    """The outlines on a grid of `step` units, in which their paths count; neighbours share their
    corners, so no seam opens."""
    paths = {code: _path(geometry, step) for code, geometry in shapes().items()}
    return Outlines(paths=paths, height=round(place(WEST, SOUTH)[1]))


def _path(geometry: Mapping[str, Any], step: int) -> str:
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    rings = [_whole(ring, step) for polygon in polygons for ring in polygon]
    rings.sort(key=_area, reverse=True)
    kept = [ring for ring in rings[1:] if _area(ring) >= LEAST_AREA]
    return "".join(_relative(ring) for ring in [rings[0], *kept])


def _whole(ring: Sequence[Sequence[float]], step: int) -> list[Point]:
    """A ring on the grid, without points that say nothing new."""
    points: list[Point] = []
    first = ring[0][0]
    if first > DOKDO:
        return points
    moved = MOVED_EAST if first > FAR_EAST else MOVED_WEST if first < FAR_WEST else 0.0
    for longitude, latitude in ring[:-1]:
        x, y = place(longitude + moved, latitude)
        point = round(x / step), round(y / step)
        if points and points[-1] == point:
            continue
        if len(points) > 1 and _straight(points[-2], points[-1], point):
            points.pop()
        points.append(point)
    return points


def _straight(first: Point, middle: Point, last: Point) -> bool:
    """Whether three points lie on one line, the middle one between the others."""
    (x0, y0), (x1, y1), (x2, y2) = first, middle, last
    across, down, further, deeper = x1 - x0, y1 - y0, x2 - x1, y2 - y1
    return across * deeper == down * further and across * further + down * deeper > 0


def _area(ring: Sequence[Point]) -> float:
    pairs = zip(ring, [*ring[1:], *ring[:1]], strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


def _relative(ring: Sequence[Point]) -> str:
    """A ring as a closed path of steps, the shortest way SVG has to write it."""
    if not ring:
        return ""
    steps = []
    for (x0, y0), (x1, y1) in pairwise(ring):
        across, down = x1 - x0, y1 - y0
        steps.append(f"{across}{'' if down < 0 else ' '}{down}")
    joined = "".join(step if step[0] == "-" else f" {step}" for step in steps).strip()
    return f"M{ring[0][0]} {ring[0][1]}l{joined}z"

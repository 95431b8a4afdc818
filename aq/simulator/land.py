"""Points on a province's land, so that simulated stations stand where their address says."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise

from aq.domain.errors import ConfigError
from aq.paths import config_file
from aq.simulator.noise import uniform

Ring = Sequence[tuple[float, float]]  # (longitude, latitude), closed
Polygon = Sequence[Ring]  # the outer ring, then holes

_LONGITUDE, _LATITUDE = 41, 42
_TRIES = 1000


def point_within(code: str, key: int) -> tuple[float, float]:
    """(latitude, longitude) of a place in the province `code`; `key` decides which."""
    shape = _shapes()[code]
    longitudes, latitudes = zip(*shape[0], strict=True)
    for turn in range(_TRIES):
        x = _between(longitudes, float(uniform(_LONGITUDE, key, turn)))
        y = _between(latitudes, float(uniform(_LATITUDE, key, turn)))
        # Inside the outer ring and no hole: an odd number of rings around the point.
        if sum(_inside(x, y, ring) for ring in shape) % 2:
            return round(y, 6), round(x, 6)
    raise ConfigError(f"{code} has next to no area", str(_path()))


def _between(numbers: Sequence[float], share: float) -> float:
    return min(numbers) + share * (max(numbers) - min(numbers))


def _inside(x: float, y: float, ring: Ring) -> bool:
    """Whether a ray to the east crosses the ring an odd number of times."""
    inside = False
    for (x1, y1), (x2, y2) in pairwise(ring):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _path() -> str:
    return str(config_file("provinces.geojson"))


@cache
def _shapes() -> Mapping[str, Polygon]:
    """Each province's largest polygon by its number of corners: the mainland, or the island."""
    try:
        with open(_path(), encoding="utf-8") as file:
            features = json.load(file)["features"]
        return {row["properties"]["code"]: _largest(row["geometry"]) for row in features}
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", _path()) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"not the provinces' GeoJSON: {error}", _path()) from None


def _largest(geometry: Mapping[str, object]) -> Polygon:
    shapes = geometry["coordinates"]
    if not isinstance(shapes, list):
        raise TypeError("coordinates are no list")
    polygons: list[Polygon] = shapes if geometry["type"] == "MultiPolygon" else [shapes]
    return max(polygons, key=lambda polygon: len(polygon[0]))

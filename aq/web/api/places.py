"""Places as data: the 17 provinces, their outlines with present values, and the stations."""

import json
from functools import cache
from itertools import pairwise
from typing import Any

from starlette.responses import Response

from aq.context import Context, asked_pollutants, find_standard
from aq.domain.clock import kst_iso
from aq.domain.errors import InputError
from aq.domain.provinces import PROVINCES
from aq.domain.standards import Standard
from aq.paths import config_file
from aq.queries.current import Snapshot, current
from aq.queries.question import Given
from aq.queries.stations import station_items
from aq.web.api.parameters import _limit
from aq.web.api.responses import body_response, json_response, json_text


def provinces(_context: Context, _given: Given) -> Response:
    """`/api/v1/provinces`: the 17 in page-header order."""
    items = [
        {
            "id": province.id,
            "code": province.code,
            "province": province.ko,
            "name_en": province.en,
            "names": province.names,
        }
        for province in PROVINCES
    ]
    return json_response({"items": items})


@cache
def _outlines() -> dict[str, str]:
    """The geometry of each province as JSON, by its code: WGS 84, longitude before latitude
    (RFC 7946). All are of one type, as a layer of a map program has one; outer rings run against
    the clock and holes with it (its section 3.1.6), other than drawings on a sphere want them."""
    collection = json.loads(config_file("provinces.geojson").read_bytes())
    return {f["id"]: json_text(_parts(f["geometry"])) for f in collection["features"]}


def _parts(geometry: dict[str, Any]) -> dict[str, Any]:
    parts = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        parts = [parts]
    turned = [[_turned(ring, outer=not place) for place, ring in enumerate(part)] for part in parts]
    return {"type": "MultiPolygon", "coordinates": turned}


def _turned(ring: list[list[float]], *, outer: bool) -> list[list[float]]:
    """A closed ring in the direction RFC 7946 wants, told by the sign of its area."""
    doubled = sum(x * v - u * y for (x, y), (u, v) in pairwise(ring))
    return ring if (doubled > 0) == outer else ring[::-1]


def provinces_geojson(context: Context, given: Given) -> Response:
    """`/api/v1/provinces.geojson`: the outlines of the 17, each with its present value of a
    `pollutant` (pm10) and the colour of its level."""
    standard = find_standard(context, given.get("standard"))
    keys = asked_pollutants(standard, given.pollutants() or ["pm10"])
    if len(keys) > 1:
        raise InputError("one pollutant: a map has one value a place", "pollutant")
    (key,) = keys
    snapshot = current(context, context.clock.minute(), standard=standard.id, wanted=[key])
    return outlined(snapshot, standard)


def outlined(snapshot: Snapshot, standard: Standard) -> Response:
    """The outlines with the items of a snapshot of one pollutant."""
    outlines = _outlines()
    features = [
        {
            "type": "Feature",
            "id": item.code,
            "properties": {
                **item.as_dict(),
                "name_en": province.en,
                "colour": standard.level(item.grade).colour if item.grade else None,
            },
        }
        for item, province in zip(snapshot.items, PROVINCES, strict=True)
    ]
    # Outlines (90 kB) never change: they are not written out anew with each value.
    parts = (
        f'{json_text(feature)[:-1]},"geometry":{outlines[item.code]}}}'
        for feature, item in zip(features, snapshot.items, strict=True)
    )
    head = '{"type":"FeatureCollection","name":"provinces","features":['
    return body_response(f"{head}{','.join(parts)}]}}".encode(), "application/geo+json")


def stations(context: Context, given: Given) -> Response:
    """`/api/v1/stations`: the stations as they are now, of each `province` asked for or all, with
    the hours between which their values are in the store. `limit` of them after the `cursor`."""
    limit, items = _limit(given), _stations(context, given)
    begin = given.get("cursor", "0")
    if not (begin.isascii() and begin.isdecimal()):
        raise InputError("not a cursor of this route", "cursor")
    end = int(begin) + limit
    answer = {
        "as_of": kst_iso(context.clock.minute()),
        "simulated": context.store.simulated(),
        "items": items[int(begin) : end],
        "next": str(end) if end < len(items) else None,
    }
    return json_response(answer)


def _stations(context: Context, given: Given) -> list[dict[str, Any]]:
    return station_items(context, given.provinces() if "province" in given else None)

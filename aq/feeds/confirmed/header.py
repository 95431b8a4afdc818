"""Which column of a confirmed file means what; a header that lies or is unknown is refused."""

import re
import unicodedata
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from aq.domain.errors import InputError
from aq.domain.pollutants import MICROGRAM, PPM, pollutants
from aq.feeds.confirmed.cells import is_day, shown, text_of

EXPECTED = (
    "expected AirKorea's confirmed hourly station data (xlsx, csv or a zip of them) with the "
    "columns 지역, 망, 측정소코드, 측정소명, 측정일시, SO2, CO, O3, NO2, PM10, PM25, 주소"
)

# Meaning by normalised header (see `_normal`), as met in confirmed files and exports of them.
_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("지역", "시도", "시도명"), "region"),
        **dict.fromkeys(("망", "망명", "측정망", "측정망명"), "network"),
        **dict.fromkeys(("측정소코드", "stationcode"), "code"),
        **dict.fromkeys(("측정소명", "측정소", "stationname"), "name"),
        **dict.fromkeys(("측정일시", "일시", "측정시간", "datatime", "date"), "hour"),
        **dict.fromkeys(("주소", "측정소주소", "addr", "address"), "address"),
        **dict.fromkeys(("so2", "아황산가스", "이산화황"), "so2"),
        **dict.fromkeys(("co", "일산화탄소"), "co"),
        **dict.fromkeys(("o3", "오존"), "o3"),
        **dict.fromkeys(("no2", "이산화질소"), "no2"),
        **dict.fromkeys(("pm10", "미세먼지"), "pm10"),
        **dict.fromkeys(("pm25", "초미세먼지"), "pm25"),
    }
)
# Headers known to stand over another pollutant than they name; guessing would be worse than no.
_LIES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            ("이산화탄소", "co2"),
            "carbon dioxide, which AirKorea does not measure; elsewhere NO2 stood under it",
        ),
        "pm20": "a size that is not measured; elsewhere PM2.5 stood under it",
    }
)
_UNITS: Mapping[str, str] = MappingProxyType({"ppm": PPM, "μg/m3": MICROGRAM, "ug/m3": MICROGRAM})
_HEADERS_SHOWN = 15
_UNIT = re.compile(r"[(\[]([^()\[\]]*)[)\]]$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where each meaning stands in a row of `width` cells; None where a file has no such column."""

    width: int
    hour: int
    name: int
    region: int | None
    address: int | None
    code: int | None
    network: int | None
    values: tuple[tuple[str, int], ...]
    unknown: tuple[str, ...]


def _normal(cell: Hashable) -> tuple[str, str | None]:
    """A header cell without case, blanks and dots, and its unit where it carries one."""
    text = unicodedata.normalize("NFKC", text_of(cell)).strip("\ufeff").casefold()
    text = re.sub(r"\s", "", text)
    unit = _UNIT.search(text)
    name = text[: unit.start()] if unit else text
    return re.sub(r"[._]|농도$", "", name), unit[1] if unit else None


def _place(header: Sequence[Hashable], where: str) -> tuple[dict[str, int], list[str], list[str]]:
    """(column by meaning, unknown headers, lies), refusing doubles and foreign units."""
    found: dict[str, int] = {}
    unknown: list[str] = []
    lies: list[str] = []
    for index, cell in enumerate(header):
        name, unit = _normal(cell)
        meaning = _MEANINGS.get(name)
        if name in _LIES:
            lies.append(f"the column {shown(cell)!r} says {_LIES[name]}")
        elif meaning is None:
            if name:
                unknown.append(shown(cell))
        elif meaning in found:
            first = shown(header[found[meaning]])
            raise _refusal(where, f"two columns mean {meaning}: {first!r} and {shown(cell)!r}")
        else:
            _check_unit(meaning, unit, cell, where)
            found[meaning] = index
    return found, unknown, lies


def _check_unit(meaning: str, unit: str | None, cell: Hashable, where: str) -> None:
    pollutant = pollutants().get(meaning)
    if pollutant is None or unit is None:
        return
    if _UNITS.get(unit) != pollutant.unit:
        raise _refusal(
            where,
            f"the column {shown(cell)!r} is not in {pollutant.unit}, the unit of confirmed data",
        )


def _refusal(where: str, problem: str) -> InputError:
    return InputError(f"{where}: {problem}; {EXPECTED}", "file", code="bad_file")


def _is_day(cells: Sequence[Hashable], index: int) -> bool:
    return len(cells) > index and is_day(cells[index])


def _what_it_seems(found: Mapping[str, int], first: Sequence[Hashable] | None) -> str | None:
    """What a table that is not hourly station data seems to be, None when it is such data."""
    measured = [key for key in pollutants() if key in found]
    if not measured:
        return "no column of a known pollutant in its header"
    hour = found.get("hour")
    whole = {"name", "code", "region"} <= found.keys()  # then a day is one bad row's slip
    daily = not whole and hour is not None and first is not None and _is_day(first, hour)
    grain = "daily" if daily else "hourly"
    if "name" not in found and "code" not in found:
        return (
            f"seems to hold {grain} means of a whole city or country, because no column names a "
            "station; means of an area are computed here from its stations and are not imported"
        )
    if daily:
        return (
            "seems to hold daily means of stations, because its times are days without an hour; "
            "days are computed here from hours and are not imported"
        )
    missing = [
        word for key, word in (("hour", "측정일시"), ("name", "측정소명")) if key not in found
    ]
    if missing:
        return f"no column {' and no column '.join(missing)} in its header"
    if "region" not in found and "address" not in found:
        return "no column 지역 and no column 주소, so the province of its stations cannot be told"
    return None


def map_header(
    header: Sequence[Hashable], where: str, first: Sequence[Hashable] | None = None
) -> Columns:
    """The columns of a table by the meaning of its `header`.

    Parameters
    ----------
    header : the cells of the first row that is not blank
    where : file, member and sheet, for messages
    first : the first data row where there is one; tells daily tables from hourly ones

    Raises
    ------
    InputError : the header is unknown, names a pollutant it cannot hold (이산화탄소, ``pm20``), has
        a foreign unit or two columns of one meaning, or the table is not hourly station data
    """
    found, unknown, lies = _place(header, where)
    seems = _what_it_seems(found, first)
    if seems or lies:
        has = "its header is " + ", ".join(shown(text_of(cell)) for cell in header[:_HEADERS_SHOWN])
        raise _refusal(where, "; ".join([*([seems] if seems else []), *lies, has]))
    return Columns(
        width=len(header),
        hour=found["hour"],
        name=found["name"],
        region=found.get("region"),
        address=found.get("address"),
        code=found.get("code"),
        network=found.get("network"),
        values=tuple((key, found[key]) for key in pollutants() if key in found),
        unknown=tuple(unknown),
    )

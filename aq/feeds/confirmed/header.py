"""Which column of a confirmed file means what; a header that lies or is unknown is refused."""

import re
import unicodedata
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from aq.domain.errors import InputError
from aq.domain.pollutants import MICROGRAM, PPM, pollutants
from aq.feeds.confirmed.cells import is_day, read_hour, shown, text_of

EXPECTED = (
    "expected AirKorea's confirmed hourly station data (xlsx, csv or a zip of them) with the "
    "columns 지역, 망, 측정소코드, 측정소명, 측정일시, SO2, CO, O3, NO2, PM10, PM25, 주소"
)

# Meaning by normalised header (see `_normal`), as met in confirmed files and exports of them.
_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("지역", "시도", "시도명", "지역명", "sidoname"), "region"),
        **dict.fromkeys(("망", "망명", "망구분", "측정망", "측정망명", "mangname"), "network"),
        **dict.fromkeys(("측정소코드", "stationcode"), "code"),
        **dict.fromkeys(("측정소명", "측정소", "stationname"), "name"),
        **dict.fromkeys(("측정일시", "일시", "측정시간", "측정시각", "datatime", "date"), "hour"),
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
_UNITS: Mapping[str, str] = MappingProxyType(
    {"ppm": PPM, **dict.fromkeys(("μg/m3", "ug/m3", "μg/m^3", "ug/m^3"), MICROGRAM)}
)
_HEADERS_SHOWN = 15
# Lines above a header (a title, a period, 단위: ppm) fill a cell or two.
MOST_OF_TITLE = 2
_TRAILING_UNIT = re.compile(r"(?:pp[mb]|[μu]g/m\^?3)$")
_TWO_WORDS = re.compile(r"([가-힣]+)([a-z]+\d*)")
_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
# What is said of fine dust in general stands before the size that is meant: 미세먼지(PM2.5).
_GENERAL, _SIZES = "pm10", frozenset({"pm10", "pm25"})


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


def _plain(text: str) -> str:
    """A header's word without blanks, dots and hyphens: ``PM-2.5`` and ``PM 25`` are pm25."""
    return re.sub(r"[\s._·-]|농도$", "", text)


def _normal(cell: Hashable) -> tuple[str, str | None, tuple[str, ...]]:
    """A header cell's word, the unit it carries and the other words in its brackets.

    ``미세먼지(PM10)[㎍/㎥]`` gives 미세먼지, μg/m3 and pm10.
    """
    text = unicodedata.normalize("NFKC", text_of(cell)).strip("\ufeff").casefold()
    unit, words = None, []
    for inner in _BRACKETS.findall(re.sub(r"\s", "", text)):
        for part in filter(None, (inner,) if inner in _UNITS else re.split(r"[,;]", inner)):
            if part in _UNITS or _plain(part) not in _MEANINGS:
                unit = unit or part
            else:
                words.append(_plain(part))
    name = _plain(_BRACKETS.sub("", text))
    bare = _TRAILING_UNIT.search(name)  # SO2 ppm
    if bare and _plain(name[: bare.start()]) in _MEANINGS:
        name, unit = _plain(name[: bare.start()]), unit or bare[0]
    both = _TWO_WORDS.fullmatch(name)  # 미세먼지 PM10
    if both and both[1] in _MEANINGS and both[2] in _MEANINGS:
        return both[1], unit, (both[2], *words)
    return name, unit, tuple(words)


def _meaning(name: str, words: Sequence[str], cell: Hashable, where: str) -> str | None:
    """What a header means; its brackets may say it again or more exactly, not otherwise."""
    meant = {_MEANINGS[word] for word in (name, *words) if word in _MEANINGS}
    if name == "미세먼지" and meant == _SIZES:
        meant = meant - {_GENERAL}
    if len(meant) > 1:
        raise _refusal(where, f"the column {shown(cell)!r} names two things")
    return next(iter(meant), None)


def _place(header: Sequence[Hashable], where: str) -> tuple[dict[str, int], list[str], list[str]]:
    """(column by meaning, unknown headers, lies), refusing doubles and foreign units."""
    found: dict[str, int] = {}
    unknown: list[str] = []
    lies: list[str] = []
    for index, cell in enumerate(header):
        name, unit, words = _normal(cell)
        if name in _LIES:
            lies.append(f"the column {shown(cell)!r} says {_LIES[name]}")
            continue
        meaning = _meaning(name, words, cell, where)
        if meaning is None:
            if name or words:
                unknown.append(shown(cell))
        elif meaning in found:
            first = shown(header[found[meaning]])
            raise _refusal(where, f"two columns mean {meaning}: {first!r} and {shown(cell)!r}")
        else:
            _check_unit(meaning, unit, cell, where)
            found[meaning] = index
    return found, unknown, lies


def header_words(header: Sequence[Hashable], extra: Mapping[str, str]) -> dict[str, int]:
    """Column by meaning of a header of any table, with meanings of its own in `extra`."""
    found: dict[str, int] = {}
    for index, cell in enumerate(header):
        name, *_ = _normal(cell)
        meaning = _MEANINGS.get(name) or extra.get(name)
        if meaning:
            found.setdefault(meaning, index)
    return found


def _check_unit(meaning: str, unit: str | None, cell: Hashable, where: str) -> None:
    if meaning == "hour" and unit in ("utc", "gmt"):
        raise _refusal(where, f"the column {shown(cell)!r} is not in Korean time")
    pollutant = pollutants().get(meaning)
    if pollutant is None or unit is None:
        return
    if _UNITS.get(unit) != pollutant.unit:
        raise _refusal(
            where,
            f"the column {shown(cell)!r} is not in {pollutant.unit}, the unit of confirmed data",
        )


def is_title(cells: Sequence[Hashable], where: str) -> bool:
    """Whether a row above a header is a title. Raises `InputError` where it names a unit in which
    confirmed data never are."""
    text = " ".join(filled := [text_of(cell) for cell in cells if text_of(cell)])
    if len(filled) > MOST_OF_TITLE or header_words(cells, {}):
        return False
    if "ppb" in text.casefold():
        raise _refusal(where, f"the line {shown(text)!r} above its header is of ppb, not ppm")
    return True


def is_units(cells: Sequence[Hashable], columns: Columns, where: str) -> bool:
    """Whether the row under a header is one of units, which are checked as those of a header."""
    filled = {at: _plain_unit(cell) for at, cell in enumerate(cells) if text_of(cell)}
    if not filled or columns.hour in filled or columns.name in filled:
        return False
    if not all(unit in _UNITS or unit == "ppb" for unit in filled.values()):
        return False
    for key, at in columns.values:
        _check_unit(key, filled.get(at), cells[at], where)
    return True


def _plain_unit(cell: Hashable) -> str:
    text = unicodedata.normalize("NFKC", text_of(cell)).casefold()
    return re.sub(r"[\s()\[\]]", "", text)


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
    if any(read_hour(cell) is not None for cell in header):
        raise _refusal(where, "it has no header row: its first row is already data")
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

"""Real-time items as AirKorea prints them, by the `ver` that was asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from aq.domain.clock import from_hour_number, kst
from aq.simulator.cai import Facts
from aq.simulator.noise import Floats
from aq.simulator.weather import POLLUTANTS
from aq.simulator.world import DIGITS, FLAGS, NONE, Block

Row = dict[str, object]


def label(hour: datetime) -> str:
    """An hour's end as AirKorea writes it: 01:00 to 24:00."""
    local = kst(hour)
    if local.hour:
        return local.strftime("%Y-%m-%d %H:00")
    return (local - timedelta(days=1)).strftime("%Y-%m-%d 24:00")


def clock_hour(number: int) -> str:
    """`label` of an hour number."""
    return label(from_hour_number(number))


def version(text: str | None) -> float:
    """`ver` as a number; absent or unreadable is the oldest answer."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A block and what upstream computes of it; `facts` begin `before` hours later."""

    block: Block
    facts: Facts
    before: int


def item(measured: Measured, row: int, place: int, ver: float) -> Row:
    """One station's item for the `row`-th hour that has facts, without station and time.

    Fields come with `ver`: 1.0 PM2.5, 1.1 predicted means, 1.3 hour grades, 1.5 one more digit of
    the gases.
    """
    block, facts, before = measured.block, measured.facts, measured.before
    keys = [key for key in POLLUTANTS if key != "pm25" or ver >= 1.0]
    out: Row = {}
    for key in keys:
        value = int(block.values[key][before + row, place])
        flag = int(block.flags[key][before + row, place])
        out[f"{key}Value"] = printed(value, key, fine=ver >= 1.5)
        out[f"{key}Flag"] = FLAGS[flag] or None
        out[f"{key}Grade"] = _whole_cell(facts.grade[key], row, place)
        if key in facts.day and ver >= 1.1:
            out[f"{key}Value24"] = _whole_cell(facts.day[key], row, place) or "-"
        if key in facts.grade_1h and ver >= 1.3:
            out[f"{key}Grade1h"] = _whole_cell(facts.grade_1h[key], row, place)
    out["khaiValue"] = _whole_cell(facts.khai, row, place) or "-"
    out["khaiGrade"] = _whole_cell(facts.khai_grade, row, place)
    return out


def silent(ver: float) -> Row:
    """The item of a station that gives nothing any more."""
    out: Row = {}
    for key in POLLUTANTS:
        if key != "pm25" or ver >= 1.0:
            out |= {f"{key}Value": "-", f"{key}Flag": None, f"{key}Grade": None}
            if key in ("pm10", "pm25") and ver >= 1.1:
                out[f"{key}Value24"] = "-"
            if key in ("pm10", "pm25") and ver >= 1.3:
                out[f"{key}Grade1h"] = None
    return out | {"khaiValue": "-", "khaiGrade": None}


def printed(value: int, key: str, fine: bool) -> str:
    """A concentration in upstream's digits; ``-`` for none."""
    if value == NONE:
        return "-"
    digits = DIGITS[key]
    if digits and not fine:
        value, digits = (value + 5) // 10, digits - 1
    return f"{value / 10**digits:.{digits}f}"


def _whole_cell(values: Floats, row: int, place: int) -> str | None:
    value = values[row, place]
    return None if np.isnan(value) else str(int(value))


def scaled(block: Block, factor: float) -> Block:
    """The block with every number multiplied, for answers that take back what they said."""
    values = {
        key: np.where(v == NONE, NONE, np.rint(v * factor).astype(np.int64))
        for key, v in block.values.items()
    }
    return Block(block.hours, block.sites, values, block.flags, block.there)

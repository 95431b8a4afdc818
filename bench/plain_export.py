"""The plain way to the file that `aq export` writes: the table into a data frame, columns added,
`to_csv` or `to_parquet`. A process of its own: `python -m bench.plain_export URL AFTER UNTIL FILE`.
"""

import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import create_engine, text

from aq.domain.pollutants import KEYS, pollutants
from aq.domain.provinces import BY_ID
from aq.feeds.registry import FEED_IDS, INFO
from aq.paths import SHIPPED

STANDARD = "airkorea_1h"
QUERY = text("SELECT * FROM province_hour WHERE hour > :after AND hour <= :until")


def main(url: str, after: str, until: str, path: str) -> None:
    """Write the province hours with after < hour <= until [hours since 1970, UTC]."""
    with create_engine(url).connect() as connection:
        asked = {"after": int(after), "until": int(until)}
        wide = pd.read_sql(QUERY, connection, params=asked)
    wide["at"] = pd.to_datetime(wide["hour"] * 3600, unit="s", utc=True).dt.tz_convert("Asia/Seoul")
    rules = tomllib.loads((SHIPPED / "standards" / f"{STANDARD}.toml").read_text("utf-8"))
    long = pd.concat([_long(wide, key, place, rules) for place, key in enumerate(KEYS)])
    long = long.sort_values(["hour", "place", "order"]).drop(columns=["hour", "place", "order"])
    if Path(path).suffix == ".csv":
        long["at"] = long["at"].dt.strftime("%Y-%m-%dT%H:%M:%S+09:00")
        long.to_csv(path, index=False)
    else:
        long.to_parquet(path, index=False)


def _long(wide: pd.DataFrame, key: str, place: int, rules: dict[str, Any]) -> pd.DataFrame:
    """The rows of one pollutant, with the columns of an export."""
    pollutant, levels = pollutants()[key], rules["levels"]
    names = {number: name for name, number in FEED_IDS.items()}
    heard, expected = wide[f"{key}_n"], wide[f"{key}_exp"]
    # Half up, as the product rounds; numpy and pandas round half to even.
    value = np.floor(wide[f"{key}_sum"] / heard + 0.5) / pollutant.scale
    table = rules["pollutants"][key]
    step = 10 ** table["digits"]
    lows = [row[0] - 0.5 / step for row in table["rows"][1:]]
    grade = pd.cut(value, [-np.inf, *lows, np.inf], right=False, labels=False) + 1
    feed = wide["feed"].map(names)
    return pd.DataFrame(
        {
            "hour": wide["hour"],
            "place": wide["province"],
            "order": place,
            "province": wide["province"].map({n: one.ko for n, one in BY_ID.items()}),
            "code": wide["province"].map({n: one.code for n, one in BY_ID.items()}),
            "station": None,
            "station_code": None,
            "network": "도시대기",
            "pollutant": key,
            "at": wide["at"],
            "value": value.round(pollutant.digits),
            "unit": pollutant.unit,
            "averaging": "1h",
            "zone": "KST, hour end",
            "index": None,
            "dominant": None,
            "grade": grade,
            "letter": grade.map({n: one["letter"] for n, one in enumerate(levels, 1)}),
            "label": grade.map({n: one["label"]["ko"] for n, one in enumerate(levels, 1)}),
            "standard": rules["id"],
            "standard_version": rules["version"],
            "in_force": True,
            "feed": feed,
            "kind": feed.map({name: one.kind for name, one in INFO.items()}),
            "status": feed.map({name: one.status for name, one in INFO.items()}),
            "flag": None,
            "stations": heard,
            "stations_expected": expected,
            "coverage": (heard / expected).round(3),
            "thin": 2 * heard < expected,
            "missing_reason": None,
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

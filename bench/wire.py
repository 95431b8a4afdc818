"""A year of a province's hours as a chart: what goes over the wire."""

import sqlite3
from datetime import date

import numpy as np

from aq.domain.clock import day_bounds, hour_number
from aq.domain.pollutants import pollutants
from aq.feeds.registry import FEED_IDS
from bench import data
from bench.data import Stores, open_runtime
from bench.report import Case, Goal, faster

CODE, PROVINCE, KEY = "KR-11", 1, "pm25"
BOUNDS = day_bounds(date(2024, 12, 31))[1], day_bounds(date(2025, 12, 31))[1]


def ours(url: str) -> tuple[int, bool]:
    """Bytes of our chart, and whether its line has both extremes and breaks at every gap."""
    from aq.i18n import text_in
    from aq.queries.frames import line
    from aq.web.charts import province_line as charts
    from aq.web.charts.downsample import stretches
    from aq.web.charts.theme import palette

    context = open_runtime(url)
    rules = context.standards["airkorea_1h"]
    frame = line(context, PROVINCE, KEY, *BOUNDS, standard=rules)
    style = charts.LineStyle(
        standard=rules, pollutant=KEY, unit=pollutants()[KEY].unit, digits=0, revision="year"
    )
    figure = charts.province_line(frame, style, text_in("ko"), palette(False))
    values = frame["value"].to_numpy("float32")  # as the chart has them
    drawn = [np.asarray(one.y, "float32") for one in figure.data if one.mode == "lines"]
    kept = max((one for one in drawn if len(one) > 100), key=len)
    whole = np.nanmax(kept) == np.nanmax(values) and np.nanmin(kept) == np.nanmin(values)
    same_gaps = len(stretches(kept)) == len(stretches(values))
    return len(figure.to_json().encode()), bool(whole and same_gaps)


def plain(url: str) -> int:
    """Bytes of a full Plotly line of the same hours, as data frames are usually drawn."""
    import pandas as pd
    import plotly.express as px

    after, until = (hour_number(one) for one in BOUNDS)
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        frame = pd.read_sql(
            f"SELECT hour, {KEY}_sum * 1.0 / nullif({KEY}_n, 0) / 10 AS value FROM province_hour"
            " WHERE province = ? AND feed = ? AND hour > ? AND hour <= ?",
            connection,
            params=(PROVINCE, FEED_IDS["archive"], after, until),
        )
    at = pd.to_datetime(frame["hour"] * 3600, unit="s", utc=True).dt.tz_convert("Asia/Seoul")
    # As lists: the common form, and what a chart made of Python's own values has.
    times = at.dt.strftime("%Y-%m-%dT%H:%M:%S%z").tolist()
    figure = px.line(x=times, y=frame["value"].tolist(), template="plotly")
    return len(figure.to_json().encode())


def run(stores: Stores) -> list[Case]:
    """The chart's bytes beside those of a full one, and of its numbers alone (four bytes each)."""
    data.say("chart of a year")
    url = stores.url(data.YEARS)
    size, whole = ours(url)
    full = plain(url)
    hours = hour_number(BOUNDS[1]) - hour_number(BOUNDS[0])
    return [
        Case(
            bench="wire",
            case="history chart, a year of hours",
            unit="B",
            runs=1,
            ours=size,
            plain=full,
            limit=4 * hours,
            goals=(
                faster("full Plotly JSON, smaller", full, size, 6),
                Goal(text="extremes and gaps kept", found=float(whole), bound=1),
            ),
        )
    ]

"""Words of a trend: a verdict for citizens, and how it was found."""

import pandas as pd

from aq.domain.pollutants import pollutants
from aq.domain.trend import DRAWS, LEAST_STRETCH, Stretch, Trend
from aq.i18n import Text
from aq.web.wording.korean import number

# Under ten years, weather that stays for some years looks like a trend.
FEW_YEARS = 10


def verdict(table: pd.DataFrame, one: Trend | None, key: str, text: Text) -> str:
    """The trend in a citizen's words."""
    if one is None:
        return text("too few months to tell a trend")
    years = _years(table)
    if not one.certain:
        return text("over {n} years no change that stands out from chance", n=years)
    amount = f"{amount_words(abs(one.slope), key)} {pollutants()[key].unit}"
    if one.slope < 0:
        return text(
            "over {n} years lower by {amount} each year, hardly by chance", n=years, amount=amount
        )
    return text(
        "over {n} years higher by {amount} each year, hardly by chance", n=years, amount=amount
    )


def _years(table: pd.DataFrame) -> str:
    """Years from the first to the last month that counts, as `10` or `3.5`."""
    places = [place for place, counts in enumerate(table["counts"]) if counts]
    years = number((places[-1] - places[0] + 1) / 12, 1)
    return years.removesuffix(".0")


def amount_words(value: float, key: str) -> str:
    """A change a year: a digit more than values have."""
    return number(value, pollutants()[key].digits + 1)


def rules(one: Trend | None, stretches: list[Stretch], text: Text) -> list[str]:
    """How the trend was found, in a few sentences."""
    lines = [
        text(
            "A month counts with three quarters of its hours of one source; hollow dots do not"
            " count. Measured and modelled months are not mixed."
        )
    ]
    if one is not None:
        lines.append(
            text(
                "Dashed: Sen's slope with the seasonal Mann–Kendall test, each calendar month"
                " compared with itself. The interval is of {n} series resampled in blocks of"
                " {block} months.",
                n=DRAWS,
                block=one.block,
            )
        )
        if one.months < 12 * FEW_YEARS:
            lines.append(
                text(
                    "Under ten years, weather of some years can look like a trend; read with care."
                )
            )
    if stretches:
        lines.append(
            text(
                "Solid: smoothed by STL, only over {n} months or more without one that does not"
                " count.",
                n=LEAST_STRETCH,
            )
        )
    return lines

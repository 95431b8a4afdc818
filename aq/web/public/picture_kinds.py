"""Which pictures there are to take away, and what some of them are asked beside the rest."""

from collections.abc import Callable, Mapping, Sequence

from aq.domain.errors import InputError
from aq.domain.provinces import Province
from aq.web.public import embeds
from aq.web.public.figure import Figure
from aq.web.public.past_pictures import (
    acts_figure,
    bars_figure,
    days_figure,
    forecasts_figure,
    rhythm_figure,
    trend_figure,
)
from aq.web.public.pictures import calendar_figure, map_figure
from aq.web.public.range_pictures import carpet_figure, line_figure
from aq.web.public.record_pictures import (
    episodes_figure,
    gaps_figure,
    hour_figure,
    rule_figure,
    stations_figure,
)

PNG_WIDTH = 1200  # pixels
PICTURES: Mapping[str, Callable[..., Figure]] = {
    "map": map_figure,
    "line": line_figure,
    "calendar": calendar_figure,
    "carpet": carpet_figure,
    "days": days_figure,
    "forecasts": forecasts_figure,
    "acts": acts_figure,
    "bars": bars_figure,
    "rhythm": rhythm_figure,
    "trend": trend_figure,
    "episodes": episodes_figure,
    "gaps": gaps_figure,
    "stations": stations_figure,
    "hour": hour_figure,
    "rule": rule_figure,
}
# Parameters that some kinds alone take.
OWN = {
    "at": ("hour",),
    "rule": ("rule",),
    "since": ("line", "carpet"),
    "until": ("line", "carpet"),
}
PARAMETERS = (*(name for name in embeds.PARAMETERS if name != "layout"), *OWN)
# Kinds that draw several provinces, where some are asked for.
OF_SEVERAL = ("map", "line")


def own(kind: str, query: Mapping[str, str]) -> dict[str, str]:
    """What of a query is for this kind alone. Raises `InputError` for what is another's."""
    for name, takers in OWN.items():
        if name in query and kind not in takers:
            raise InputError(f"the picture {' or '.join(takers)} alone takes this", name)
    return {name: query[name] for name in OWN if name in query}


def chosen(kind: str, provinces: Sequence[Province]) -> dict[str, Sequence[Province]]:
    """The provinces that a kind of several draws. Raises `InputError` where one alone is drawn."""
    if kind in OF_SEVERAL:
        return {"places": provinces}
    if len(provinces) > 1:
        raise InputError(
            f"one province at a time; {' and '.join(OF_SEVERAL)} take several", "provinces"
        )
    return {}

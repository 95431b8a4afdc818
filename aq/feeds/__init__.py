"""The live feeds by name, and how each is made from the settings and bound to the session."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from aq.feeds.base import Feed, Get

if TYPE_CHECKING:
    from aq.feeds.http import Http
    from aq.settings import Settings


def _airkorea(settings: "Settings") -> Feed:
    from aq.feeds.airkorea.client import AirKorea  # noqa: PLC0415 - read only when the feed is in use

    del settings
    return AirKorea()


def _openmeteo(settings: "Settings") -> Feed:
    from aq.feeds.openmeteo import OpenMeteo  # noqa: PLC0415 - read only when the feed is in use

    points = settings.provinces.points
    return OpenMeteo(
        tuple((code, point.latitude, point.longitude) for code, point in points.items())
    )


def _forecast(settings: "Settings") -> Feed:
    from aq.feeds.airkorea.forecasts import AirKoreaForecast  # noqa: PLC0415 - as above

    del settings
    return AirKoreaForecast()


def _alarm(settings: "Settings") -> Feed:
    from aq.feeds.airkorea.advisories import AirKoreaAlarm  # noqa: PLC0415 - as above

    del settings
    return AirKoreaAlarm()


FEEDS: dict[str, Callable[["Settings"], Feed]] = {"airkorea": _airkorea, "openmeteo": _openmeteo}
# Feeds of notices: no readings. They are asked with the key and at the address of another feed.
NOTICE_FEEDS: dict[str, Callable[["Settings"], Feed]] = {
    "airkorea_forecast": _forecast,
    "airkorea_alarm": _alarm,
}
SERVED_BY = dict.fromkeys(NOTICE_FEEDS, "airkorea")
# The query parameter that carries a feed's key, where it takes one.
KEY_PARAMETERS = {"airkorea": "serviceKey", "openmeteo": "apikey"}
# Upstream spells it otherwise in one old service.
OTHER_KEY_PARAMETERS = {"airkorea": {"UserSportSvc/getSvckeyDalyStats": "ServiceKey"}}


def make(name: str, settings: "Settings") -> Feed:
    """The feed called `name`; raises ``KeyError`` for one that is not registered."""
    return (FEEDS | NOTICE_FEEDS)[name](settings)


def client(http: "Http", name: str, feed: Feed, settings: "Settings") -> Get:
    """The feed's call, bound to its URL, key, limits and its own reading of refusals."""
    served = SERVED_BY.get(name, name)
    own = getattr(settings.feeds, served)
    return http.client(
        name,
        own.url,
        key=(KEY_PARAMETERS[served], own.key) if own.key else None,
        key_names=OTHER_KEY_PARAMETERS.get(name),
        daily_limit=own.daily_limit,
        refusal=feed.refusal,
        timeout=own.timeout_seconds,
        deadline=own.deadline_seconds,
    )

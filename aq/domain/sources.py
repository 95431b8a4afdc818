"""What each feed is: kind, status, whose it is and under which licence; shown beside its values."""

from aq.domain.model import (
    CONFIRMED,
    FORECAST,
    MODELLED,
    OBSERVED,
    OFFICIAL,
    PRELIMINARY,
    FeedInfo,
)

# Terms as stated on data.go.kr (service 15073861) and open-meteo.com, read November 2026.
AIRKOREA = FeedInfo(
    name="airkorea",
    title="AirKorea",
    kind=OBSERVED,
    status=PRELIMINARY,
    attribution="한국환경공단 에어코리아 (Korea Environment Corporation, AirKorea)",
    licence="KOGL type 3 (attribution, no derivatives)",
    link="https://www.airkorea.or.kr",
    resolution="station, 1 h",
    pooled=True,
)
ARCHIVE = FeedInfo(
    name="archive",
    title="AirKorea confirmed data",
    kind=OBSERVED,
    status=CONFIRMED,
    attribution="한국환경공단 에어코리아 (Korea Environment Corporation, AirKorea)",
    licence="KOGL type 3 (attribution, no derivatives)",
    link="https://www.airkorea.or.kr",
    resolution="station, 1 h",
    pooled=True,
)
AIRKOREA_MEANS = FeedInfo(
    name="airkorea_means",
    title="AirKorea's own province means",
    kind=OBSERVED,
    status=PRELIMINARY,
    attribution="한국환경공단 에어코리아 (Korea Environment Corporation, AirKorea)",
    licence="KOGL type 3 (attribution, no derivatives)",
    link="https://www.airkorea.or.kr",
    resolution="province, 1 h",
)
OPENMETEO = FeedInfo(
    name="openmeteo",
    title="Open-Meteo",
    kind=MODELLED,
    status=None,
    attribution="Air quality data by Open-Meteo (CAMS)",
    licence="CC BY 4.0; the free service is for non-commercial use",
    link="https://open-meteo.com",
    resolution="45 km grid, 3-hourly steps interpolated to hours",
)
INFO = {one.name: one for one in (ARCHIVE, AIRKOREA, AIRKOREA_MEANS, OPENMETEO)}

# Notices of the authority: words and acts, not measurements; never a source of values.
AIRKOREA_FORECAST = FeedInfo(
    name="airkorea_forecast",
    title="AirKorea forecast",
    kind=FORECAST,
    status=None,
    attribution="한국환경공단 에어코리아 (Korea Environment Corporation, AirKorea)",
    licence="KOGL type 3 (attribution, no derivatives)",
    link="https://www.airkorea.or.kr",
    resolution="19 regions, 1 day",
)
AIRKOREA_ALARM = FeedInfo(
    name="airkorea_alarm",
    title="AirKorea advisories",
    kind=OFFICIAL,
    status=None,
    attribution="한국환경공단 에어코리아 (Korea Environment Corporation, AirKorea)",
    licence="KOGL type 3 (attribution, no derivatives)",
    link="https://www.airkorea.or.kr",
    resolution="advisory zone",
)
NOTICES = {one.name: one for one in (AIRKOREA_FORECAST, AIRKOREA_ALARM)}
EVERY = {**INFO, **NOTICES}


# Upstream's own province series: kept apart, compared, and read only where no station's value is
# there (`aq.domain.selection`).
UPSTREAM_MEANS = "airkorea_means"
FEED_IDS = {"archive": 1, "airkorea": 2, "openmeteo": 3, UPSTREAM_MEANS: 4}


FEED_NAMES = {number: name for name, number in FEED_IDS.items()}


DAYS = "ArpltnInforInqireSvc/getMinuDustFrcstDspth"


WEEK = "ArpltnInforInqireSvc/getMinuDustWeekFrcstDspth"


DUST = "UlfptcaAlarmInqireSvc/getUlfptcaAlarmInfo"


OZONE = "OzYlwsndOccrrncInforInqireSvc/getOzAdvsryOccrrncInfo"

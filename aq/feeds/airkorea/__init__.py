"""AirKorea's services: what is asked of each, and what an answer says."""

from dataclasses import replace
from datetime import datetime, timedelta

from aq.domain.call_plan import REREAD
from aq.domain.clock import kst
from aq.domain.model import FORECAST, OBSERVED, OFFICIAL, PRELIMINARY, FeedInfo
from aq.feeds.base import Feed
from aq.feeds.spec import FeedSettings, FeedSpec, Operation, Places, Service

# Terms as stated on data.go.kr (service 15073861), read November 2026.
AIRKOREA = FeedInfo(
    name="airkorea",
    number=2,
    title="AirKorea",
    kind=OBSERVED,
    status=PRELIMINARY,
    attribution="한국환경공단 에어코리아 (Korea Environment Corporation, AirKorea)",
    licence="KOGL type 3 (attribution, no derivatives)",
    link="https://www.airkorea.or.kr",
    resolution="station, 1 h",
    pooled=True,
)
AIRKOREA_MEANS = replace(
    AIRKOREA,
    name="airkorea_means",
    number=4,
    title="AirKorea's own province means",
    resolution="province, 1 h",
    pooled=False,
    means_of="airkorea",
)
# Notices of the authority: words and acts, not measurements; never a source of values.
AIRKOREA_FORECAST = replace(
    AIRKOREA_MEANS,
    name="airkorea_forecast",
    number=None,
    means_of=None,
    title="AirKorea forecast",
    kind=FORECAST,
    status=None,
    resolution="19 regions, 1 day",
)
AIRKOREA_ALARM = replace(
    AIRKOREA_FORECAST,
    name="airkorea_alarm",
    title="AirKorea advisories",
    kind=OFFICIAL,
    resolution="advisory zone",
)

REALTIME = "ArpltnInforInqireSvc/getCtprvnRltmMesureDnsty"
STATION_HISTORY = "ArpltnInforInqireSvc/getMsrstnAcctoRltmMesureDnsty"
STATIONS = "MsrstnInfoInqireSvc/getMsrstnList"
PROVINCE_MEANS = "ArpltnStatsSvc/getCtprvnMesureLIst"  # the capital I is upstream's own
CITY_MEANS = "ArpltnStatsSvc/getCtprvnMesureSidoLIst"
STATION_DAYS = "ArpltnStatsSvc/getMsrstnAcctoRDyrg"
STATION_MONTHS = "ArpltnStatsSvc/getMsrstnAcctoRMmrg"
CALL_COUNTS = "UserSportSvc/getSvckeyDalyStats"
DAYS = "ArpltnInforInqireSvc/getMinuDustFrcstDspth"
WEEK = "ArpltnInforInqireSvc/getMinuDustWeekFrcstDspth"
OVER = "MinuDustFrcstDspthSvc/getMinuDustFrcstDspth50Over"
YELLOW = "OzYlwsndOccrrncInforInqireSvc/getYlwsndAdvsryOccrrncInfo"
DUST = "UlfptcaAlarmInqireSvc/getUlfptcaAlarmInfo"
OZONE = "OzYlwsndOccrrncInforInqireSvc/getOzAdvsryOccrrncInfo"

# Upstream counts calls by these names of its services: SC-OA-09-01 to -05 of its interface
# document, as public clients quote them (the documented sample has the first). Those of newer
# services are not known.
SERVICES = (
    Service(
        name="MsrstnInfoInqireSvc",
        counted_as="측정소정보 조회 서비스",
        words={"en": "list of stations", "ko": "측정소 정보"},
    ),
    Service(
        name="ArpltnInforInqireSvc",
        counted_as="대기오염정보 조회 서비스",
        words={"en": "readings and forecasts", "ko": "측정값과 예보"},
    ),
    Service(
        name="ArpltnStatsSvc",
        counted_as="대기오염통계 서비스",
        words={"en": "air pollution statistics", "ko": "대기오염 통계"},
    ),
    Service(
        name="OzYlwsndOccrrncInforInqireSvc",
        counted_as="오존황사 발생정보조회 서비스",
        words={"en": "ozone and yellow dust", "ko": "오존·황사 발생 정보"},
    ),
    Service(
        name="UlfptcaAlarmInqireSvc",
        counted_as="미세먼지 경보 정보 조회 서비스",
        words={"en": "fine dust advisories", "ko": "미세먼지 경보 정보"},
    ),
    Service(
        name="MinuDustFrcstDspthSvc",
        words={"en": "forecasts of PM2.5 above 50 µg/m³", "ko": "초미세먼지 50 µg/m³ 초과 예보"},
    ),
    Service(name="UserSportSvc", words={"en": "count of calls", "ko": "호출 수 조회"}),
)

# Issued at 05, 11, 17 and 23 within about ten minutes, the weekly one about 17:30.
FORECAST_AT = tuple(
    timedelta(hours=hour, minutes=minute)
    for hour, minute in (
        *((5, 15), (5, 45), (11, 15), (11, 45)),
        *((17, 15), (17, 45), (18, 15), (23, 15), (23, 45)),
    )
)


class AirKoreaSettings(FeedSettings):
    """Where AirKorea's services are, and the key from data.go.kr."""

    url: str = "https://apis.data.go.kr/B552584"


def _stations(places: Places) -> Feed:
    from aq.feeds.airkorea.client import AirKorea  # noqa: PLC0415 - read where the feed is in use

    del places
    return AirKorea()


def _forecasts(places: Places) -> Feed:
    from aq.feeds.airkorea.forecasts import AirKoreaForecast  # noqa: PLC0415 - as above

    del places
    return AirKoreaForecast()


def _advisories(places: Places) -> Feed:
    from aq.feeds.airkorea.advisories import AirKoreaAlarm  # noqa: PLC0415 - as above

    del places
    return AirKoreaAlarm()


def _issue_days(_day: datetime) -> int:
    """The day that is issued for and the one before, as the newest notice may be yesterday's."""
    return 2


def _years(moment: datetime) -> int:
    """A list is asked for by year, and last year's again for some days after New Year."""
    return kst(moment).year - kst(moment - REREAD).year + 1


def rereads_last_year(moment: datetime) -> bool:
    """Whether a poll of this moment asks again for last year's ozone and yellow dust: in every
    sixth hour (05, 11, 17, 23 KST), so that the calls of all operations together stay within a
    limit of 500 a day. Nothing in these lists is in force for long over New Year; fine dust may be,
    and its list is asked for at every poll."""
    return kst(moment).hour % 6 == 5


def _years_seldom(moment: datetime) -> int:
    return _years(moment) if rereads_last_year(moment) else 1


SPECS = (
    FeedSpec(
        info=AIRKOREA,
        words={"en": "AirKorea", "ko": "에어코리아"},
        make=_stations,
        settings=AirKoreaSettings,
        key_parameter="serviceKey",
        services=SERVICES,
        operations=(
            Operation(name=REALTIME, words={"en": "measurements", "ko": "측정값"}),
            Operation(name=STATIONS, words={"en": "station list", "ko": "측정소 목록"}, once=1),
            # Six pollutants, a call each.
            Operation(
                name=PROVINCE_MEANS, words={"en": "province means", "ko": "시도 평균"}, once=6
            ),
            # A call for each province; the last two days; the month before. They are only
            # compared, so hours that are missing come first.
            Operation(
                name=CITY_MEANS,
                part="cities",
                words={"en": "city means", "ko": "시군구 평균"},
                once=17,
                yields=True,
            ),
            Operation(
                name=STATION_DAYS,
                part="days",
                words={"en": "station days", "ko": "측정소 일평균"},
                once=2,
                yields=True,
            ),
            Operation(
                name=STATION_MONTHS,
                part="months",
                words={"en": "station months", "ko": "측정소 월평균"},
                once=1,
                yields=True,
            ),
            Operation(name=STATION_HISTORY, words={"en": "station history", "ko": "측정소별 이력"}),
            Operation(
                name=CALL_COUNTS,
                words={"en": "count of calls", "ko": "호출 수 조회"},
                once=1,
                key_parameter="ServiceKey",  # spelled otherwise in this old service
            ),
        ),
    ),
    FeedSpec(
        info=AIRKOREA_MEANS,
        words={"en": "AirKorea’s own province means", "ko": "에어코리아 시도 평균"},
    ),
    FeedSpec(
        info=AIRKOREA_FORECAST,
        words={"en": "AirKorea forecast", "ko": "에어코리아 예보"},
        make=_forecasts,
        served_by="airkorea",
        times=FORECAST_AT,
        operations=(
            Operation(
                name=DAYS,
                part="days",
                words={"en": "forecasts, today to the day after tomorrow", "ko": "예보(오늘~모레)"},
                each=_issue_days,
            ),
            Operation(
                name=WEEK,
                part="weeks",
                words={"en": "forecasts, three to six days ahead", "ko": "예보(사흘~엿새 뒤)"},
                each=_issue_days,
            ),
            Operation(
                name=OVER,
                part="over50",
                words={
                    "en": "forecasts of PM2.5 above 50 µg/m³",
                    "ko": "초미세먼지 50 µg/m³ 초과 예보",
                },
                each=_issue_days,
            ),
        ),
    ),
    FeedSpec(
        info=AIRKOREA_ALARM,
        words={"en": "AirKorea advisories", "ko": "에어코리아 특보"},
        make=_advisories,
        served_by="airkorea",
        operations=(
            Operation(
                name=DUST,
                part="dust",
                words={"en": "advisories of fine dust", "ko": "미세먼지 특보"},
                each=_years,
            ),
            Operation(
                name=OZONE,
                part="ozone",
                words={"en": "advisories of ozone", "ko": "오존 특보"},
                each=_years_seldom,
            ),
            Operation(
                name=YELLOW,
                part="yellow",
                words={"en": "acts of yellow dust", "ko": "황사 발표"},
                each=_years_seldom,
            ),
        ),
    ),
)

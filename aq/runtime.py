"""Puts the parts together from the settings: the one place that knows them all."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, partial

from aq import feeds
from aq.alert_points import Reader
from aq.alert_rules import channel_names, ship_rules
from aq.alerts import Known
from aq.channels import Outlets, load_outlets
from aq.clock import Clock
from aq.collect import Collector
from aq.errors import ConfigError
from aq.feeds.airkorea_notices import NoticeService
from aq.feeds.base import Feed, Get
from aq.filling import Filler
from aq.grade import Standard, load_standards
from aq.http import Http
from aq.notices import NoticeCollector
from aq.notify import Notifier
from aq.paths import config_dir
from aq.redact import install as install_redaction
from aq.regrade import regrade
from aq.schedule import (
    Job,
    Report,
    Scheduler,
    daily_slot,
    fill_jobs,
    jobs,
    notice_jobs,
    owner_name,
    watched,
)
from aq.settings import Settings
from aq.settings import load as load_settings
from aq.store import Store, open_store
from aq.store.engine import migrate
from aq.store.partitions import keep_years
from aq.store.runs import CallLedger, tidy
from aq.watch import WatchReport, watch

TIDY_AT, YEARS_AT = timedelta(hours=4, minutes=44), timedelta(hours=4, minutes=52)
RETAIN_AT = timedelta(hours=5, minutes=8)
# Their grades are kept with every hour and day; those of other standards are computed.
STORED_STANDARDS = ("airkorea_1h", "airkorea")


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """A process's store, standards and clock; `limits` are standards that only allow a number of
    days a year above a limit, and are not there to be shown by."""

    settings: Settings
    clock: Clock
    store: Store
    standards: dict[str, Standard]
    limits: dict[str, Standard] = field(default_factory=dict)
    outlets: Outlets = field(default_factory=Outlets)

    @property
    def stored_standards(self) -> tuple[Standard, ...]:
        """The standards whose grades are written with each hour."""
        return tuple(self.standards[name] for name in STORED_STANDARDS)

    def collector(self) -> Collector:
        """A collector over the live feeds, with its HTTP session."""
        http = Http(CallLedger(self.store), self.clock.now)
        made: dict[str, Feed] = {}
        gets: dict[str, Get] = {}
        for name in self.settings.live_feeds:
            feed = feeds.make(name, self.settings)
            made[name] = feed
            gets[name] = feeds.client(http, name, feed, self.settings)
        return Collector(
            store=self.store,
            feeds=made,
            gets=gets,
            standards=self.stored_standards,
            provinces=self.settings.provinces,
            past_days=self.settings.feeds.openmeteo.past_days,
            complete_share=self.settings.schedule.complete_share,
        )

    def notice_collector(self) -> NoticeCollector:
        """What collects the authority's forecasts and advisories."""
        http = Http(CallLedger(self.store), self.clock.now)
        made = {name: feeds.make(name, self.settings) for name in self.settings.notice_feeds}
        return NoticeCollector(
            store=self.store,
            feeds={name: feed for name, feed in made.items() if isinstance(feed, NoticeService)},
            gets={name: feeds.client(http, name, made[name], self.settings) for name in made},
        )

    def filler(self, collector: Collector | None = None) -> Filler:
        """What fills the gaps of the live feeds."""
        return Filler(
            collector=collector or self.collector(),
            limits={name: self.settings.daily_limit(name) for name in self.settings.live_feeds},
            minutes=self.settings.schedule.minutes,
        )

    @property
    def reader(self) -> Reader:
        """What reads the hours that rules watch."""
        return Reader(
            standards=self.standards,
            prefer=self.settings.feeds.prefer,
            live=self.settings.live_feeds,
        )

    @property
    def known(self) -> Known:
        """What a rule may speak of."""
        return Known(standards=self.standards, channels=channel_names(config_dir()))

    def watch(self) -> WatchReport:
        """Judge what is new by every rule; a store that has no rule gets the shipped ones first."""
        ship_rules(self.store, config_dir(), self.known)
        return watch(self.store, self.reader)

    def notifier(self) -> Notifier:
        """What sends the messages of the outbox."""
        public_url = self.settings.server.public_url
        return Notifier(self.store, self.outlets, owner=owner_name(), public_url=public_url)

    def deliveries(self) -> list[Job]:
        """A job per channel, each minute, so that none waits for another; one for those gone."""
        notifier = self.notifier()
        made = [
            Job(name=f"deliver:{name}", slot=this_minute, run=partial(notifier.drain, name))
            for name in self.outlets.channels
        ]
        return [*made, Job(name="deliver", slot=this_minute, run=notifier.fail_unknown)]

    def _retain(self, now: datetime) -> Report:
        from aq.retention import A_RUN, retain  # noqa: PLC0415 - Parquet is loaded where it is used

        months, folder = self.settings.retention.station_months, self.settings.archive_folder
        return retain(self.store, folder, months, now, most=A_RUN)

    def scheduler(self) -> Scheduler:
        """A scheduler that polls the live feeds, fills their gaps and judges what came."""
        schedule = self.settings.schedule
        # One run for each content of the standards, whoever starts first with it.
        hashes = "-".join(one.hash[:12] for one in self.stored_standards)
        grades = Job(
            name=f"regrade:{hashes}",
            slot=lambda _now: datetime(1970, 1, 1, tzinfo=UTC),
            run=lambda _now: regrade(self.store, self.stored_standards),
        )
        tidying = Job(
            name="tidy",
            slot=partial(daily_slot, at=TIDY_AT),
            run=lambda now: tidy(self.store, now),
        )
        years = Job(
            name="years",
            slot=partial(daily_slot, at=YEARS_AT),
            run=lambda now: keep_years(self.store, now),
        )
        retaining = Job(
            name="retain",
            slot=partial(daily_slot, at=RETAIN_AT),
            run=self._retain,
        )
        collector = self.collector()
        official = notice_jobs(self.notice_collector(), schedule.minutes)
        filling = fill_jobs(self.filler(collector))
        return Scheduler(
            self.store,
            [
                grades,
                tidying,
                *([] if self.store.is_sqlite else [years]),
                *([retaining] if self.settings.retention.station_months else []),
                *watched([*jobs(collector, schedule.minutes), *filling, *official], self.watch),
                *self.deliveries(),
            ],
            self.clock,
            lease=timedelta(seconds=schedule.lease_seconds),
        )


def start(settings: Settings | None = None) -> Runtime:
    """Read settings and standards, open the store and bring its schema up to date."""
    made = assemble(settings)
    migrate(made.store)
    return made


def assemble(settings: Settings | None = None) -> Runtime:
    """Read settings and standards and open the store, whose schema may be none or another."""
    settings = settings or load_settings()
    standards, limits, outlets = read_configuration(settings)
    secrets = [key.get_secret_value() for key in settings.secrets]
    install_redaction([*secrets, *outlets.secrets])
    clock = settings.the_clock
    return Runtime(
        settings=settings,
        clock=clock,
        store=open_store(settings.database_url, clock, settings.archive_folder),
        standards=standards,
        limits=limits,
        outlets=outlets,
    )


def read_configuration(
    settings: Settings,
) -> tuple[dict[str, Standard], dict[str, Standard], Outlets]:
    """The standards, limits and channels beside the settings. Raises `ConfigError`."""
    standards = load_standards(config_dir() / "standards")
    folder = config_dir() / "limits"
    limits = load_standards(folder) if folder.is_dir() else {}
    if settings.display.standard not in standards:
        known = ", ".join(standards)
        raise ConfigError(
            f"unknown standard {settings.display.standard!r}; known are {known}",
            "display.standard (config/aq.toml or AQ_DISPLAY__STANDARD)",
        )
    return dict(standards), limits, load_outlets()


def this_minute(now: datetime) -> datetime:
    """The full minute at or before an instant."""
    return now.replace(second=0, microsecond=0)


@cache
def shared() -> Runtime:
    """The one runtime of a serving process."""
    return start()

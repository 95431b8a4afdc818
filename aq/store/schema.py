"""The store's tables: integer keys, a column per pollutant, every row with its store version."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.schema import SchemaItem

from aq.domain.pollutants import KEYS
from aq.store.instant import Instant

UPSTREAM_GRADES = ("so2", "co", "o3", "no2", "pm10", "pm25", "pm10_1h", "pm25_1h")


metadata = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_N_name)s"}
)


def _table(name: str, *parts: SchemaItem) -> Table:
    # SQLite clusters a table on its primary key only without a rowid.
    return Table(name, metadata, *parts, sqlite_with_rowid=False)


def _measured() -> list[SchemaItem]:
    """What one station said of one hour; `bad` has bit i set when pollutant i must not count."""
    return [
        *(Column(key, Integer) for key in KEYS),
        Column("bad", SmallInteger, nullable=False, server_default="0"),
        Column("flags", Text),  # JSON {pollutant: text}; null when there is none
        Column("khai", SmallInteger),
        Column("khai_grade", SmallInteger),
        Column("pm10_24h", SmallInteger),
        Column("pm25_24h", SmallInteger),
        Column("grades", String(8)),  # upstream's own, in the order of UPSTREAM_GRADES
        Column("version", BigInteger, nullable=False),
    ]


def _pooled() -> list[SchemaItem]:
    """Exact integer sum, count of valid values and count of expected stations per pollutant."""
    columns: list[SchemaItem] = []
    for key in KEYS:
        columns += [
            Column(f"{key}_sum", Integer, nullable=False, server_default="0"),
            Column(f"{key}_n", SmallInteger, nullable=False, server_default="0"),
            Column(f"{key}_exp", SmallInteger),
        ]
    return [
        *columns,
        Column("why", Text),  # JSON {pollutant: reason} for those without a value
        Column("version", BigInteger, nullable=False),
    ]


state = Table(
    "state",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("simulated", Boolean),  # null until the first row; then it never changes
    Column("usable_from", String(90)),  # "SCHEMA OLDEST": whose programs may use a store of it
    CheckConstraint("id = 1", name="ck_state_one_row"),
)

store_version = Table(
    "store_version",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("committed_at", Instant, nullable=False),
    Column("what", Text, nullable=False),
    Column("first_hour", Integer),  # the span of measured hours it wrote; null for none
    Column("last_hour", Integer),
    Index("ix_store_version_committed_at", "committed_at"),
)

station = Table(
    "station",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String(16), unique=True),
    Column("sido", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("province", SmallInteger),  # 1-17; null when nothing known tells
    Column("network", Text),
    Column("address", Text),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("year", SmallInteger),
    Column("items", Text),  # what it measures by the station list, blank-separated keys
    Column("listed_at", Instant),  # when the station list last named it
    Index("ix_station_name", "name"),
    Index("ix_station_province", "province"),
)

# The hours between which a feed has rows of a station: who is expected, who has died.
station_feed = _table(
    "station_feed",
    Column("station", Integer, primary_key=True, autoincrement=False),
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    Column("first_hour", Integer, nullable=False),
    Column("last_hour", Integer, nullable=False),
)

# On PostgreSQL partitioned by year of the hour: `aq.store.partitions`.
station_hour = _table(
    "station_hour",
    Column("station", Integer, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),  # hour end, hours since 1970
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    *_measured(),
    Index("ix_station_hour_hour", "hour", "feed"),
)

station_hour_rev = _table(
    "station_hour_rev",
    Column("station", Integer, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    Column("superseded", BigInteger, primary_key=True, autoincrement=False),
    *_measured(),
)

# Months of station hours that stand in the archive and not here any more.
retained = Table(
    "retained",
    metadata,
    Column("month", Integer, primary_key=True, autoincrement=False),  # 202501
    Column("first_hour", Integer, nullable=False),  # of the month's hours 01-24 KST
    Column("last_hour", Integer, nullable=False),
    Column("file", Text, nullable=False),  # its name in the archive's folder
    Column("sha256", String(64), nullable=False),
    Column("rows", Integer, nullable=False),
    Column("replaced", Integer, nullable=False),  # rows of `station_hour_rev`
    Column("version", BigInteger, nullable=False),  # of the store when it was written
    Column("retained_at", Instant, nullable=False),
)

province_hour = _table(
    "province_hour",
    Column("province", SmallInteger, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    *_pooled(),
    Index("ix_province_hour_hour", "hour", "feed"),
    Index("ix_province_hour_feed", "feed", "province", "hour"),
)

province_hour_rev = _table(
    "province_hour_rev",
    Column("province", SmallInteger, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    Column("superseded", BigInteger, primary_key=True, autoincrement=False),
    *_pooled(),
)

standard = Table(
    "standard",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
)

province_grade = _table(
    "province_grade",
    Column("province", SmallInteger, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    Column("standard", Integer, primary_key=True, autoincrement=False),
    *(Column(key, SmallInteger) for key in KEYS),
    Column("overall", SmallInteger),
    Column("idx", SmallInteger),
    Column("dominant", String(8)),
)

# Days of hours 01-24 KST, pooled from the hours' sums and counts. `day` is days since 1970.
province_day = _table(
    "province_day",
    Column("pollutant", String(8), primary_key=True),
    Column("province", SmallInteger, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    Column("sum", BigInteger, nullable=False),
    Column("n", Integer, nullable=False),
    Column("hours", SmallInteger, nullable=False),  # hours with a value
    Column("max", Integer),  # largest hourly mean, at the store's scale
    Column("max_hour", Integer),
)

province_day_grade = _table(
    "province_day_grade",
    Column("standard", Integer, primary_key=True, autoincrement=False),
    Column("pollutant", String(8), primary_key=True),
    Column("province", SmallInteger, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    Column("h1", SmallInteger, nullable=False),
    Column("h2", SmallInteger, nullable=False),
    Column("h3", SmallInteger, nullable=False),
    Column("h4", SmallInteger, nullable=False),
    Column("worst", SmallInteger),
    Column("grade", SmallInteger),  # of the day's mean; null where no breakpoints are made for it
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", Text, nullable=False),
    Column("slot", Instant, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", String(8), nullable=False),  # running, done, failed
    Column("started", Instant, nullable=False),
    Column("lease_until", Instant, nullable=False),
    Column("finished", Instant),
    Column("report", Text),
    UniqueConstraint("job", "slot", name="uq_run_job_slot"),
    Index("ix_run_started", "started"),
)

feed_state = Table(
    "feed_state",
    metadata,
    Column("feed", String(32), primary_key=True),
    Column("last_attempt", Instant),
    Column("last_ok", Instant),
    Column("failing_since", Instant),
    Column("reason", String(32)),
    Column("detail", Text),
    Column("retry_at", Instant),
    Column("newest_hour", Integer),
    Column("complete_hour", Integer),  # newest hour for which enough stations reported
    Column("stations_listed_at", Instant),
    Column("failures", Integer, nullable=False, server_default="0"),  # since the last success
    Column("pause_until", Instant),  # after repeated failure it is polled less often
)

calls = Table(
    "calls",
    metadata,
    Column("feed", String(32), primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("calls", Integer, nullable=False),
)

# Province hours a feed should have and has not; rebuilt from the store by each look for gaps.
gap = _table(
    "gap",
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    Column("province", SmallInteger, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("cause", String(32), nullable=False),  # why it was missed
    Column("lost", String(32)),  # why it can no longer be had; null while it still can
    Column("recorded", Instant, nullable=False),
)

# What upstream was asked for again, so that no call is made twice for the same hours.
gap_call = Table(
    "gap_call",
    metadata,
    Column("feed", String(32), primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("target", Text, primary_key=True),  # a station's id; the first hour of a range
    Column("asked", Instant, nullable=False),
    Column("first_hour", Integer, nullable=False),
    Column("last_hour", Integer, nullable=False),
)

# When the polls first saw an hour, and when it was in.
publication = _table(
    "publication",
    Column("feed", String(32), primary_key=True),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("seen", Instant, nullable=False),
    Column("complete", Instant),
)

# Upstream's own count of a day's calls, beside ours in `calls`.
upstream_calls = Table(
    "upstream_calls",
    metadata,
    Column("feed", String(32), primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("calls", Integer, nullable=False),
    Column("asked", Instant, nullable=False),
)

# Alerts. Bodies are JSON of the nouns in `aq.alerts`; what is searched or shown stands beside them.
alert_rule = Table(
    "alert_rule",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("since", Integer, nullable=False),  # hours after this one are judged by it
    Column("changed_at", Instant, nullable=False),
)

alert_rule_change = Table(
    "alert_rule_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rule", String(40), nullable=False),
    Column("revision", Integer, nullable=False),  # the one this change made
    Column("at", Instant, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", String(16), nullable=False),  # created changed restored removed
    Column("before", Text),
    Column("after", Text),
    UniqueConstraint("rule", "revision", name="uq_alert_rule_change_revision"),
)

# One row per rule and place; `place` is a province's code, or a feed for rules of late data. All of
# it but `seq` and `last_event` follows from the hours, and is kept to spare long replays.
alert_state = Table(
    "alert_state",
    metadata,
    Column("rule", String(40), primary_key=True),
    Column("place", String(32), primary_key=True),
    Column("version", Integer, nullable=False),  # of this row: a write names the one it read
    Column("revision", Integer, nullable=False),  # of the rule that judged
    Column("phase", String(8), nullable=False),  # clear pending firing unknown
    Column("hour", Integer, nullable=False),  # the last hour judged
    Column("since", Integer),  # first hour at or over the threshold of what goes on now
    Column("last_event", String(64)),
    Column("body", Text, nullable=False),  # aq.alerts.State as of `hour`
    Column("settled", Text, nullable=False),  # checkpoint: aq.alerts.State some days back
    Column("said", Text, nullable=False),  # JSON: the checkpoint's store version, acts in force
    Column("seq", Integer, nullable=False),  # entries of the log so far
    Column("updated_at", Instant, nullable=False),
)

alert_event = Table(
    "alert_event",
    metadata,
    Column("id", String(64), primary_key=True),  # stable: rule, place and running number
    Column("rule", String(40), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("place", String(32), nullable=False),
    Column("province", SmallInteger),  # 1-17; null for a feed
    Column("hour", Integer, nullable=False),  # judged as of this hour
    Column("decided_at", Instant, nullable=False),
    Column("reason", String(8), nullable=False),  # aq.alerts.Reason
    Column("change", String(8), nullable=False),  # the reason without quiet hours and silences
    Column("kind", String(10), nullable=False),  # live backfill catch_up correction
    Column("severity", SmallInteger, nullable=False),  # aq.alerts.SEVERITIES, 1 the least
    Column("before", String(8), nullable=False),  # phases
    Column("after", String(8), nullable=False),
    Column("value", Double),  # pollutant's unit, grade, index, or hours for late data
    Column("peak", Double),
    Column("since", Integer),
    Column("stations", Integer),
    Column("stations_expected", Integer),
    Column("feed", SmallInteger),
    Column("message", String(64)),  # id of the message it went into; null when nothing was sent
    Column("retracted_at", Instant),  # later data say that it did not happen
    Column("detail", Text, nullable=False),  # JSON: the rest
    Index("ix_alert_event_decided_at", "decided_at"),
    Index("ix_alert_event_place", "rule", "place", "hour"),
)

# Who was told which entry of the log: one row per entry and receiver, never changed. `receiver` is
# a channel's name, or empty for the public record (page, Atom, CAP).
notification = Table(
    "notification",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rule", String(40), nullable=False),
    Column("place", String(32), nullable=False),
    Column("zone", String(80), nullable=False, server_default=""),  # of an authority's act
    Column("receiver", String(40), nullable=False),
    Column("event", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("reason", String(10), nullable=False),  # aq.alerts.Reason
    Column("level", SmallInteger, nullable=False),  # the receiver knows of; 0 no alert
    Column("unknown", Boolean, nullable=False),  # it was told that data are missing
    Column("hour", Integer, nullable=False),  # as of which it was told
    Column("moment", Instant, nullable=False),  # the same as an instant, an act's to the minute
    Column("since", Integer),  # the first hour of the alert it knows of
    Column("message", String(64)),  # in which it was told; null of the public record
    Column("at", Instant, nullable=False),
    UniqueConstraint("event", "receiver", "zone", name="uq_notification_event"),
    Index("ix_notification_last", "rule", "place", "zone", "receiver", "id"),
)

# One row per message, channel and language. `message` is stable: it is in every copy sent.
outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("message", String(64), nullable=False),
    Column("channel", String(40), nullable=False),
    Column("language", String(2), nullable=False),
    Column("body", Text, nullable=False),  # JSON: id, at, kind and events by severity
    Column("state", String(8), nullable=False),  # held queued sending sent failed
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("created_at", Instant, nullable=False),
    Column("not_before", Instant),  # held until then
    Column("next_attempt", Instant),
    Column("lease_until", Instant),
    Column("owner", Text),
    Column("sent_at", Instant),
    Column("last_error", Text),  # free of secrets
    Column("part", SmallInteger, nullable=False, server_default="0"),  # parts that were taken
    Column("resent_by", Text),  # who had it sent again after it had failed, and when
    Column("resent_at", Instant),
    UniqueConstraint("message", "channel", "language", name="uq_outbox_message"),
    Index("ix_outbox_state", "state", "next_attempt"),
)

# What is null is not asked: a silence of a province alone mutes every rule there.
silence = Table(
    "silence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rule", String(40)),
    Column("province", SmallInteger),
    Column("pollutant", String(8)),
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("why", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", Text),
    Index("ix_silence_until", "until"),
)

acknowledgement = Table(
    "acknowledgement",
    metadata,
    Column("event", String(64), primary_key=True),
    Column("who", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", Text, nullable=False, server_default=""),
)

# A model's hours to come, each feed's newest alone: never read as values of their hours.
model_ahead = _table(
    "model_ahead",
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    Column("province", SmallInteger, primary_key=True, autoincrement=False),
    Column("hour", Integer, primary_key=True, autoincrement=False),
    *(Column(key, Integer) for key in KEYS),
    Column("asked", Instant, nullable=False),
    Column("version", BigInteger, nullable=False),
)

# Forecast notices by what they say; a corrected one is another row, and the last version counts.
forecast = _table(
    "forecast",
    Column("kind", String(8), primary_key=True),  # daily weekly
    Column("pollutant", String(8), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),  # days since 1970
    Column("issued", Instant, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("words", Text, nullable=False),  # JSON [[region, word], …], upstream's own
    Column("overall", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("seen", Instant, nullable=False),
    Index("ix_forecast_day", "day"),
)

# Official advisories in the same way: cleared is another content than in force.
advisory = _table(
    "advisory",
    Column("pollutant", String(8), primary_key=True),
    Column("district", String(64), primary_key=True),
    Column("zone", String(64), primary_key=True),
    Column("word", String(80), primary_key=True),
    Column("issued", Instant, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("issue_value", Integer),  # at the store's scale
    Column("cleared", Instant),
    Column("clear_value", Integer),
    Column("max_value", Integer),
    Column("number", String(80), nullable=False),
    Column("seen", Instant, nullable=False),
    Index("ix_advisory_issued", "issued"),
)

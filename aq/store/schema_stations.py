"""The tables of what a station was from which hour on; see `aq.domain.station_history`."""

from sqlalchemy import BigInteger, Column, Index, Integer, SmallInteger, String, Text

from aq.store.schema import _table

# What a feed's rows (or, as feed 0, a station list) say of a station from an hour on. It begins at
# an hour with a row whose words differ from those of the row before.
station_statement = _table(
    "station_statement",
    Column("station", Integer, primary_key=True, autoincrement=False),
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    Column("first_hour", Integer, primary_key=True, autoincrement=False),
    Column("sido", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("network", Text),
    Column("address", Text),
)

# Where the rows of a feed count, made of the statements: rebuildable, and kept as it was for
# questions as of an earlier version. Feed 0 is what is known of the station by all feeds.
station_period = _table(
    "station_period",
    Column("station", Integer, primary_key=True, autoincrement=False),
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    Column("first_hour", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("last_hour", Integer, nullable=False),
    Column("province", SmallInteger),
    Column("network", Text),
    Column("superseded", BigInteger),  # the version that replaced it; null for what holds
    Index("ix_station_period_province", "province", "feed"),
)

# Stretches within a station's first and last hour in which a feed had no row of it for more than
# a week: it is not expected then.
station_silence = _table(
    "station_silence",
    Column("station", Integer, primary_key=True, autoincrement=False),
    Column("feed", SmallInteger, primary_key=True, autoincrement=False),
    Column("first_hour", Integer, primary_key=True, autoincrement=False),
    Column("last_hour", Integer, nullable=False),
)

# Lists of networks by year that were imported, beside those the program knows.
network_list = _table(
    "network_list",
    Column("code", String(16), primary_key=True),
    Column("year", SmallInteger, primary_key=True, autoincrement=False),
    Column("network", Text, nullable=False),
    Column("source", Text, nullable=False),
)

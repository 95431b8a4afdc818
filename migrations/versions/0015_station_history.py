"""station_history: what a station was from which hour on; lists of networks by year

A store of the version before knew one province and one network of a station for all times. Its rows
are taken to have said what it knew: nothing counts otherwise than before. Reading a confirmed file
again puts right the hours it speaks of.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015_station_history"
down_revision = "0014_usable_from"

ALWAYS, FOREVER = -(2**31), 2**31 - 1
MICROSECONDS = 3_600_000_000  # of an hour


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.create_table(
        "station_statement",
        sa.Column("station", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("first_hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sido", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("network", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.PrimaryKeyConstraint("station", "feed", "first_hour", name="pk_station_statement"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "station_period",
        sa.Column("station", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("first_hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_hour", sa.Integer(), nullable=False),
        sa.Column("province", sa.SmallInteger()),
        sa.Column("network", sa.Text()),
        sa.Column("superseded", sa.BigInteger()),
        sa.PrimaryKeyConstraint(
            "station", "feed", "first_hour", "version", name="pk_station_period"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_station_period_province", "station_period", ["province", "feed"])
    op.create_table(
        "station_silence",
        sa.Column("station", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("first_hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("station", "feed", "first_hour", name="pk_station_silence"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "network_list",
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", "year", name="pk_network_list"),
        sqlite_with_rowid=False,
    )
    take_over()


def take_over() -> None:
    """One statement and one period of each station and feed, of all its hours."""
    op.execute(
        "INSERT INTO station_statement (station, feed, first_hour, sido, name, network, address)"
        " SELECT s.id, f.feed, f.first_hour, s.sido, s.name, s.network, s.address"
        " FROM station s JOIN station_feed f ON f.station = s.id"
    )
    op.execute(  # a number of our own
        "INSERT INTO station_statement (station, feed, first_hour, sido, name, network, address)"  # noqa: S608
        f" SELECT id, 0, listed_at / {MICROSECONDS}, sido, name, network, address"
        " FROM station WHERE listed_at IS NOT NULL"
    )
    for feed, source in (
        ("f.feed", "station s JOIN station_feed f ON f.station = s.id"),
        ("0", "station s"),
    ):
        op.execute(
            "INSERT INTO station_period"  # noqa: S608 - words and numbers of our own
            " (station, feed, first_hour, version, last_hour, province, network)"
            f" SELECT s.id, {feed}, {ALWAYS}, 0, {FOREVER}, s.province, s.network FROM {source}"
        )

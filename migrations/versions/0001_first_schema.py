"""first schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.create_table(
        "calls",
        sa.Column("feed", sa.String(length=32), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "operation", "day", name=op.f("pk_calls")),
    )
    op.create_table(
        "feed_state",
        sa.Column("feed", sa.String(length=32), nullable=False),
        sa.Column("last_attempt", sa.BigInteger(), nullable=True),
        sa.Column("last_ok", sa.BigInteger(), nullable=True),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("retry_at", sa.BigInteger(), nullable=True),
        sa.Column("newest_hour", sa.Integer(), nullable=True),
        sa.Column("complete_hour", sa.Integer(), nullable=True),
        sa.Column("stations_listed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("feed", name=op.f("pk_feed_state")),
    )
    op.create_table(
        "province_day",
        sa.Column("pollutant", sa.String(length=8), nullable=False),
        sa.Column("province", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("sum", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("hours", sa.SmallInteger(), nullable=False),
        sa.Column("max", sa.Integer(), nullable=True),
        sa.Column("max_hour", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint(
            "pollutant", "province", "day", "feed", name=op.f("pk_province_day")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "province_day_grade",
        sa.Column("standard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pollutant", sa.String(length=8), nullable=False),
        sa.Column("province", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("h1", sa.SmallInteger(), nullable=False),
        sa.Column("h2", sa.SmallInteger(), nullable=False),
        sa.Column("h3", sa.SmallInteger(), nullable=False),
        sa.Column("h4", sa.SmallInteger(), nullable=False),
        sa.Column("worst", sa.SmallInteger(), nullable=True),
        sa.Column("grade", sa.SmallInteger(), nullable=True),
        sa.PrimaryKeyConstraint(
            "standard", "pollutant", "province", "day", "feed", name=op.f("pk_province_day_grade")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "province_grade",
        sa.Column("province", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("standard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pm10", sa.SmallInteger(), nullable=True),
        sa.Column("pm25", sa.SmallInteger(), nullable=True),
        sa.Column("o3", sa.SmallInteger(), nullable=True),
        sa.Column("no2", sa.SmallInteger(), nullable=True),
        sa.Column("so2", sa.SmallInteger(), nullable=True),
        sa.Column("co", sa.SmallInteger(), nullable=True),
        sa.Column("overall", sa.SmallInteger(), nullable=True),
        sa.Column("idx", sa.SmallInteger(), nullable=True),
        sa.Column("dominant", sa.String(length=8), nullable=True),
        sa.PrimaryKeyConstraint(
            "province", "hour", "feed", "standard", name=op.f("pk_province_grade")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "province_hour",
        sa.Column("province", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("pm10_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pm10_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("pm10_exp", sa.SmallInteger(), nullable=True),
        sa.Column("pm25_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pm25_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("pm25_exp", sa.SmallInteger(), nullable=True),
        sa.Column("o3_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("o3_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("o3_exp", sa.SmallInteger(), nullable=True),
        sa.Column("no2_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("no2_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("no2_exp", sa.SmallInteger(), nullable=True),
        sa.Column("so2_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("so2_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("so2_exp", sa.SmallInteger(), nullable=True),
        sa.Column("co_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("co_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("co_exp", sa.SmallInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("province", "hour", "feed", name=op.f("pk_province_hour")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_province_hour_hour", "province_hour", ["hour", "feed"], unique=False)
    op.create_table(
        "province_hour_rev",
        sa.Column("province", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("superseded", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pm10_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pm10_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("pm10_exp", sa.SmallInteger(), nullable=True),
        sa.Column("pm25_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("pm25_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("pm25_exp", sa.SmallInteger(), nullable=True),
        sa.Column("o3_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("o3_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("o3_exp", sa.SmallInteger(), nullable=True),
        sa.Column("no2_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("no2_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("no2_exp", sa.SmallInteger(), nullable=True),
        sa.Column("so2_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("so2_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("so2_exp", sa.SmallInteger(), nullable=True),
        sa.Column("co_sum", sa.Integer(), server_default="0", nullable=False),
        sa.Column("co_n", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("co_exp", sa.SmallInteger(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "province", "hour", "feed", "superseded", name=op.f("pk_province_hour_rev")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("finished", sa.BigInteger(), nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sa.UniqueConstraint("job", "slot", name="uq_run_job_slot"),
    )
    op.create_index("ix_run_started", "run", ["started"], unique=False)
    op.create_table(
        "standard",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard")),
        sa.UniqueConstraint("hash"),
    )
    op.create_table(
        "state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=True),
        sa.CheckConstraint("id = 1", name="ck_state_one_row"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_state")),
    )
    op.create_table(
        "station",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=True),
        sa.Column("sido", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("province", sa.SmallInteger(), nullable=True),
        sa.Column("network", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("year", sa.SmallInteger(), nullable=True),
        sa.Column("items", sa.Text(), nullable=True),
        sa.Column("listed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station")),
        sa.UniqueConstraint("code"),
    )
    op.create_index("ix_station_name", "station", ["name"], unique=False)
    op.create_index("ix_station_province", "station", ["province"], unique=False)
    op.create_table(
        "station_feed",
        sa.Column("station", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("first_hour", sa.Integer(), nullable=False),
        sa.Column("last_hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("station", "feed", name=op.f("pk_station_feed")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "station_hour",
        sa.Column("station", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("pm10", sa.Integer(), nullable=True),
        sa.Column("pm25", sa.Integer(), nullable=True),
        sa.Column("o3", sa.Integer(), nullable=True),
        sa.Column("no2", sa.Integer(), nullable=True),
        sa.Column("so2", sa.Integer(), nullable=True),
        sa.Column("co", sa.Integer(), nullable=True),
        sa.Column("bad", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.Column("khai", sa.SmallInteger(), nullable=True),
        sa.Column("khai_grade", sa.SmallInteger(), nullable=True),
        sa.Column("pm10_24h", sa.SmallInteger(), nullable=True),
        sa.Column("pm25_24h", sa.SmallInteger(), nullable=True),
        sa.Column("grades", sa.String(length=8), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("station", "hour", "feed", name=op.f("pk_station_hour")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_station_hour_hour", "station_hour", ["hour", "feed"], unique=False)
    op.create_table(
        "station_hour_rev",
        sa.Column("station", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("superseded", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("pm10", sa.Integer(), nullable=True),
        sa.Column("pm25", sa.Integer(), nullable=True),
        sa.Column("o3", sa.Integer(), nullable=True),
        sa.Column("no2", sa.Integer(), nullable=True),
        sa.Column("so2", sa.Integer(), nullable=True),
        sa.Column("co", sa.Integer(), nullable=True),
        sa.Column("bad", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("flags", sa.Text(), nullable=True),
        sa.Column("khai", sa.SmallInteger(), nullable=True),
        sa.Column("khai_grade", sa.SmallInteger(), nullable=True),
        sa.Column("pm10_24h", sa.SmallInteger(), nullable=True),
        sa.Column("pm25_24h", sa.SmallInteger(), nullable=True),
        sa.Column("grades", sa.String(length=8), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "station", "hour", "feed", "superseded", name=op.f("pk_station_hour_rev")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "store_version",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("committed_at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_store_version")),
    )
    op.create_index(
        "ix_store_version_committed_at", "store_version", ["committed_at"], unique=False
    )

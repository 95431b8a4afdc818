"""retention: months of station hours in the archive; on PostgreSQL station hours by year

On PostgreSQL the table of station hours becomes the rest of a partitioned one of the same name and
columns: no row is moved, and a program of the schema before goes on reading and writing. Years are
moved out of the rest afterwards, one transaction each (`aq.store.partitions`).
"""

import sqlalchemy as sa
from alembic import op

from aq.store.partitions import take_alone

revision = "0005_retention"
down_revision = "0004_official"

BY_YEAR = (
    "ALTER TABLE station_hour RENAME TO station_hour_rest",
    "ALTER TABLE station_hour_rest RENAME CONSTRAINT pk_station_hour TO pk_station_hour_rest",
    "ALTER INDEX ix_station_hour_hour RENAME TO ix_station_hour_rest_hour",
    "CREATE TABLE station_hour (LIKE station_hour_rest INCLUDING DEFAULTS)"
    " PARTITION BY RANGE (hour)",
    "ALTER TABLE station_hour ADD CONSTRAINT pk_station_hour PRIMARY KEY (station, hour, feed)",
    "CREATE INDEX ix_station_hour_hour ON station_hour (hour, feed)",
    "ALTER TABLE station_hour ATTACH PARTITION station_hour_rest DEFAULT",
)


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.create_table(
        "retained",
        sa.Column("month", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_hour", sa.Integer(), nullable=False),
        sa.Column("last_hour", sa.Integer(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("replaced", sa.Integer(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("retained_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_retained")),
    )
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        take_alone(connection)
        for statement in BY_YEAR:
            op.execute(statement)

"""care: gaps, calls for them, publication times, upstream's count of calls, pauses of a feed"""

import sqlalchemy as sa
from alembic import op

revision = "0003_care"
down_revision = "0001"


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.add_column(
        "feed_state", sa.Column("failures", sa.Integer(), nullable=False, server_default="0")
    )
    op.add_column("feed_state", sa.Column("pause_until", sa.BigInteger(), nullable=True))
    op.create_table(
        "gap",
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("province", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("lost", sa.String(length=32), nullable=True),
        sa.Column("recorded", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "province", "hour", name=op.f("pk_gap")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "gap_call",
        sa.Column("feed", sa.String(length=32), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("first_hour", sa.Integer(), nullable=False),
        sa.Column("last_hour", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "operation", "target", name=op.f("pk_gap_call")),
    )
    op.create_table(
        "publication",
        sa.Column("feed", sa.String(length=32), nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("feed", "hour", name=op.f("pk_publication")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "upstream_calls",
        sa.Column("feed", sa.String(length=32), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "operation", "day", name=op.f("pk_upstream_calls")),
    )

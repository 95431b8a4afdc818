"""official: forecast notices and advisories of the authority"""

import sqlalchemy as sa
from alembic import op

revision = "0004_official"
down_revision = "0002_alerts"


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.create_table(
        "forecast",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("pollutant", sa.String(length=8), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("overall", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Text(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "kind", "pollutant", "day", "issued", "version", name=op.f("pk_forecast")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_forecast_day", "forecast", ["day"], unique=False)
    op.create_table(
        "advisory",
        sa.Column("pollutant", sa.String(length=8), nullable=False),
        sa.Column("district", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("word", sa.String(length=80), nullable=False),
        sa.Column("issued", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("issue_value", sa.Integer(), nullable=True),
        sa.Column("cleared", sa.BigInteger(), nullable=True),
        sa.Column("clear_value", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=80), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "pollutant", "district", "zone", "word", "issued", "version", name=op.f("pk_advisory")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_advisory_issued", "advisory", ["issued"], unique=False)

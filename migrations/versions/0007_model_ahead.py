"""model_ahead: a model's hours to come, the newest alone"""

import sqlalchemy as sa
from alembic import op

revision = "0007_model_ahead"
down_revision = "0006_alert_care"


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.create_table(
        "model_ahead",
        sa.Column("feed", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("province", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("hour", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("pm10", sa.Integer(), nullable=True),
        sa.Column("pm25", sa.Integer(), nullable=True),
        sa.Column("o3", sa.Integer(), nullable=True),
        sa.Column("no2", sa.Integer(), nullable=True),
        sa.Column("so2", sa.Integer(), nullable=True),
        sa.Column("co", sa.Integer(), nullable=True),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feed", "province", "hour", name=op.f("pk_model_ahead")),
        sqlite_with_rowid=False,
    )

"""official_means: means that upstream publishes of cities, station days and station months"""

import sqlalchemy as sa
from alembic import op

revision = "0016_official_means"
down_revision = "0015_station_history"


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.create_table(
        "official_mean",
        sa.Column("series", sa.String(16), primary_key=True),
        sa.Column("period", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("province", sa.String(8), primary_key=True),
        sa.Column("place", sa.String(80), primary_key=True),
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        *(sa.Column(key, sa.Integer()) for key in ("pm10", "pm25", "o3", "no2", "so2", "co")),
    )

"""alert care: which hours a store version wrote, who had a failed message sent again"""

import sqlalchemy as sa
from alembic import op

revision = "0006_alert_care"
down_revision = "0005_retention"


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.add_column("store_version", sa.Column("first_hour", sa.Integer(), nullable=True))
    op.add_column("store_version", sa.Column("last_hour", sa.Integer(), nullable=True))
    op.add_column("outbox", sa.Column("resent_by", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("resent_at", sa.BigInteger(), nullable=True))

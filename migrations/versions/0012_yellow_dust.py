"""yellow_dust: the authority's acts of yellow dust"""

import sqlalchemy as sa
from alembic import op

revision = "0012_yellow_dust"
down_revision = "0011_notifications"


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.create_table(
        "yellow_dust",
        sa.Column("at", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("sequence", sa.String(80), primary_key=True),
        sa.Column("version", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("told", sa.String(80), nullable=False),
        sa.Column("areas", sa.Text(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
    )

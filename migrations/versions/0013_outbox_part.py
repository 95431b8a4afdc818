"""outbox.part: how many parts of a long message were taken, so that none is sent again"""

import sqlalchemy as sa
from alembic import op

revision = "0013_outbox_part"
down_revision = "0012_yellow_dust"


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    column = sa.Column("part", sa.SmallInteger(), server_default="0", nullable=False)
    op.add_column("outbox", column)

"""state.usable_from: a schema, and the oldest one whose programs may use a store of it"""

import sqlalchemy as sa
from alembic import op

revision = "0014_usable_from"
down_revision = "0013_outbox_part"


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.add_column("state", sa.Column("usable_from", sa.String(90)))

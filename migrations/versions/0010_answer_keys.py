"""answer_keys: keys of answers that are not as documented"""

import sqlalchemy as sa
from alembic import op

revision = "0010_answer_keys"
down_revision = "0009_ozone_acts"


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.create_table(
        "answer_key",
        sa.Column("operation", sa.String(80), primary_key=True),
        sa.Column("change", sa.String(8), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
    )

"""feed_span: which hours a feed has of a province, without a scan for a feed that has none"""

from alembic import op

revision = "0008_feed_span"
down_revision = "0007_model_ahead"


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.create_index(
        "ix_province_hour_feed", "province_hour", ["feed", "province", "hour"], unique=False
    )

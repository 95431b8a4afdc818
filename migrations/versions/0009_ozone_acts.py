"""ozone_acts: the highest value of an act; levels that were kept as digits become their words"""

import sqlalchemy as sa
from alembic import op

revision = "0009_ozone_acts"
down_revision = "0008_feed_span"

# issueLvl of getOzAdvsryOccrrncInfo as the previous version kept it.
WORDS = {"1": "주의보", "2": "경보", "3": "중대경보"}


def upgrade() -> None:
    """Bring the schema from `down_revision` to `revision`."""
    op.add_column("advisory", sa.Column("max_value", sa.Integer(), nullable=True))
    words()


def words() -> None:
    """Levels of ozone acts as words."""
    advisory = sa.table("advisory", sa.column("pollutant"), sa.column("word"))
    for digit, word in WORDS.items():
        own = (advisory.c.pollutant == "o3", advisory.c.word == digit)
        op.execute(sa.update(advisory).where(*own).values(word=word))

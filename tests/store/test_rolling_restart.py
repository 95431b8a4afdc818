"""A newer release brings the schema on while instances of this one run, stop and start again."""

import pytest
from sqlalchemy import text

from aq.cli.checks import WARN, checks
from aq.context import Context, start
from aq.domain.clock import Clock
from aq.domain.errors import StoreError
from aq.settings import load
from aq.store import Store
from aq.store.engine import FIRST_WITH_USABLE, migrate, schema_revisions
from tests.conftest import NOW
from tests.serving import fill

NEWER = "9999_newer"


def bring_on(store: Store, usable_from: str, *, crash: bool = False) -> None:
    """What a newer release's migration does: a column of its own, and its revision."""
    with store.engine.connect() as connection:
        connection.execution_options(aq_write=True)
        with connection.begin() as transaction:
            connection.execute(text("ALTER TABLE station ADD COLUMN colour VARCHAR(9)"))
            connection.execute(
                text("UPDATE alembic_version SET version_num = :new"), {"new": NEWER}
            )
            connection.execute(
                text("UPDATE state SET usable_from = :old"), {"old": f"{NEWER} {usable_from}"}
            )
            if crash:
                transaction.rollback()


def instance(database_url: str) -> Context:
    """An instance of this release that starts."""
    return start(load({"AQ_DATABASE_URL": database_url, "AQ_CLOCK": NOW.isoformat()}))


def test_an_instance_of_the_release_before_goes_on_and_starts_again(
    store: Store, database_url: str, clock: Clock
) -> None:
    running = instance(database_url)
    bring_on(store, FIRST_WITH_USABLE, crash=True)  # killed in the middle of it
    assert schema_revisions(store)[0] == schema_revisions(store)[1]
    fill(running, hours=1)
    bring_on(store, FIRST_WITH_USABLE)
    fill(running, hours=2)
    again = instance(database_url)
    fill(again, hours=3)
    assert again.store.version() > 2
    assert schema_revisions(again.store)[0] == NEWER  # and leaves the schema as it is
    line = next(one for one in checks(again.settings) if one.check == "store")
    assert line.state == WARN
    assert "may still use it" in line.found
    for context in (running, again):
        context.store.close()


def test_a_store_that_only_newer_releases_may_use_is_refused(store: Store) -> None:
    bring_on(store, NEWER)
    with pytest.raises(StoreError, match="newer than this program"):
        migrate(store)

"""Alembic environment: runs on the connection that `aq.store.migrate` hands over."""

from alembic import context

from aq.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()

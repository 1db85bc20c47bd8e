"""Run by Alembic: migrations on the connection that ``store.migrate`` hands over, all in one transaction."""

from alembic import context

from ostiary.server.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()

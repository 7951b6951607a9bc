"""Alembic's entry: runs the migrations on the connection that `migrate` passes."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=False)
context.run_migrations()

"""How Alembic finds the database: `shadowai.history.database` hands over its connection; there is no alembic.ini."""

from __future__ import annotations

from alembic import context

from shadowai.history.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()

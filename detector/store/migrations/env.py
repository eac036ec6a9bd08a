"""What Alembic runs: the steps, on the connection and in the transaction that the store opened."""

from __future__ import annotations

from alembic import context

from detector.store.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # One transaction around all steps is open already; Alembic must not commit half of them.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

"""Alembic's entry: runs the migrations on the connection that `vitte.db.migrate` hands over."""

from alembic import context

from vitte.db.models import Base
from vitte.db.vectors import is_ours

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    compare_type=True,
    compare_server_default=True,
    include_name=is_ours,
    transaction_per_migration=True,
)

with context.begin_transaction():
    context.run_migrations()

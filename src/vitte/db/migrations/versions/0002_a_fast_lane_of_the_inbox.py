"""A fast lane of the inbox

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Apply."""
    # A constant default: PostgreSQL notes it and rewrites no row. The index holds open updates only, so
    # that making it anew takes no time worth speaking of.
    op.add_column(
        "inbox_updates", sa.Column("lane", sa.SmallInteger(), server_default=sa.text("1"), nullable=False)
    )
    op.drop_index("ix_inbox_updates_open", table_name="inbox_updates", postgresql_where=_OPEN)
    op.create_index(
        "ix_inbox_updates_open", "inbox_updates", ["order_key", "lane", "update_id"], postgresql_where=_OPEN
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_inbox_updates_open", table_name="inbox_updates", postgresql_where=_OPEN)
    op.create_index(
        "ix_inbox_updates_open", "inbox_updates", ["order_key", "update_id"], postgresql_where=_OPEN
    )
    op.drop_column("inbox_updates", "lane")

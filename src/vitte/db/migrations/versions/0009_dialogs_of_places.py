"""Dialogs of places

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa

from vitte.db import online

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NOT_ENDED = sa.text("chat_id IS NOT NULL AND ended_at IS NULL")


def upgrade() -> None:
    """Apply."""
    online.create_index(
        "uq_dialogs_place", "dialogs", ["chat_id", "topic_id"], unique=True, postgresql_where=_NOT_ENDED
    )


def downgrade() -> None:
    """Undo."""
    online.drop_index("uq_dialogs_place", "dialogs")

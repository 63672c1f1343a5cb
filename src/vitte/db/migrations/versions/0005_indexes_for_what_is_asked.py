"""Indexes for what is asked

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa

from vitte.db import online

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_NEXT = sa.text("state = 'open' AND id > 0")
_DEAD = sa.text("state = 'dead'")
_BLOCKED = sa.text("blocked_bot_at IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    online.create_index(
        "ix_inbox_updates_next", "inbox_updates", ["bot_id", "lane", "update_id"], postgresql_where=_NEXT
    )
    online.create_index("ix_inbox_updates_dead", "inbox_updates", ["finished_at"], postgresql_where=_DEAD)
    online.create_index("ix_jobs_dead", "jobs", ["finished_at"], postgresql_where=_DEAD)
    online.create_index("ix_users_blocked", "users", ["id"], postgresql_where=_BLOCKED)
    # The panel looks for a piece of a name, for which it is of no use.
    online.drop_index("ix_users_username", "users")


def downgrade() -> None:
    """Undo."""
    online.create_index("ix_users_username", "users", ["username"])
    online.drop_index("ix_users_blocked", "users")
    online.drop_index("ix_jobs_dead", "jobs")
    online.drop_index("ix_inbox_updates_dead", "inbox_updates")
    online.drop_index("ix_inbox_updates_next", "inbox_updates")

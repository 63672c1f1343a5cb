"""Jobs by queue

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa

from vitte.db import online

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    """Apply."""
    online.create_index("ix_jobs_open_by_queue", "jobs", ["queue", "run_at", "id"], postgresql_where=_OPEN)
    online.drop_index("ix_jobs_open", "jobs")


def downgrade() -> None:
    """Undo."""
    online.create_index("ix_jobs_open", "jobs", ["run_at", "id"], postgresql_where=_OPEN)
    online.drop_index("ix_jobs_open_by_queue", "jobs")

"""Index of jobs that wait once

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa

from vitte.db import online

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_WAITS = sa.text("unique_key IS NOT NULL AND state = 'open' AND attempts = 0")


def upgrade() -> None:
    """Apply."""
    online.create_index(
        "uq_jobs_waiting_key", "jobs", ["name", "unique_key"], unique=True, postgresql_where=_WAITS
    )


def downgrade() -> None:
    """Undo."""
    online.drop_index("uq_jobs_waiting_key", "jobs")

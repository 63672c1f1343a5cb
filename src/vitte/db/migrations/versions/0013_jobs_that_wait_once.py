"""Jobs that wait once

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("jobs", sa.Column("unique_key", sa.String(64)))


def downgrade() -> None:
    """Undo."""
    op.drop_column("jobs", "unique_key")

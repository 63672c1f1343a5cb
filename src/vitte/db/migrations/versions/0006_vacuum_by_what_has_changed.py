"""Vacuum by what has changed

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# How many dead rows there may be before vacuum comes, and how many new ones of messages, which are added and
# rarely changed. Not a share of the table: the larger it is the more would be left lying about in it.
_DEAD = {"inbox_updates": 5000, "jobs": 5000, "messages": 20_000}
_NEW = {"messages": 50_000}
# People and their dialogs change in place, all over the table: a page with room keeps the indexes out of it.
# What is added and done soon after, as updates and jobs, finds room where its forerunners were.
_ROOM = {"users": 90, "dialogs": 90}


def upgrade() -> None:
    """Apply."""
    # Nobody's reading or writing waits for any of this, and no row is rewritten.
    for table, options in _options().items():
        settings = ", ".join(f"{name} = {value}" for name, value in options.items())
        op.execute(f"ALTER TABLE {table} SET ({settings})")


def downgrade() -> None:
    """Undo."""
    for table, options in _options().items():
        op.execute(f"ALTER TABLE {table} RESET ({', '.join(options)})")


def _options() -> dict[str, dict[str, int]]:
    options = {table: {"fillfactor": share} for table, share in _ROOM.items()}
    for table, dead in _DEAD.items():
        options[table] = {
            "autovacuum_vacuum_scale_factor": 0,
            "autovacuum_vacuum_threshold": dead,
            "autovacuum_analyze_scale_factor": 0,
            "autovacuum_analyze_threshold": 2 * dead,
        }
    for table, new in _NEW.items():
        options[table] |= {
            "autovacuum_vacuum_insert_scale_factor": 0,
            "autovacuum_vacuum_insert_threshold": new,
        }
    return options

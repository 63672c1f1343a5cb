"""`vitte migrate`."""

import asyncio

from vitte.core.settings import Settings
from vitte.db import migrate
from vitte.main.begin import begin


def run(settings: Settings, *, down: str | None = None, or_newer: bool = False) -> None:
    """Apply every migration, or undo down to the revision `down`."""
    begin(settings, process="migrations")
    asyncio.run(
        migrate.upgrade(settings.database, or_newer=or_newer)
        if down is None
        else migrate.downgrade(settings.database, down)
    )

"""`vitte migrate`."""

import asyncio

from vitte.core.logging import configure_logging
from vitte.core.settings import Settings
from vitte.db import migrate


def run(settings: Settings, *, down: str | None = None) -> None:
    """Apply every migration, or undo down to the revision `down`."""
    configure_logging(process="migrations", level=settings.log.level, format=settings.log.format)
    asyncio.run(
        migrate.upgrade(settings.database) if down is None else migrate.downgrade(settings.database, down)
    )

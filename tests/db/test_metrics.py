"""The pool of connections can be watched."""

import gc

from prometheus_client import REGISTRY
from sqlalchemy import text

from vitte.core.settings import Settings
from vitte.db.engine import create_engine


def connections(state: str) -> float:
    return REGISTRY.get_sample_value("vitte_database_connections", {"state": state}) or 0


async def test_connections_in_use_are_told_from_those_that_rest(settings: Settings) -> None:
    gc.collect()
    in_use, limit = connections("in_use"), connections("limit")
    engine = create_engine(settings.database, process="test")
    assert connections("limit") == limit + settings.database.pool_size + settings.database.max_overflow
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        assert connections("in_use") == in_use + 1
    assert connections("in_use") == in_use
    assert connections("idle") >= 1
    await engine.dispose()

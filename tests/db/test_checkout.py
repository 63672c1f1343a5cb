"""A connection for a single statement: there at once when one is free, and never one that is lost."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest
from sqlalchemy import Engine
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from vitte.core.settings import Settings
from vitte.db.engine import create_engine
from vitte.db.statement import Statement

_WHO = Statement("SELECT pg_backend_pid() AS pid, pg_sleep(CAST(:seconds AS float))")
Ways = dict[str, int]


async def backend(engine: AsyncEngine, *, seconds: float = 0) -> int:
    """Return the process that has served a single statement."""
    (row,) = await _WHO.run_alone(engine, {"seconds": seconds})
    return int(row.pid)


def kept(engine: AsyncEngine) -> int:
    assert isinstance(engine.pool, QueuePool)
    return engine.pool.checkedin()


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Ways:
    """How often a connection was taken at once, and how often by waiting for it."""
    counted = {"at once": 0, "waiting": 0}
    waiting, at_once = AsyncEngine.raw_connection, Engine.raw_connection

    async def wait(engine: AsyncEngine) -> object:
        counted["waiting"] += 1
        counted["at once"] -= 1
        return await waiting(engine)

    def take(engine: Engine) -> object:
        counted["at once"] += 1
        return at_once(engine)

    monkeypatch.setattr(AsyncEngine, "raw_connection", wait)
    monkeypatch.setattr(Engine, "raw_connection", take)
    return counted


@pytest.fixture
async def make_engine(settings: Settings) -> AsyncIterator[Callable[..., AsyncEngine]]:
    engines = []

    def make(**options: float) -> AsyncEngine:
        database = settings.database.model_copy(update=options)
        engines.append(create_engine(database, process="test"))
        return engines[-1]

    yield make
    for engine in engines:
        await engine.dispose()


async def test_a_statement_waits_for_a_connection_only_when_none_is_free(
    engine: AsyncEngine, ways: Ways
) -> None:
    first = await backend(engine)
    assert ways == {"at once": 0, "waiting": 1}
    assert [await backend(engine) for _ in range(5)] == [first] * 5
    assert ways == {"at once": 5, "waiting": 1}
    await asyncio.gather(*(backend(engine, seconds=0.1) for _ in range(3)))
    assert ways == {"at once": 6, "waiting": 3}
    assert kept(engine) == 3


@pytest.mark.parametrize("is_called_off", [False, True], ids=["too old", "called off"])
async def test_a_connection_that_is_not_to_be_used_any_more_is_replaced(
    make_engine: Callable[..., AsyncEngine], is_called_off: bool
) -> None:
    engine = make_engine() if is_called_off else make_engine(pool_recycle=0)
    first = await backend(engine)
    if is_called_off:
        connection = await engine.raw_connection()
        connection.invalidate(soft=True)
        connection.close()
    # What was made before is told by the clock from what was called off.
    await asyncio.sleep(0.01)
    assert await backend(engine) != first
    assert kept(engine) == 1


async def test_connections_beyond_the_pool_are_closed_when_their_statement_is_done(
    make_engine: Callable[..., AsyncEngine],
) -> None:
    engine = make_engine(pool_size=1, max_overflow=2)
    pids = await asyncio.gather(*(backend(engine, seconds=0.1) for _ in range(3)))
    assert len(set(pids)) == 3
    assert kept(engine) == 1
    assert await backend(engine) in pids
    assert kept(engine) == 1


async def test_after_an_outage_statements_that_overlap_are_served_as_before(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asyncio.gather(*(backend(engine, seconds=0.1) for _ in range(3)))
    connect = asyncpg.connect

    async def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    (await engine.raw_connection()).invalidate()
    monkeypatch.setattr(asyncpg, "connect", refuse)
    for _ in range(5):
        with pytest.raises(ConnectionRefusedError):
            await backend(engine)
    monkeypatch.setattr(asyncpg, "connect", connect)
    for count in (3, 5, 7):
        await asyncio.gather(*(backend(engine, seconds=0.05) for _ in range(count)))
        assert kept(engine) == count

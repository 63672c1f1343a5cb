"""The pool: connections that were lost are nobody's trouble."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.chaos.proxy import running_proxy
from tests.chaos.stage import until
from tests.db.test_checkout import backend as alone
from tests.db.test_checkout import kept
from tests.patience import PATIENCE
from vitte.core.nursery import Nursery
from vitte.core.settings import Settings
from vitte.db import checkout as checkout_module
from vitte.db.engine import create_engine


async def backend(engine: AsyncEngine) -> int:
    """Return the process that serves the pool's next connection."""
    async with engine.connect() as connection:
        return int(await connection.scalar(text("SELECT pg_backend_pid()")) or 0)


async def resting(engine: AsyncEngine) -> Any:
    """Return the driver's own connection, which the pool gives out next."""
    async with engine.connect() as connection:
        return (await connection.get_raw_connection()).driver_connection


ServedBy = Callable[[AsyncEngine], Coroutine[Any, Any, int]]
_EITHER_WAY = pytest.mark.parametrize("served_by", [backend, alone], ids=["session", "single statement"])


@_EITHER_WAY
async def test_connections_that_the_server_has_closed_are_replaced_unseen(
    settings: Settings, engine: AsyncEngine, served_by: ServedBy
) -> None:
    other = create_engine(settings.database, process="other")
    first, connection_of_first = await served_by(engine), await resting(engine)
    async with other.connect() as connection:
        await connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": first})
    await until(connection_of_first.is_closed, timeout=PATIENCE, what="the connection is closed")
    assert await served_by(engine) != first
    assert kept(engine) == 1
    await other.dispose()


@_EITHER_WAY
async def test_a_connection_that_was_lost_while_it_rested_is_replaced_unseen(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, served_by: ServedBy
) -> None:
    monkeypatch.setattr(checkout_module, "_TEST_AFTER", 0.0)
    settings.database.command_timeout = 3
    async with running_proxy(settings.database.port) as proxy:
        settings.database.port = proxy.port
        engine, nursery = create_engine(settings.database, process="test"), Nursery()
        first = await served_by(engine)
        # As behind a firewall that has forgotten the connection: nothing arrives, and nobody is told.
        proxy.lose(b"BEGIN")
        second = nursery.start(served_by(engine), name="second")
        await proxy.lost.wait()
        proxy.pass_all()
        assert await second != first
        await engine.dispose()


@pytest.mark.parametrize(
    ("process", "plan_once", "planned_anew"),
    [("bot", True, False), ("worker", True, False), ("bot", False, True), ("admin", True, True)],
)
async def test_the_bot_does_not_pay_for_parsing_and_planning_the_same_again_and_again(
    settings: Settings, process: str, plan_once: bool, planned_anew: bool
) -> None:
    settings.database.plan_once = plan_once
    engine = create_engine(settings.database, process=process)
    asked = text("SELECT id FROM users WHERE telegram_id = ANY (CAST(:ids AS bigint[]))")
    for number in range(20):
        async with engine.connect() as connection:
            await connection.execute(asked, {"ids": [number]})
    async with engine.connect() as connection:
        prepared = await connection.execute(
            text(
                "SELECT custom_plans, generic_plans FROM pg_prepared_statements"
                " WHERE statement LIKE '%telegram_id = ANY%' AND statement NOT LIKE '%pg_prepared%'"
            )
        )
        # Parsed once, or there were several.
        ((custom, generic),) = prepared
    assert custom + generic == 20
    assert (custom > 0) == planned_anew
    await engine.dispose()


async def test_the_connection_used_last_is_used_next(engine: AsyncEngine) -> None:
    async with engine.connect() as one, engine.connect() as two:
        pids = [int(await each.scalar(text("SELECT pg_backend_pid()")) or 0) for each in (one, two)]
    last = await backend(engine)
    assert last in pids
    assert [await backend(engine) for _ in range(4)] == [last] * 4

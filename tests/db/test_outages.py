"""PostgreSQL is away: whatever the system calls that, nobody is blamed for it and nothing is given up."""

import errno
import socket
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.db.test_checkout import backend as alone
from vitte.core.settings import Settings
from vitte.db.engine import create_engine
from vitte.db.outages import DATABASE_ERRORS, is_away, outlast


async def by_session(engine: AsyncEngine, *, seconds: float = 0) -> None:
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})


_EITHER_WAY = pytest.mark.parametrize("ask", [by_session, alone], ids=["session", "single statement"])


@_EITHER_WAY
@pytest.mark.parametrize(
    "fault",
    [
        socket.gaierror(socket.EAI_NONAME, "Name or service not known"),
        OSError(errno.EHOSTUNREACH, "No route to host"),
        OSError("Multiple exceptions: [Errno 111] refused, [Errno 111] refused"),
        TimeoutError(),
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
    ],
    ids=lambda fault: type(fault).__name__ + str(fault.errno or ""),
)
async def test_a_server_that_cannot_be_reached_is_waited_for(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, ask: Any, fault: OSError
) -> None:
    connect, tries = asyncpg.connect, 0

    async def fail_at_first(*arguments: Any, **options: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise fault
        return await connect(*arguments, **options)

    monkeypatch.setattr(asyncpg, "connect", fail_at_first)
    await outlast(lambda: ask(engine))
    assert tries == 2


@_EITHER_WAY
async def test_a_server_that_is_silent_in_the_middle_is_away_and_the_next_one_is_asked_anew(
    settings: Settings, ask: Any
) -> None:
    settings.database.command_timeout = 0.3
    engine = create_engine(settings.database, process="test")
    with pytest.raises(DATABASE_ERRORS) as silent:
        await ask(engine, seconds=30)
    assert is_away(silent.value)
    await ask(engine)
    await engine.dispose()


@_EITHER_WAY
async def test_a_statement_that_the_server_refuses_is_not_tried_for_ever(
    engine: AsyncEngine, ask: Any
) -> None:
    with pytest.raises(DATABASE_ERRORS) as refused:
        await ask(engine, seconds=float("inf"))
    assert not is_away(refused.value)

"""A PostgreSQL that is there and does not answer yet."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest

from vitte.core.settings.backends import DatabaseSettings
from vitte.db.engine import create_engine, create_session_factory
from vitte.db.outages import DATABASE_ERRORS, is_away
from vitte.db.statement import Statement
from vitte.db.transaction import Transaction

_FIELDS = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
_STARTING_UP = b"E" + struct.pack(">I", len(_FIELDS) + 4) + _FIELDS
"""https://www.postgresql.org/docs/current/protocol-error-fields.html"""


@pytest.fixture
async def starting_up() -> AsyncIterator[DatabaseSettings]:
    """Where a server says of itself that it is just starting."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        await reader.readexactly(length - 4)
        writer.write(_STARTING_UP)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield DatabaseSettings(host="127.0.0.1", port=port, password="p@ss", sslmode="disable")
    server.close()


@pytest.mark.parametrize("is_single", [True, False])
async def test_a_server_that_is_starting_counts_as_away_and_ends_nobody_s_work(
    starting_up: DatabaseSettings, is_single: bool
) -> None:
    engine = create_engine(starting_up, process="test")
    transaction = Transaction(create_session_factory(engine))
    with pytest.raises(DATABASE_ERRORS) as caught:
        async with transaction.single() if is_single else transaction:
            await transaction.run(Statement("SELECT 1"))
    assert is_away(caught.value)
    await engine.dispose()

"""The real PostgreSQL and Redis of a test run: started once, shared by its processes."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg

from tests.patience import PATIENCE
from vitte.core.settings.backends import DatabaseSettings
from vitte.db import migrate
from vitte.embedded.postgres import PostgresServer
from vitte.embedded.redis import RedisServer

PASSWORD = 'p@ss!#%:/$"'
"""Every test runs with a password that breaks whatever builds URLs or ini files by hand."""
TEMPLATE = "vitte_template"

_VARIABLE = "VITTE_TEST_SERVERS"
_OLDEST_POSTGRES = Path("/usr/lib/postgresql/15/bin")
_OLDEST_REDIS = Path("/usr/bin/redis-server")


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where the servers of this run listen."""

    postgres_port: int
    redis_port: int

    def database(self, name: str) -> DatabaseSettings:
        """Return the settings of one database."""
        return DatabaseSettings(port=self.postgres_port, name=name, password=PASSWORD)


def oldest_are_installed() -> bool:
    """Tell whether PostgreSQL 15 and Redis 7 are on this machine."""
    return (_OLDEST_POSTGRES / "postgres").exists() and _OLDEST_REDIS.exists()


def make_postgres(
    folder: Path, *, oldest: bool = False, options: Mapping[str, str] | None = None
) -> PostgresServer:
    """Make a PostgreSQL of tests; it is not started yet."""
    return PostgresServer(
        folder,
        password=PASSWORD,
        bin_dir=_OLDEST_POSTGRES if oldest else None,
        durable=False,
        die_with_parent=True,
        options={"max_connections": "300", **(options or {})},
    )


def make_redis(
    folder: Path, *, oldest: bool = False, options: Mapping[str, str] | None = None
) -> RedisServer:
    """Make a Redis of tests; it is not started yet."""
    return RedisServer(
        folder,
        password=PASSWORD,
        binary=_OLDEST_REDIS if oldest else None,
        options=options,
        die_with_parent=True,
    )


def start(stack: ExitStack, *, oldest: bool) -> None:
    """Start both servers, with a migrated template database, until `stack` closes."""
    folder = Path(tempfile.mkdtemp(prefix="vitte-test-"))
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    postgres = make_postgres(folder / "postgres", oldest=oldest)
    redis = make_redis(folder / "redis", oldest=oldest)
    stack.enter_context(redis)
    stack.enter_context(postgres)
    servers = Servers(postgres_port=postgres.port, redis_port=redis.port)
    asyncio.run(make_database(servers, TEMPLATE, template="template1"))
    asyncio.run(migrate.upgrade(servers.database(TEMPLATE)))
    os.environ[_VARIABLE] = json.dumps(asdict(servers))


def running() -> Servers:
    """Return the servers that this run's first process has started."""
    return Servers(**json.loads(os.environ[_VARIABLE]))


async def connect(database: DatabaseSettings) -> Any:
    """Return a connection of the driver's own to a database of the tests' PostgreSQL."""
    return await asyncpg.connect(
        host=database.host, port=database.port, user=database.user, password=PASSWORD, database=database.name
    )


@asynccontextmanager
async def connected(database: DatabaseSettings) -> AsyncIterator[asyncpg.Connection]:
    """Connect as somebody who is not Vitte."""
    connection = await connect(database)
    try:
        yield connection
    finally:
        await connection.close(timeout=PATIENCE)


async def make_database(servers: Servers, name: str, *, template: str = TEMPLATE) -> None:
    """Make a fresh database, in place of one of that name."""
    async with connected(servers.database("vitte")) as connection:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

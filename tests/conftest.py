"""Fixtures for all tests: real servers, the product's own container, the sandbox as the outside world."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

# Before any other import of aiogram, as the product has it.
import vitte.core.aiogram_models  # noqa: F401  # isort: skip

import hypothesis
import pytest
from dishka import AsyncContainer
from playwright.async_api import Browser, async_playwright, expect
from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncEngine

from tests import servers as test_servers
from tests.emptying import Emptying
from tests.patience import PATIENCE
from tests.ports import keep_apart
from tests.servers import PASSWORD, Servers
from vitte.clients import line as line_module
from vitte.clients.line import Commands
from vitte.core.logging import configure_logging
from vitte.core.settings import Settings
from vitte.db.engine import SessionFactory, create_engine, create_session_factory
from vitte.db.statement import Row, Statement
from vitte.db.transaction import Transaction
from vitte.embedded.ports import free_port
from vitte.main.container import make_container
from vitte.sandbox.llm import Script, running_model

_SERVERS = pytest.StashKey[ExitStack]()
_CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    # It would ask the network for its own sake.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# What a page shows in time is shown at once; the rest is for a machine with much else to do.
expect.set_options(timeout=PATIENCE * 1000)
IN_CI = os.environ.get("CI") == "true"
# How long an example takes is the machine's affair, and what CI says of a commit is the same every time.
hypothesis.settings.register_profile(
    "tests", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize=IN_CI
)
hypothesis.settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--oldest", action="store_true", help="run what touches servers on PostgreSQL 15 and Redis 7"
    )
    parser.addoption("--compose", action="store_true", help="run what needs Docker, and nothing else")


def pytest_configure(config: pytest.Config) -> None:
    configure_logging(process="test", level="INFO", format="json")
    worker: str = getattr(config, "workerinput", {}).get("workerid", "")
    keep_apart(_number_of(worker))
    # With xdist this is called in every process; the first has no `workerinput` and starts the servers.
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    if config.getoption("--compose"):
        return
    oldest = config.getoption("--oldest")
    if oldest and not test_servers.oldest_are_installed():
        if IN_CI:
            pytest.exit("PostgreSQL 15 or Redis 7 is missing: apt install postgresql-15 redis-server", 1)
        pytest.exit("skipped: PostgreSQL 15 and Redis 7 are not on this machine", 0)
    stack = ExitStack()
    config.stash[_SERVERS] = stack
    test_servers.start(stack, oldest=oldest)


def pytest_unconfigure(config: pytest.Config) -> None:
    if (stack := config.stash.get(_SERVERS, None)) is not None:
        stack.close()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    is_compose = collection_path.is_relative_to(config.rootpath / "tests" / "compose")
    return True if is_compose and not config.getoption("--compose") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "servers" in getattr(item, "fixturenames", ()):
            item.add_marker("servers")
    if config.getoption("--oldest"):
        chosen = [item for item in items if item.get_closest_marker("servers")]
        chosen = [
            item for item in chosen if not {"browser", "chaos"} & {mark.name for mark in item.iter_markers()}
        ]
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen


@pytest.fixture(scope="session")
def servers() -> Servers:
    """The servers of this run."""
    return test_servers.running()


@pytest.fixture(scope="session")
def worker_number(worker_id: str) -> int:
    """0, 1, ... for each process of the run."""
    return _number_of(worker_id)


def _number_of(worker_id: str) -> int:
    return int(worker_id.removeprefix("gw") or 0) if worker_id != "master" else 0


@pytest.fixture(scope="session")
def make_database(servers: Servers) -> Callable[[str], Awaitable[str]]:
    """Make a fresh migrated database for a test that needs one of its own."""

    async def make(name: str, template: str = test_servers.TEMPLATE) -> str:
        await test_servers.make_database(servers, name, template=template)
        return name

    return make


@pytest.fixture(scope="session")
def emptying(servers: Servers, worker_number: int) -> Iterator[Emptying]:
    """What empties the database of this process's tests."""
    database = servers.database(f"vitte_test_{worker_number}")
    asyncio.run(test_servers.make_database(servers, database.name))
    emptying = Emptying(database)
    yield emptying
    emptying.close()


@pytest.fixture
async def settings(servers: Servers, emptying: Emptying, worker_number: int) -> Settings:
    """Settings of a product with an empty database, an empty Redis and a model that answers by script."""
    database = emptying.database
    settings = Settings.model_validate(
        {
            "environment": "test",
            "log": {"format": "json"},
            # The machine of a test may be busy for longer than a product waits; those who mean it say so.
            "database": database.model_copy(update={"connect_timeout": 30}),
            "redis": {
                "port": servers.redis_port,
                "database": worker_number,
                "password": PASSWORD,
                "timeout": 30,
            },
            "cache": {"timeout": 30},
            "telegram": {"token": "42:TEST", "api_url": "http://127.0.0.1:9", "poll_timeout": 5},
            "llm": {"base_url": "http://127.0.0.1:9/v1", "model": "scripted"},
            "assistant": {"draft_interval": 0.05},
            "outbound": {"draft_rate": 20, "redis_timeout": 30},
            "admin": {"password": "a-password-for-tests", "secret_key": "a-key-for-tests"},
            "bot": {"port": 1},
            "beat": {"port": free_port()},
        }
    )
    await emptying.empty()
    async with Redis(
        port=servers.redis_port, password=PASSWORD, db=worker_number, socket_timeout=PATIENCE
    ) as redis:
        await redis.flushdb()
    return settings


@pytest.fixture
async def engine(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """A pool of connections to the test's database."""
    engine = create_engine(settings.database, process="test")
    yield engine
    await engine.dispose()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every statement that this process sends, in a list that grows."""
    sent: list[str] = []
    run_alone = Statement.run_alone

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    async def note_alone(
        self: Statement, engine: AsyncEngine, parameters: Mapping[str, Any]
    ) -> Sequence[Row]:
        sent.append(str(self.clause))
        return await run_alone(self, engine, parameters)

    event.listen(Engine, "before_cursor_execute", note)
    monkeypatch.setattr(Statement, "run_alone", note_alone)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def session_factory(engine: AsyncEngine) -> SessionFactory:
    """The factory of sessions on `engine`."""
    return create_session_factory(engine)


@pytest.fixture
def transaction(session_factory: SessionFactory) -> Transaction:
    """A transaction of the test's own."""
    return Transaction(session_factory)


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """The test's Redis database."""
    async with Redis(
        port=settings.redis.port, password=PASSWORD, db=settings.redis.database, socket_timeout=2 * PATIENCE
    ) as redis:
        yield redis


@pytest.fixture
async def model(settings: Settings) -> AsyncIterator[Script]:
    """The model that answers by script; `settings` point at it."""
    script = Script()
    async with running_model(script) as base_url:
        settings.llm.base_url = base_url
        yield script


@pytest.fixture
async def container(settings: Settings) -> AsyncIterator[AsyncContainer]:
    """The product's own container."""
    container = make_container(settings, process="bot")
    yield container
    await container.close()


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """The machine's Chromium; without one the test is skipped, in CI it fails."""
    for name in _CHROMIUM:
        if path := shutil.which(name):
            return path
    if IN_CI:
        pytest.fail("Chromium is missing: apt install chromium")
    pytest.skip("no Chromium on this machine")


@pytest.fixture
async def chromium(chromium_path: str) -> AsyncIterator[Browser]:
    """A launched browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path, args=_CHROMIUM_OPTIONS)
        yield browser
        await browser.close()


@pytest.fixture
def round_trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands each round trip on a line to Redis had, as they are made."""
    made: list[int] = []
    exchange = line_module._exchange

    async def count(connection: AbstractConnection, commands: Commands) -> list[Any]:
        made.append(len(commands))
        return await exchange(connection, commands)

    monkeypatch.setattr(line_module, "_exchange", count)
    return made

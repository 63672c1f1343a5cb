"""Two processes of the product, each with a container of its own."""

from collections.abc import AsyncIterator

import pytest
from dishka import AsyncContainer

from vitte.core.settings import Settings
from vitte.main.container import make_container


@pytest.fixture
async def processes_with_memory(settings: Settings) -> AsyncIterator[list[AsyncContainer]]:
    """Two containers that share PostgreSQL and Redis and nothing else."""
    containers = [make_container(settings, process="bot") for _ in range(2)]
    yield containers
    for container in containers:
        await container.close()


@pytest.fixture
def processes(settings: Settings, request: pytest.FixtureRequest) -> list[AsyncContainer]:
    """The same two, which see at once what the other did: nothing is kept for half a second."""
    settings.cache.local_ttl = 0
    containers: list[AsyncContainer] = request.getfixturevalue("processes_with_memory")
    return containers

"""Is this process alive, and can it do its work?"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Literal

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from vitte import __version__

logger = structlog.get_logger(__name__)

CHECK_TIMEOUT = 2.0
"""Seconds that a backend has to answer a check."""

Check = Callable[[], Awaitable[None]]
"""Returns when the backend answers, raises when it does not."""

Status = Literal["ok", "unavailable"]


class Health(BaseModel):
    """The process turns."""

    status: Literal["ok"]
    version: str


class BackendHealth(BaseModel):
    """One backend."""

    status: Status


class Readiness(BaseModel):
    """All backends together, and each by its name."""

    status: Status
    checks: dict[str, Status]


async def check_database(engine: AsyncEngine) -> None:
    """Ask PostgreSQL for something that costs it nothing."""
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


async def check_redis(redis: Redis) -> None:
    """Ask Redis for a sign of life."""
    await redis.ping()


def create_health_router(checks: Mapping[str, Check], *, prefix: str = "") -> APIRouter:
    """Make `/health`, `/health/<name>` for each of `checks`, and `/health/ready` for all at once.

    `/health` asks nothing behind this process: a supervisor that restarts it because a database is away
    would only add to the trouble. The others answer 503 when something does not answer.
    """
    router = APIRouter(prefix=prefix, tags=["health"])

    @router.get("/health")
    async def health() -> Health:
        """Tell that the process turns."""
        return Health(status="ok", version=__version__)

    @router.get("/health/ready", responses={503: {"model": Readiness}})
    async def ready(response: Response) -> Readiness:
        """Ask every backend at the same time."""
        results = await asyncio.gather(*(_status(name, check) for name, check in checks.items()))
        status: Status = "unavailable" if "unavailable" in results else "ok"
        response.status_code = _code(status)
        return Readiness(status=status, checks=dict(zip(checks, results, strict=True)))

    for name, check in checks.items():
        _add_check(router, name, check)
    return router


def _add_check(router: APIRouter, name: str, check: Check) -> None:
    @router.get(f"/health/{name}", name=f"health_{name}", responses={503: {"model": BackendHealth}})
    async def one(response: Response) -> BackendHealth:
        """Ask one backend."""
        status = await _status(name, check)
        response.status_code = _code(status)
        return BackendHealth(status=status)


async def _status(name: str, check: Check) -> Status:
    try:
        async with asyncio.timeout(CHECK_TIMEOUT):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever goes wrong, the answer is "unavailable"
        logger.warning("health_check_failed", check=name, reason=type(error).__name__)
        return "unavailable"
    return "ok"


def _code(status: Status) -> int:
    return 200 if status == "ok" else 503

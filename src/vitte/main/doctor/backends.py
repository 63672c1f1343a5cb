"""Do PostgreSQL and Redis answer, and are they set up as Vitte needs them?"""

import time

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from vitte.clients.redis import connect_redis
from vitte.core.settings import Settings
from vitte.db import migrate
from vitte.db.engine import create_engine
from vitte.main.doctor.finding import Finding, doubtful, ok, wrong

_OLDEST_POSTGRES = 15
_OLDEST_REDIS = 7
# Only keys with a lifetime may go: the messages to the worker have none.
_HARMLESS = ("noeviction", "volatile-lru", "volatile-lfu", "volatile-ttl", "volatile-random")


async def check_database(settings: Settings) -> Finding:
    """PostgreSQL answers, is new enough, and has this version's tables."""
    database = settings.database
    engine = create_engine(database, process="tools")
    try:
        async with engine.connect() as connection:
            version = str(await connection.scalar(text("SHOW server_version"))).split()[0]
            revision = await _revision(connection)
    except (DBAPIError, OSError, TimeoutError) as error:
        reason = getattr(error, "orig", None) or error
        return wrong(
            f"{database.name} at {database.host}:{database.port} cannot be reached: "
            f"{str(reason) or type(reason).__name__}",
            _cure_of_database(str(reason)),
        )
    finally:
        await engine.dispose()
    if int(version.partition(".")[0]) < _OLDEST_POSTGRES:
        return wrong(f"PostgreSQL {version} is too old", f"Use PostgreSQL {_OLDEST_POSTGRES} or later.")
    head = migrate.head()
    if revision == head:
        return ok(f"PostgreSQL {version}, at revision {revision}")
    if revision and not migrate.knows_revision(revision):
        return wrong(
            f"the tables are those of a later version (revision {revision}; this one has {head})",
            "Start that version, or go back with its `vitte migrate --down` first.",
        )
    return wrong(f"the tables are at revision {revision or 'none'}, not {head}", "Run `vitte migrate`.")


def _cure_of_database(reason: str) -> str:
    if "certificate" in reason:
        return (
            "Name the file of the certificate that signed the server's: VITTE_DATABASE__SSLROOTCERT. With"
            " verify-full VITTE_DATABASE__HOST has to be a name that the certificate is for."
        )
    if "SSL" in reason:
        return "That server knows no TLS: switch it on there, or see VITTE_DATABASE__SSLMODE."
    return "Is PostgreSQL running there, and does the user have the password VITTE_DATABASE__PASSWORD?"


async def _revision(connection: AsyncConnection) -> str:
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return ""
    return str(await connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


async def check_redis(settings: Settings) -> Finding:
    """Redis answers, is new enough, and throws away nothing that it must keep."""
    where = f"{settings.redis.host}:{settings.redis.port}"
    redis = connect_redis(settings.redis, timeout=settings.redis.timeout)
    try:
        version = str((await redis.info("server"))["redis_version"])
        policy = await _eviction_policy(redis)
        seconds = min([await _round_trip(redis) for _ in range(3)])
    except (RedisError, OSError) as error:
        return _fault_of_redis(where, error)
    finally:
        await redis.aclose()
    if int(version.partition(".")[0]) < _OLDEST_REDIS:
        return wrong(f"Redis {version} is too old", f"Use Redis {_OLDEST_REDIS} or later, or Valkey.")
    if policy is None:
        return doubtful(
            f"Redis {version} does not tell its maxmemory-policy",
            "Make sure that it is volatile-lru: with allkeys-* it may throw away what waits for the worker.",
        )
    if policy not in _HARMLESS:
        return wrong(
            f"Redis {version} has the maxmemory-policy {policy}: it may throw away what waits for the worker",
            "Set maxmemory-policy volatile-lru in redis.conf.",
        )
    if settings.cache.enabled and seconds > settings.cache.timeout:
        return doubtful(
            f"Redis {version} took {seconds * 1000:.0f} ms to answer, and the cache waits less for it",
            "Bring Redis nearer, or raise VITTE_CACHE__TIMEOUT; until then PostgreSQL is asked instead.",
        )
    return ok(f"Redis {version}, maxmemory-policy {policy}")


def _fault_of_redis(where: str, error: Exception) -> Finding:
    if isinstance(error, AuthenticationError):
        return wrong(f"{where} refuses the password", "Give Redis the password VITTE_REDIS__PASSWORD.")
    if "certificate" in str(error):
        return wrong(
            f"{where} has a certificate that is not trusted, or not for this name",
            "Name the file of the certificate that signed it: VITTE_REDIS__TLS_CA.",
        )
    return wrong(
        f"{where} does not answer: {type(error).__name__}",
        "Is Redis running there? Answers go on without it; background work waits.",
    )


async def _round_trip(redis: Redis) -> float:
    begun = time.monotonic()
    await redis.info("server")
    return time.monotonic() - begun


async def _eviction_policy(redis: Redis) -> str | None:
    try:
        policy = (await redis.config_get("maxmemory-policy")).get("maxmemory-policy")
    except RedisError:
        return None  # hosted servers forbid the command
    return str(policy) if policy else None

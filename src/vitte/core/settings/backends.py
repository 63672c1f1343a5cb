"""Where the data lives: PostgreSQL and Redis."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, Field, SecretStr

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
SecondsOrOff = Annotated[float, Field(ge=0)]


def _a_file(path: str) -> str:
    if path and not Path(path).is_file():
        raise ValueError(f"there is no file {path}")
    return path


FilePath = Annotated[str, AfterValidator(_a_file)]


class DatabaseSettings(BaseModel):
    """PostgreSQL 15 or later. Parts instead of a URL: a password may then hold any character."""

    host: str = "127.0.0.1"
    port: Port = 5432
    name: str = "vitte"
    user: str = "vitte"
    password: SecretStr = SecretStr("")
    # The names and the words are libpq's, so that what a provider tells may be copied.
    sslmode: Literal["disable", "prefer", "require", "verify-ca", "verify-full"] = Field(
        "prefer", description="TLS: prefer and require believe any certificate, verify-full checks its name."
    )
    sslrootcert: FilePath = Field(
        "", description="File of the certificates that verify-ca and verify-full trust; empty: the system's."
    )
    # Statements take a millisecond and nothing holds a connection while the model thinks: ten serve hundreds
    # of chats, and more only take turns at PostgreSQL's cores. Those beyond the pool are opened and closed
    # again and again, each for 3 ms of CPU on both sides.
    pool_size: int = Field(10, ge=1, description="Connections kept open by a process.")
    max_overflow: int = Field(0, ge=0, description="Connections opened beyond the pool when it is busy.")
    pool_pre_ping: bool = Field(
        default=True, description="Test a connection before use, so that restarts go unseen."
    )
    pool_recycle: int = Field(3600, ge=-1, description="Seconds after which a connection is replaced.")
    pool_timeout: Seconds = Field(30, description="Seconds to wait for a free connection.")
    connect_timeout: Seconds = Field(5, description="Seconds to wait for a new connection.")
    command_timeout: Seconds = Field(30, description="Seconds that we wait for one statement.")
    # What PostgreSQL itself ends holds even when the process that began it is frozen, or gone with its host.
    statement_timeout: SecondsOrOff = Field(
        25, description="Seconds after which PostgreSQL ends a statement; 0: as the server is set."
    )
    lock_timeout: SecondsOrOff = Field(
        10, description="Seconds that a statement may wait for a lock; 0: as the server is set."
    )
    idle_in_transaction_timeout: SecondsOrOff = Field(
        60,
        description="Seconds of idleness after which PostgreSQL ends a transaction; 0: as the server is set.",
    )
    # It takes as long to plan a chat turn's statements as to carry them out, and the plan is always the same.
    plan_once: bool = Field(
        default=True,
        description="Plan a statement once (bot, api, worker), not at each call; false: as the server does.",
    )
    migration_lock_timeout: Seconds = Field(
        3, description="Seconds that a migration makes others wait at a time, before it lets them pass."
    )
    migration_patience: Seconds = Field(
        300, description="Seconds after which a migration that gets no lock gives up."
    )


class RedisSettings(BaseModel):
    """Redis 7 or later: cache and broker."""

    host: str = "127.0.0.1"
    port: Port = 6379
    database: int = Field(0, ge=0)
    username: str = ""
    password: SecretStr = SecretStr("")
    tls: bool = Field(default=False, description="Connect by TLS, and check the certificate and its name.")
    tls_ca: FilePath = Field(
        "", description="File of the certificates that are trusted for that; empty: the system's."
    )
    timeout: Seconds = Field(2, description="Seconds to wait for a connection or an answer.")

    @property
    def url(self) -> str:
        """The address with its password percent-encoded, for libraries that take nothing but a URL."""
        scheme = "rediss" if self.tls else "redis"
        password = self.password.get_secret_value()
        user = f"{quote(self.username, safe='')}:{quote(password, safe='')}@" if password else ""
        return f"{scheme}://{user}{self.host}:{self.port}/{self.database}"

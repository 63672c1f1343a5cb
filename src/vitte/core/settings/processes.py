"""What each process listens on and how much it does at once."""

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from vitte.core.logging import LogFormat
from vitte.core.settings.backends import Port, Seconds


def _network(text: str) -> str:
    ip_network(text)
    return text


Proxies = list[Annotated[str, AfterValidator(_network)]]


class LogSettings(BaseModel):
    """What is written, and how."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    format: LogFormat = Field("auto", description="auto: colours on a terminal, JSON lines elsewhere.")


class ApiSettings(BaseModel):
    """The public HTTP process."""

    host: str = "127.0.0.1"
    port: Port = 8000
    workers: int = Field(1, ge=1, description="Processes that serve side by side.")
    trusted_proxies: Proxies = Field(
        default_factory=lambda: ["127.0.0.1"],
        description="Addresses and networks whose word on a client's address counts.",
    )
    cors_origins: list[str] = Field(
        default_factory=list, description='JSON list, e.g. ["https://example.org"].'
    )
    docs: bool = Field(default=True, description="Serve OpenAPI and its pages at /docs and /redoc.")
    stop_timeout: Seconds = Field(20, description="Seconds that requests in progress get when the api stops.")


class AdminSettings(BaseModel):
    """The owner's panel."""

    host: str = "127.0.0.1"
    port: Port = 8001
    trusted_proxies: Proxies = Field(
        default_factory=lambda: ["127.0.0.1"],
        description="Addresses and networks whose word on a client's address counts.",
    )
    username: str = "admin"
    password: SecretStr = SecretStr("")
    secret_key: SecretStr = Field(SecretStr(""), description="Signs the panel's session cookies.")
    session_lifetime: int = Field(12 * 3600, ge=60, description="Seconds until a new login is asked for.")
    secure_cookies: bool = Field(default=False, description="Send the session cookie over HTTPS only.")
    stop_timeout: Seconds = Field(
        20, description="Seconds that requests in progress get when the panel stops."
    )


class BotSettings(BaseModel):
    """The process that answers people."""

    host: str = "127.0.0.1"
    port: Port = Field(8002, description="Health and metrics of the bot.")
    concurrency: int = Field(200, ge=1, description="Chats that are served at the same moment.")
    lease: Seconds = Field(60, description="Seconds after which another bot may take over an update.")
    stop_timeout: Seconds = Field(20, description="Seconds that answers in progress get when the bot stops.")
    seen_interval: Seconds = Field(
        60,
        description="Seconds between two writes of when people were last seen: a bot that is killed "
        "(`kill -9`) loses as much of that, and nothing else.",
    )


class BeatSettings(BaseModel):
    """The clock of the background work."""

    host: str = "127.0.0.1"
    port: Port = Field(8004, description="Health and metrics of the clock.")
    certificate_at: str = Field(
        "",
        pattern=r"^([^:\s]+:\d+)?$",
        description="Host and port that present the certificate which browsers and Telegram see, such as "
        "`bot.example.org:443`: when it ends is measured there; empty: nowhere.",
    )


class WorkerSettings(BaseModel):
    """Background work."""

    concurrency: int = Field(4, ge=1, description="Processes that do jobs.")
    jobs_together: int = Field(
        8, ge=1, description="Jobs that one of them does at once, of those that wait for a model."
    )
    # Shorter than this, and Celery may not notice in time that the process of a job was killed.
    time_limit: int = Field(600, ge=10, description="Seconds after which a job's process is ended.")
    job_timeout: int = Field(540, ge=1, description="Seconds after which a job itself gives up, in order.")
    visibility_timeout: int = Field(
        900, ge=2, description="Seconds after which Redis hands a message out again."
    )
    job_lease: Seconds = Field(
        30, description="Seconds after which the job of a dead process is begun again."
    )
    retry_delay: Seconds = Field(
        5, description="Seconds until a failed job is tried again; then six times that."
    )
    sweep_interval: Seconds = Field(
        10, description="Seconds between two looks for jobs that nobody was told of."
    )
    resend_after: Seconds = Field(15, description="Seconds after which a message counts as lost.")
    stop_timeout: Seconds = Field(20, description="Seconds that jobs in progress get when the worker stops.")
    host: str = "127.0.0.1"
    metrics_port: Port = Field(8003, description="Health and metrics of the worker.")
    message_retention_days: int = Field(365, ge=1, description="Older messages are deleted.")

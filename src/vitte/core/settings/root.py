"""All sections together, and the checks that a process makes before it starts."""

import os
from functools import reduce
from typing import Literal

from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from vitte.core.settings.backends import DatabaseSettings, RedisSettings
from vitte.core.settings.cache import CacheSettings
from vitte.core.settings.endpoints import EmbeddingsSettings, SpeechSettings
from vitte.core.settings.files import EnvFileOrFiles, EnvironmentOrFiles, SettingsError
from vitte.core.settings.input import FilesSettings
from vitte.core.settings.memory import MemorySettings
from vitte.core.settings.operating import AlertSettings, BackupSettings, SentrySettings
from vitte.core.settings.outbound import OutboundSettings
from vitte.core.settings.outside import AssistantSettings, LlmSettings, TelegramSettings
from vitte.core.settings.processes import (
    AdminSettings,
    ApiSettings,
    BeatSettings,
    BotSettings,
    LogSettings,
    WorkerSettings,
)
from vitte.core.settings.tools import ToolSettings
from vitte.core.settings.usage import UsageSettings

Environment = Literal["production", "development", "test"]
Process = Literal["bot", "api", "worker", "beat", "admin", "migrations", "backup", "tools"]

PREFIX = "VITTE_"
DELIMITER = "__"
PLACEHOLDER = "change-me"

_SECRETS_OF: dict[Process, tuple[str, ...]] = {
    "bot": ("telegram.token", "database.password"),
    "api": ("database.password",),
    "worker": ("database.password",),
    "beat": (),
    "admin": ("database.password", "admin.password", "admin.secret_key"),
    "migrations": ("database.password",),
    "backup": ("database.password",),
    "tools": (),
}
_SECRETS_IF_SET = (
    "redis.password",
    "llm.api_key",
    "speech.api_key",
    "speech.voice_api_key",
    "embeddings.api_key",
    "tools.search_key",
    "telegram.webhook_secret",
    "sentry.dsn",
    "backup.identity",
    "backup.s3_secret_key",
)


class Settings(BaseSettings):
    """Every setting. A variable is `VITTE_<SECTION>__<FIELD>`, e.g. `VITTE_DATABASE__PASSWORD`.

    With `_FILE` after it, a variable names a file that holds the value.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=DELIMITER, env_file_encoding="utf-8", extra="ignore"
    )

    environment: Environment = "production"
    log: LogSettings = LogSettings()
    telegram: TelegramSettings = TelegramSettings()
    outbound: OutboundSettings = OutboundSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    cache: CacheSettings = CacheSettings()
    llm: LlmSettings = LlmSettings()
    speech: SpeechSettings = SpeechSettings()
    embeddings: EmbeddingsSettings = EmbeddingsSettings()
    assistant: AssistantSettings = AssistantSettings()
    usage: UsageSettings = UsageSettings()
    memory: MemorySettings = MemorySettings()
    tools: ToolSettings = ToolSettings()
    files: FilesSettings = FilesSettings()
    api: ApiSettings = ApiSettings()
    admin: AdminSettings = AdminSettings()
    bot: BotSettings = BotSettings()
    worker: WorkerSettings = WorkerSettings()
    beat: BeatSettings = BeatSettings()
    backup: BackupSettings = BackupSettings()
    alerts: AlertSettings = AlertSettings()
    sentry: SentrySettings = SentrySettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic calls it like this
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic calls it like this
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what the caller gives, then the environment, then the `.env` file."""
        assert isinstance(dotenv_settings, DotEnvSettingsSource)  # noqa: S101 - pydantic gives nothing else
        return (
            init_settings,
            EnvironmentOrFiles(settings_cls),
            EnvFileOrFiles(settings_cls, env_file=dotenv_settings.env_file),
        )

    @model_validator(mode="after")
    def _time_limits_are_ordered(self) -> "Settings":
        worker = self.worker
        if not worker.job_timeout < worker.time_limit < worker.visibility_timeout:
            raise ValueError(
                "worker: job_timeout < time_limit < visibility_timeout must hold, or a job runs twice at once"
            )
        return self

    @model_validator(mode="after")
    def _webhook_is_complete(self) -> "Settings":
        telegram = self.telegram
        if telegram.mode == "webhook":
            for name, value in (
                ("webhook_url", telegram.webhook_url),
                ("webhook_secret", telegram.webhook_secret.get_secret_value()),
            ):
                if not value:
                    raise ValueError(f"telegram: mode webhook needs {variable(f'telegram.{name}')}")
        return self

    def check_secrets(self, process: Process) -> None:
        """Refuse to go on when a secret that `process` uses is missing or was left as a placeholder.

        Only in production: a laptop may run on anything. Raises SettingsError that names the variables.
        """
        if self.environment != "production":
            return
        needed = _SECRETS_OF[process]
        if process == "api" and self.telegram.mode == "webhook":
            needed = (
                *needed,
                "telegram.token",
            )  # updates are stored under the bot's id, which it begins with
        if process == "backup" and self.backup.s3_url:
            needed = (*needed, "backup.s3_secret_key")
        missing = [path for path in needed if not self._secret(path)]
        placeholders = [
            path for path in (*needed, *_SECRETS_IF_SET) if self._secret(path).lower().startswith(PLACEHOLDER)
        ]
        faults = [f"{variable(path)} is not set" for path in missing]
        faults += [f"{variable(path)} still holds its placeholder" for path in placeholders]
        faults += [
            f"{variable('llm.providers')} still holds a placeholder for {name}"
            for name, provider in self.llm.providers.items()
            if provider.api_key.get_secret_value().lower().startswith(PLACEHOLDER)
        ]
        if faults:
            raise SettingsError(
                "; ".join(faults) + ". `vitte init` generates secrets; the bot's token comes from @BotFather."
            )

    def _secret(self, path: str) -> str:
        value: SecretStr = reduce(getattr, path.split("."), self)  # type: ignore[assignment]
        return value.get_secret_value()


def variable(path: str) -> str:
    """Return the environment variable of a setting: `admin.password` is `VITTE_ADMIN__PASSWORD`."""
    return PREFIX + path.replace(".", DELIMITER).upper()


def load_settings(process: Process | None = None) -> Settings:
    """Read the settings, and check the secrets of `process` when one is named.

    `VITTE_ENV_FILE` names the file to read beside the environment; empty means none. Default: `.env`.
    Raises SettingsError with a sentence for the operator.
    """
    env_file = os.environ.get(f"{PREFIX}ENV_FILE", ".env") or None  # noqa: TID251 - settings are read here
    try:
        settings = Settings(_env_file=env_file)
    except ValidationError as error:
        raise SettingsError(_explain(error)) from None
    if process is not None:
        settings.check_secrets(process)
    return settings


def _explain(error: ValidationError) -> str:
    """Name each variable and its fault without the value, which may be a secret."""
    return "; ".join(
        f"{variable('.'.join(map(str, fault['loc'])))}: {fault['msg']}" if fault["loc"] else fault["msg"]
        for fault in error.errors()
    )

"""`vitte init`."""

import secrets
from pathlib import Path

from vitte.core.settings.example import env_text
from vitte.core.settings.root import PLACEHOLDER

COMPOSE_ENV = """\
# What compose.yaml is told. Secrets are files, in secrets/. Every setting of .env.example that is no secret
# may be added here.

# The server's public name, for the certificate and the address that Telegram calls.
VITTE_DOMAIN=localhost
# polling works at once; webhook needs the name above and a certificate: docs/quickstart.md.
VITTE_TELEGRAM__MODE=polling
# Any endpoint that speaks OpenAI's chat completions, up to and without /chat/completions.
VITTE_LLM__BASE_URL=https://openrouter.ai/api/v1
VITTE_LLM__MODEL=
# Your own Telegram id, to be told of alerts; write to the bot once before that.
# VITTE_ALERTS__CHAT_ID=
# Exporters of PostgreSQL and Redis, an S3 server: docs/operations.md.
# COMPOSE_PROFILES=exporters,s3
"""

_GENERATED = (
    "postgres_password",
    "database_password",
    "redis_password",
    "admin_password",
    "admin_secret_key",
    "grafana_admin_password",
    "telegram_webhook_secret",
    "postgres_exporter_password",
    "s3_secret_key",
)
_TO_FILL_IN = {"telegram_token": PLACEHOLDER, "llm_api_key": "", "backup_identity": "", "sentry_dsn": ""}


def write_env_file(path: Path, *, overwrite: bool) -> None:
    """Write a .env with every secret generated that is ours to choose; only its owner can read it.

    Raises FileExistsError unless `overwrite`.
    """
    if overwrite:
        path.unlink(missing_ok=True)
    _write_new(path, env_text(lambda _path: secrets.token_urlsafe(32)), mode=0o600)


def write_compose_files(env_file: Path, folder: Path) -> list[Path]:
    """Write what compose.yaml needs: a short .env, and a file for each secret in `folder`.

    Nothing that is there is touched, so that it may be run again after an upgrade that brings a new secret.
    Returns the files that were written.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    # Compose shows these very files to processes that run as users of their own: they have to be readable
    # by all, and it is the folder that keeps everybody else on this machine out.
    folder.chmod(0o700)
    wanted = {folder / name: secrets.token_urlsafe(32) for name in _GENERATED}
    wanted |= {folder / name: value for name, value in _TO_FILL_IN.items()}
    written = [path for path, value in wanted.items() if _write_if_missing(path, value, mode=0o644)]
    return written + [env_file] * _write_if_missing(env_file, COMPOSE_ENV, mode=0o600)


def _write_if_missing(path: Path, text: str, *, mode: int) -> bool:
    try:
        _write_new(path, text, mode=mode)
    except FileExistsError:
        return False
    return True


def _write_new(path: Path, text: str, *, mode: int) -> None:
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, "utf-8")
    # Not left to the umask.
    path.chmod(mode)

"""The environment that the demo's parts run in: the user's, with the demo's own settings laid over it."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vitte.core.settings.root import variable
from vitte.embedded.llm import MODEL_ALIAS
from vitte.embedded.ollama import Ollama, find_ollama
from vitte.embedded.ports import LOCALHOST
from vitte.main.demo.home import DemoSecrets
from vitte.main.demo.ports import DemoPorts

# https://core.telegram.org/bots/features#botfather
_REAL_TOKEN = re.compile(r"\d{6,}:[\w-]{30,}")
SANDBOX_TOKEN = "42:DEMO"  # noqa: S105 - the sandbox takes any
_LLM_CHOICE = "VITTE_DEMO_LLM"

_TOKEN = variable("telegram.token")
_LLM_URL = variable("llm.base_url")
_LLM_MODEL = variable("llm.model")


@dataclass(frozen=True, slots=True)
class DemoEnvironment:
    """What the parts are told, and which parts that makes needless.

    `llm` names the AI for a person; `ollama` is set when it is an Ollama found on this machine.
    """

    variables: Mapping[str, str]
    real_telegram: bool
    local_llm: bool
    ollama: Ollama | None
    llm: str


def user_environment() -> dict[str, str]:
    """Return the environment that `vitte demo` was started with."""
    # The demo's settings are what it hands to its parts; and the rest of the environment must reach them too.
    return dict(os.environ)  # noqa: TID251 - the one place of the demo that reads it


def demo_environment(
    user: Mapping[str, str],
    *,
    ports: DemoPorts,
    secrets: DemoSecrets,
    find: Callable[[], Ollama | None] = find_ollama,
) -> DemoEnvironment:
    """Return what the parts are told. The user's own AI and Telegram bot win over those of the demo.

    `find` looks for an Ollama, unless the user has an AI or says VITTE_DEMO_LLM=local.
    """
    real_telegram = _REAL_TOKEN.fullmatch(user.get(_TOKEN, "")) is not None
    own_llm = bool(user.get(_LLM_URL))
    ollama = None if own_llm or user.get(_LLM_CHOICE) == "local" else find()
    if ollama is not None and not ollama.models:
        ollama = None
    variables = {**user, **_settings(ports=ports, secrets=secrets)}
    if not real_telegram:
        variables |= _sandbox_settings(ports)
    if own_llm:
        llm = f"{user.get(_LLM_MODEL) or 'the default model'} at {user[_LLM_URL]}"
    elif ollama is not None:
        model = user.get(_LLM_MODEL) or ollama.models[0]
        variables |= {_LLM_URL: ollama.base_url, _LLM_MODEL: model}
        llm = f"{model} of the Ollama on this machine"
    else:
        variables = {**_suits_a_tiny_model(), **variables, _LLM_URL: f"http://{LOCALHOST}:{ports.llm}/v1"}
        variables[_LLM_MODEL] = MODEL_ALIAS
        llm = "SmolLM2-135M"
    return DemoEnvironment(
        variables=variables,
        real_telegram=real_telegram,
        local_llm=not own_llm and ollama is None,
        ollama=ollama,
        llm=llm,
    )


def _settings(*, ports: DemoPorts, secrets: DemoSecrets) -> dict[str, str]:
    settings = {
        "environment": "development",
        "log.format": "json",
        "telegram.webhook_secret": secrets.webhook_secret,
        "database.host": LOCALHOST,
        "database.port": str(ports.postgres),
        "database.name": "vitte",
        "database.user": "vitte",
        "database.password": secrets.database_password,
        "redis.host": LOCALHOST,
        "redis.port": str(ports.redis),
        "redis.password": secrets.redis_password,
        "api.host": LOCALHOST,
        "api.port": str(ports.api),
        "admin.host": LOCALHOST,
        "admin.port": str(ports.admin),
        "admin.username": "admin",
        "admin.password": secrets.admin_password,
        "admin.secret_key": secrets.admin_secret_key,
        "bot.host": LOCALHOST,
        "bot.port": str(ports.bot),
        # The demo stops within ten seconds, however long an answer still has to go.
        "bot.stop_timeout": "4",
        "worker.metrics_port": str(ports.worker),
        "beat.port": str(ports.beat),
        "worker.concurrency": "2",
    }
    return {
        "VITTE_ENV_FILE": "",  # a .env that lies about is for production
        "PYTHONUNBUFFERED": "1",
        **{variable(path): value for path, value in settings.items()},
    }


def _sandbox_settings(ports: DemoPorts) -> dict[str, str]:
    return {_TOKEN: SANDBOX_TOKEN, variable("telegram.api_url"): f"http://{LOCALHOST}:{ports.chat}"}


def _suits_a_tiny_model() -> dict[str, str]:
    """Return what the tiny model needs, unless the user knows better.

    That is question and answer within 2,048 tokens, and orders that it understands.
    """
    prompt = "You are Vitte, a helpful AI assistant. Answer briefly in English."
    return {
        variable("assistant.system_prompt"): prompt,
        variable("llm.max_tokens"): "300",
        variable("llm.context_window"): "2048",
        variable("memory.learn_messages"): "2",
        variable("llm.temperature"): "0.2",
        variable("assistant.context_messages"): "4",
    }

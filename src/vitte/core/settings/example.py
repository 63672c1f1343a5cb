"""The text of a .env file, made from the settings themselves so that it cannot fall behind them."""

import json
from collections.abc import Callable, Iterator

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from vitte.core.settings.root import PLACEHOLDER, Settings, variable

_TO_GENERATE = (
    "telegram.webhook_secret",
    "database.password",
    "redis.password",
    "admin.password",
    "admin.secret_key",
)
_TO_FILL_IN = ("telegram.token", "llm.base_url", "llm.model", "llm.api_key")
_HEAD = f"""\
# Every setting of Vitte with its default. `vitte init` writes this file with generated secrets.
# production refuses to start while a secret is missing or still says "{PLACEHOLDER}".
# With _FILE after its name a variable names a file that holds the value.
VITTE_ENVIRONMENT=production
"""


def env_text(generate: Callable[[str], str] = lambda _path: PLACEHOLDER) -> str:
    """Return a complete .env; `generate` makes the value of each secret that is ours to choose."""
    return "\n".join([_HEAD, *_sections(generate)])


def _sections(generate: Callable[[str], str]) -> Iterator[str]:
    for section, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield f"# --- {section}: {(kind.__doc__ or '').splitlines()[0]}"
            for name, setting in kind.model_fields.items():
                path = f"{section}.{name}"
                if setting.description:
                    yield f"# {setting.description}"
                yield _line(path, setting, generate)
            yield ""


def _line(path: str, setting: FieldInfo, generate: Callable[[str], str]) -> str:
    if path in _TO_GENERATE:
        return f"{variable(path)}={generate(path)}"
    default = setting.get_default(call_default_factory=True)
    if isinstance(default, SecretStr):
        default = PLACEHOLDER if path == "telegram.token" else default.get_secret_value()
    if isinstance(default, bool | list | dict):
        default = json.dumps(default)
    value = f'"{default}"' if isinstance(default, str) and " " in default else default
    return f"{'' if path in _TO_FILL_IN else '# '}{variable(path)}={value}"

"""Settings that come as files: `VITTE_DATABASE__PASSWORD_FILE=/run/secrets/database_password`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_settings import BaseSettings, DotEnvSettingsSource, EnvSettingsSource

_SUFFIX = "_FILE"


class SettingsError(Exception):
    """The settings cannot be used; the text names each variable and what is wrong with it."""


class EnvironmentOrFiles(EnvSettingsSource):
    """The environment, in which a variable may also name a file that holds the value."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return _with_files(super()._load_env_vars(), self.settings_cls)


class EnvFileOrFiles(DotEnvSettingsSource):
    """A `.env` file, in which a variable may also name a file that holds the value."""

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return _with_files(super()._load_env_vars(), self.settings_cls)


def _with_files(given: Mapping[str, str | None], settings: type[BaseSettings]) -> Mapping[str, str | None]:
    """Return `given` with the contents of the files that it names. Its names are in lower case."""
    read: dict[str, str] = {}
    faults: list[str] = []
    for variable in _variables(settings, settings.model_config["env_prefix"]):
        path = given.get(f"{variable}{_SUFFIX}".lower())
        if not path:
            continue
        if variable.lower() in given:
            faults.append(f"{variable} and {variable}{_SUFFIX} are both given: take one away")
            continue
        try:
            read[variable.lower()] = _content(Path(path))
        except OSError as error:
            faults.append(f"{variable}{_SUFFIX}: cannot read {path}: {error.strerror}")
        except UnicodeDecodeError:
            faults.append(f"{variable}{_SUFFIX}: {path} is not UTF-8 text")
    if faults:
        raise SettingsError("; ".join(faults))
    return {**given, **read}


def _content(path: Path) -> str:
    # As a shell's $(cat file) has it: the entry points of PostgreSQL and Redis read the same files.
    with path.open(encoding="utf-8", newline="") as file:
        return file.read().rstrip("\n")


def _variables(settings: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _variables(kind, f"{prefix}{name.upper()}__")
        else:
            yield f"{prefix}{name.upper()}"

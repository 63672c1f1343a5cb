"""The reference of all settings, made from the settings themselves so that it cannot fall behind them."""

import json
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from vitte.core.settings.root import Settings, variable

_TYPES = {bool: "true or false", int: "whole number", float: "number", SecretStr: "secret", str: "text"}


def reference_text() -> str:
    """Return a table of every section, in Markdown."""
    return "\n".join(_sections())


def _sections() -> Iterator[str]:
    for section, field in Settings.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield f"\n### {section}"
            yield f"{(kind.__doc__ or '').splitlines()[0]}\n"
            yield "| variable | value | default | meaning |"
            yield "|---|---|---|---|"
            for name, setting in kind.model_fields.items():
                yield _row(f"{section}.{name}", setting)


def _row(path: str, setting: FieldInfo) -> str:
    cells = (f"`{variable(path)}`", _values(setting), _default(setting), setting.description or "")
    return f"| {' | '.join(_in_a_cell(cell) for cell in cells)} |"


def _in_a_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _values(setting: FieldInfo) -> str:
    kind: Any = setting.annotation
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(kind))
    if get_origin(kind) is list:
        return "JSON list"
    if get_origin(kind) is dict:
        return "JSON object"
    return f"{_TYPES[kind]}{_bounds(setting)}"


def _bounds(setting: FieldInfo) -> str:
    """Return the limits of a number, as they would be said."""
    least, above, most = (
        next((getattr(rule, name) for rule in setting.metadata if isinstance(rule, kind)), None)
        for kind, name in ((Ge, "ge"), (Gt, "gt"), (Le, "le"))
    )
    if least is not None and most is not None:
        return f", {least} to {most}"
    if least is not None:
        return f", {least} or more"
    return f", above {above}" if above is not None else ""


def _default(setting: FieldInfo) -> str:
    value = setting.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value == "":
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"

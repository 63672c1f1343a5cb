"""Arguments as a model wrote them: read, and held against the tool's schema."""

from collections.abc import Mapping
from typing import Any

import orjson

from vitte.clients.tools.errors import ToolFailedError
from vitte.clients.tools.json_schema import BrokenSchemaError, find_fault

_MAX_LENGTH = 50_000
"""Characters."""
_MAX_FAULT = 300


def read_arguments(text: str) -> dict[str, Any]:
    """Return the arguments; none at all is an empty object. Raises ToolFailedError."""
    if not text.strip():
        return {}
    if len(text) > _MAX_LENGTH:
        raise ToolFailedError("the arguments are too long")
    try:
        arguments = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ToolFailedError(f"the arguments are no JSON: {error.msg}") from None
    if not isinstance(arguments, dict):
        raise ToolFailedError("the arguments must be a JSON object")
    return arguments


def check_arguments(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise ToolFailedError, with a sentence for the model, when the arguments do not fit."""
    try:
        fault = find_fault(arguments, schema)
    except BrokenSchemaError:
        raise ToolFailedError("this tool cannot be used: its schema is broken") from None
    if fault is not None:
        place, message = fault
        raise ToolFailedError(f"{place or 'the arguments'}: {message[:_MAX_FAULT]}")

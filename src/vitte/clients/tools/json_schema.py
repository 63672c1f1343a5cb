"""JSON schemas that somebody else made, used without fetching anything and without end."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson


class BrokenSchemaError(Exception):
    """A schema is none, or cannot be used here."""


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raise BrokenSchemaError for what is no schema, or is to be fetched from elsewhere in part.

    A provider that is shown one such schema refuses the whole question.
    """
    try:
        _validator(orjson.dumps(schema, default=str))
        is_whole = all(reference.startswith("#") for reference in _references(schema))
    except Exception as error:  # noqa: BLE001 - it may be wrong in any way, or nested without end
        raise BrokenSchemaError(type(error).__name__) from None
    if not is_whole:
        raise BrokenSchemaError("it refers to something elsewhere")


def find_fault(value: Any, schema: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return where a value breaks its schema, and how; None when it does not. Raises BrokenSchemaError."""
    from jsonschema.exceptions import best_match

    try:
        fault = best_match(_validator(orjson.dumps(schema, default=str)).iter_errors(value))
    except Exception as error:  # noqa: BLE001 - as above
        raise BrokenSchemaError(type(error).__name__) from None
    return None if fault is None else ("/".join(map(str, fault.absolute_path)), str(fault.message))


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        for key, value in schema.items():
            if key in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield value
            yield from _references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from _references(item)


@lru_cache(maxsize=512)
def _validator(schema: bytes) -> Any:
    # Loaded when a schema is first met: most processes meet none.
    from referencing import Registry

    kind, content = _kind(), orjson.loads(schema)
    kind.check_schema(content)
    # With a registry of our own nothing that a schema refers to is fetched from anywhere.
    return kind(content, registry=Registry())


@lru_cache(maxsize=1)
def _kind() -> Any:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    additional = Draft202012Validator.VALIDATORS["additionalProperties"]

    def additional_properties(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if "patternProperties" not in schema:
            yield from additional(validator, value, instance, schema) or ()

    def nothing(*_: Any) -> Iterator[Any]:
        return iter(())

    # A pattern of somebody else's can take Python's engine for ever; its server will look for itself.
    return extend(
        Draft202012Validator,
        {
            "pattern": nothing,
            "patternProperties": nothing,
            "additionalProperties": additional_properties,
        },
    )

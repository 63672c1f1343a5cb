"""Entries as JSON of plain data: frozen dataclasses and what they are made of, and nothing else.

No pickles: whoever can write to Redis would run code in every process. No objects of the ORM: they belong to
a session that is over. What does not have the shape that this version expects is no entry.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

Value = TypeVar("Value")
Decoder = Callable[[Any], Any]


class ShapeError(ValueError):
    """What was found is no entry of the expected shape."""


def encode(value: object) -> bytes:
    """Return the entry's JSON. Raises TypeError for anything that is no plain data."""
    if value is not None and not is_dataclass(value):
        raise TypeError(f"{type(value).__name__} is no dataclass")
    return orjson.dumps(value, default=_plain)


def _plain(value: object) -> str:
    """Return what JSON has no form for: amounts, digit by digit."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no plain data")


def decode(shape: type[Value], raw: bytes) -> Value | None:
    """Return the value of an entry. Raises ShapeError."""
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ShapeError(str(error)) from None
    if found is None:
        return None
    value: Value = decoder(shape)(found)  # type: ignore[arg-type]  # a type is hashable
    return value


@cache
def decoder(shape: Any) -> Decoder:
    """Return the function that makes a value of `shape` from what JSON has.

    Raises TypeError for a shape that is no plain data.
    """
    if get_origin(shape) in (Union, UnionType):
        return _optional(shape)
    if get_origin(shape) is tuple and get_args(shape)[1:] == (...,):
        return _sequence(get_args(shape)[0])
    found = _of_class(shape) if isinstance(shape, type) else None
    if found is None:
        raise TypeError(f"{shape} has no place in a cache entry")
    return found


def _of_class(shape: type) -> Decoder | None:
    if is_dataclass(shape):
        return _dataclass(shape)
    if shape in (str, int, bool):
        return _exactly(shape)
    if shape is float:
        return _checked((int, float), float)
    if shape is Decimal:
        return _checked(str, Decimal)
    if issubclass(shape, datetime):
        return _checked(str, datetime.fromisoformat)
    return _checked(object, shape) if issubclass(shape, Enum) else None


def _optional(shape: Any) -> Decoder:
    inner = [part for part in get_args(shape) if part is not NoneType]
    if len(inner) != 1:
        raise TypeError(f"{shape} could be more than one thing")
    decode_inner = decoder(inner[0])
    return lambda found: None if found is None else decode_inner(found)


def _sequence(shape: Any) -> Decoder:
    decode_item = decoder(shape)

    def decode_all(found: Any) -> Any:
        if type(found) is not list:
            raise ShapeError("no list")
        return tuple(decode_item(item) for item in found)

    return decode_all


def _exactly(kind: type) -> Decoder:
    # Not isinstance: JSON's true is no number.
    def check(found: Any) -> Any:
        if type(found) is not kind:
            raise ShapeError(f"{type(found).__name__} instead of {kind.__name__}")
        return found

    return check


def _checked(kind: type | tuple[type, ...], convert: Callable[[Any], Any]) -> Decoder:
    def check(found: Any) -> Any:
        if not isinstance(found, kind):
            raise ShapeError(f"unexpected {type(found).__name__}")
        try:
            return convert(found)
        except (ValueError, InvalidOperation) as error:
            raise ShapeError(str(error)) from None

    return check


def _dataclass(shape: Any) -> Decoder:
    hints = get_type_hints(shape)
    decoders = {field.name: decoder(hints[field.name]) for field in fields(shape)}
    # A version that knows more fields, or fewer, must not guess: it loads.
    if any(field.default_factory is not MISSING or not field.init for field in fields(shape)):
        raise TypeError(f"{shape.__name__} has fields that are made, not given")

    def build(found: Any) -> Any:
        if type(found) is not dict or found.keys() != decoders.keys():
            raise ShapeError(f"not the fields of {shape.__name__}")
        return shape(**{name: decode_field(found[name]) for name, decode_field in decoders.items()})

    return build

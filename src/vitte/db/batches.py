"""Changing some of many rows."""

from typing import Any

from sqlalchemy import ColumnElement, Select, any_, func
from sqlalchemy.orm import InstrumentedAttribute


def is_one_of(key: InstrumentedAttribute[int], chosen: Select[Any]) -> ColumnElement[bool]:
    """Return the condition for rows whose `key` is among those `chosen`, which come by the key's index.

    With `key IN (SELECT ...)` PostgreSQL may join the two instead, and read the whole table for each batch
    once it takes the batch for a large part of it.
    """
    return key == any_(func.array(chosen.scalar_subquery()))

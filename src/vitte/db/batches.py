"""Changing some of many rows."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, any_, func
from sqlalchemy.orm import InstrumentedAttribute

from vitte.db.transaction import Transaction


def is_one_of(key: InstrumentedAttribute[int], chosen: Select[Any]) -> ColumnElement[bool]:
    """Return the condition for rows whose `key` is among those `chosen`, which come by the key's index.

    With `key IN (SELECT ...)` PostgreSQL may join the two instead, and read the whole table for each batch
    once it takes the batch for a large part of it.
    """
    return key == any_(func.array(chosen.scalar_subquery()))


async def in_batches(work: Callable[[], Awaitable[int]], *, size: int) -> int:
    """Call `work` until it finds fewer than `size` rows to change; return how many it changed in all.

    It changes up to `size` and returns how many, in a transaction of its own: no lock is held for long.
    """
    total = 0
    while True:
        changed = await work()
        total += changed
        if changed < size:
            return total


async def in_transactions(transaction: Transaction, work: Callable[[], Awaitable[int]], *, size: int) -> int:
    """Call `work` as `in_batches` does, each time in `transaction`, which it is a part of."""

    async def one() -> int:
        async with transaction:
            return await work()

    return await in_batches(one, size=size)

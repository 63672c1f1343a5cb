"""Writes that may wait for the statement which ends the work they belong to, and go along with it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vitte.db.engine import SessionFactory
from vitte.db.statement import Statement
from vitte.db.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Rider:
    """A change of many rows that can be a part of another statement.

    `sql` has an array as the parameter of each of `columns`, whose names no other rider's and no statement's
    that it goes with has, and returns nothing. It sees no more of what else that statement changes than that
    sees of it.
    """

    name: str
    sql: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """One row of what a rider changes: a value for each of its columns."""

    rider: Rider
    row: tuple[Any, ...]


class Effects:
    """What waits for the end of a piece of work."""

    def __init__(self) -> None:
        self._waiting: list[Effect] = []
        self._is_closed = False

    def add(self, effect: Effect) -> bool:
        """Let the effect wait, unless the end has come; tell whether it does."""
        if not self._is_closed:
            self._waiting.append(effect)
        return not self._is_closed

    def close(self) -> tuple[Effect, ...]:
        """Return what waits. From now on nothing more does."""
        self._is_closed = True
        return tuple(self._waiting)


_effects: ContextVar[Effects | None] = ContextVar("effects", default=None)


@contextmanager
def collecting() -> Iterator[Effects]:
    """Collect what may wait, of this task and of those that it starts. Whoever collects has to write it."""
    effects = Effects()
    token = _effects.set(effects)
    try:
        yield effects
    finally:
        _effects.reset(token)


def may_wait(effect: Effect) -> bool:
    """Leave an effect to the end of the work going on; False when there is none, and it is to be written."""
    effects = _effects.get()
    return effects is not None and effects.add(effect)


async def write(session_factory: SessionFactory, effects: Sequence[Effect]) -> None:
    """Write effects now, each kind by a statement of its own."""
    transaction = Transaction(session_factory)
    for rider, rows in _by_rider(effects).items():
        async with transaction.single():
            await transaction.run(_alone(rider), **_columns(rider, rows))


def with_riders(sql: str, effects: Sequence[Effect]) -> tuple[Statement, dict[str, Any]]:
    """Return a statement that begins with WITH, with these effects in it, and the parameters they need."""
    rows = _by_rider(effects)
    riders = tuple(sorted(rows, key=lambda rider: rider.name))
    parameters = {name: values for rider in riders for name, values in _columns(rider, rows[rider]).items()}
    return _together(sql, riders), parameters


def _by_rider(effects: Iterable[Effect]) -> dict[Rider, list[tuple[Any, ...]]]:
    rows: dict[Rider, list[tuple[Any, ...]]] = defaultdict(list)
    for effect in effects:
        rows[effect.rider].append(effect.row)
    return rows


def _columns(rider: Rider, rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: list(values) for name, values in zip(rider.columns, zip(*rows, strict=True), strict=True)}


@lru_cache
def _alone(rider: Rider) -> Statement:
    return Statement(rider.sql)


@lru_cache
def _together(sql: str, riders: tuple[Rider, ...]) -> Statement:
    if not riders:
        return Statement(sql)
    parts = ", ".join(f"{rider.name} AS ({rider.sql})" for rider in riders)
    return Statement(sql.replace("WITH ", f"WITH {parts}, ", 1))

"""Statements that share a way to PostgreSQL."""

import asyncio
from collections.abc import Sequence

import pytest

from vitte.db.batching import Batcher


class Database:
    """Doubles numbers, one batch at a time, and refuses some."""

    def __init__(self, *, refused: frozenset[int] = frozenset(), is_away: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._refused = refused
        self._is_away = is_away

    async def double(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        await self.gate.wait()
        if self._is_away:
            raise ConnectionRefusedError
        if self._refused & set(numbers):
            raise ValueError("refused")
        return [number * 2 for number in numbers]


async def test_a_lone_write_waits_for_no_other() -> None:
    database = Database()
    assert await Batcher(database.double).add(4) == 8
    assert database.batches == [[4]]


async def test_what_comes_up_during_a_write_shares_the_next_ones_and_everybody_gets_their_own() -> None:
    database = Database()
    database.gate.clear()
    batcher = Batcher(database.double, max_batch=3)
    adding = [asyncio.ensure_future(batcher.add(0))]  # noqa: TID251 - awaited below
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    adding += [asyncio.ensure_future(batcher.add(number)) for number in range(1, 6)]  # noqa: TID251
    await asyncio.sleep(0)
    database.gate.set()
    assert await asyncio.gather(*adding) == [0, 2, 4, 6, 8, 10]
    assert database.batches == [[0], [1, 2, 3], [4, 5]]


async def test_one_that_is_refused_spoils_no_other() -> None:
    database = Database(refused=frozenset({2}))
    batcher = Batcher(database.double)
    results = await asyncio.gather(*(batcher.add(number) for number in (1, 2, 3)), return_exceptions=True)
    assert [type(result) for result in results] == [int, ValueError, int]


async def test_nobody_waits_for_a_postgresql_that_is_away_once_for_each_of_the_others() -> None:
    database = Database(is_away=True)
    batcher = Batcher(database.double)
    results = await asyncio.gather(*(batcher.add(number) for number in range(50)), return_exceptions=True)
    assert {type(result) for result in results} == {ConnectionRefusedError}
    assert [len(batch) for batch in database.batches] == [50]


async def test_what_concerns_one_row_goes_in_its_order_and_holds_nobody_else_up() -> None:
    database = Database()
    batcher = Batcher(database.double, key=lambda number: number % 10, max_batch=3)
    numbers = (1, 11, 2, 21, 3, 4, 12)
    assert await asyncio.gather(*map(batcher.add, numbers)) == [number * 2 for number in numbers]
    assert database.batches == [[1, 2, 3], [11, 4, 12], [21]]


async def test_a_caller_that_gives_up_takes_nobody_along() -> None:
    database = Database()
    database.gate.clear()
    batcher = Batcher(database.double)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await batcher.add(1)
    database.gate.set()
    assert await batcher.add(2) == 4

"""Many small statements as a few large ones, without anybody waiting for a timer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from vitte.core.nursery import Nursery
from vitte.db.outages import is_away

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Hands items to `work` in batches: whatever came in while the batch before was being worked on.

    A lone item goes at once; under load batches form by themselves. Every caller waits until its own item is
    done, and gets its own result. Of items with the same `key` one goes at a time, in their order, for one
    statement writes a row once. When a batch fails, its items are tried one by one, so that one that
    PostgreSQL refuses spoils no other; but when PostgreSQL is away, it is away for all of them.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]],
        *,
        key: Callable[[Item], object] | None = None,
        max_batch: int = 200,
    ) -> None:
        self._work = work
        self._key = key
        self._max_batch = max_batch
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._is_working = False
        self._nursery = Nursery()

    async def add(self, item: Item) -> Result:
        """Return the item's result once it is done. Raises what working on it raised."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if not self._is_working:
            self._is_working = True
            self._nursery.start(self._work_until_done(), name="batch")
        return await future

    async def _work_until_done(self) -> None:
        try:
            while self._waiting:
                await self._work_on(self._take_batch())
        finally:
            self._is_working = False

    def _take_batch(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        if self._key is None:
            whole, self._waiting = self._waiting[: self._max_batch], self._waiting[self._max_batch :]
            return whole
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        left: list[tuple[Item, asyncio.Future[Result]]] = []
        keys: set[object] = set()
        for one in self._waiting:
            key = self._key(one[0])
            (left if key in keys or len(batch) == self._max_batch else batch).append(one)
            keys.add(key)
        self._waiting = left
        return batch

    async def _work_on(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._work([item for item, _ in batch])
        except Exception as error:  # noqa: BLE001 - it belongs to those who wait
            if len(batch) > 1 and not is_away(error):
                for one in batch:
                    await self._work_on([one])
                return
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)

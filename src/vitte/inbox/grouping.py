"""Many small writes as a few large ones, without anybody waiting for a timer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from vitte.core.nursery import Nursery

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item, Result]):
    """Hands items to `write` in groups: whatever came in while the group before was being written.

    A lone item is written at once; under load groups form by themselves. Every caller waits until its own
    item is written, and gets its own result. When a group fails, its items are written one by one, so that
    one that cannot be written spoils no other.
    """

    def __init__(
        self, write: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], *, max_group: int = 200
    ) -> None:
        self._write = write
        self._max_group = max_group
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._is_writing = False
        self._nursery = Nursery()

    async def add(self, item: Item) -> Result:
        """Return the item's result once it is written. Raises what writing it raised."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if not self._is_writing:
            self._is_writing = True
            self._nursery.start(self._write_groups(), name="group_commit")
        return await future

    async def _write_groups(self) -> None:
        try:
            await self._write_all()
        finally:
            self._is_writing = False

    async def _write_all(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[: self._max_group], self._waiting[self._max_group :]
            try:
                self._resolve(group, await self._write([item for item, _ in group]))
            except Exception as error:  # noqa: BLE001 - it belongs to those who wait
                if len(group) == 1:
                    self._reject(group[0][1], error)
                else:
                    await self._write_one_by_one(group)

    async def _write_one_by_one(self, group: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        for item, future in group:
            try:
                self._resolve([(item, future)], await self._write([item]))
            except Exception as error:  # noqa: BLE001 - it belongs to the one who waits
                self._reject(future, error)

    @staticmethod
    def _resolve(group: list[tuple[Item, asyncio.Future[Result]]], results: Sequence[Result]) -> None:
        for (_, future), result in zip(group, results, strict=True):
            if not future.done():
                future.set_result(result)

    @staticmethod
    def _reject(future: asyncio.Future[Result], error: Exception) -> None:
        if not future.done():
            future.set_exception(error)

"""What a person sees of their memory, and does with it."""

from functools import partial

from vitte.clients.cache.protocol import PROFILE, Invalidator
from vitte.db.transaction import Transaction
from vitte.memory.metrics import FACTS
from vitte.memory.repository import MemoryRepository
from vitte.memory.schemas import MemoryPage


class MemoryBook:
    """A person's facts, page by page. Everything may be done twice."""

    def __init__(self, transaction: Transaction, memories: MemoryRepository, cache: Invalidator) -> None:
        self._transaction = transaction
        self._memories = memories
        self._cache = cache

    async def page(self, user_id: int, number: int, *, size: int) -> MemoryPage:
        """Return a page of the person's facts, the last one when there are not as many any more."""
        async with self._transaction:
            count = await self._memories.count(user_id)
            pages = max(1, -(-count // size))
            number = min(max(1, number), pages)
            first = (number - 1) * size
            return MemoryPage(
                facts=await self._memories.facts(user_id, offset=first, limit=size),
                number=number,
                pages=pages,
                first=first + 1,
                count=count,
                is_on=await self._memories.remembers(user_id),
            )

    async def forget(self, user_id: int, fact_id: int) -> bool:
        """Forget one of the person's facts; False when there is no such fact of theirs."""
        async with self._transaction:
            gone = await self._memories.delete(user_id, [fact_id])
        FACTS.labels("forgotten").inc(gone)
        return bool(gone)

    async def forget_all(self, user_id: int) -> int:
        """Forget all of the person's facts, and learn nothing from what was said so far; return how many."""
        async with self._transaction:
            await self._start_anew(user_id)
            gone = await self._memories.delete(user_id)
        FACTS.labels("forgotten").inc(gone)
        return gone

    async def switch(self, user_id: int, *, on: bool) -> None:
        """Let facts be kept and used, or not. From what is said while it is off nothing is ever learned."""
        async with self._transaction:
            if on and not await self._memories.remembers(user_id):
                await self._start_anew(user_id)
            await self._memories.set_remembers(user_id, remembers=on)
            telegram_id = await self._memories.telegram_id(user_id)
            self._transaction.on_commit(partial(self._cache.invalidate, PROFILE, telegram_id))

    async def _start_anew(self, user_id: int) -> None:
        await self._memories.note_learned(user_id, until=await self._memories.newest_message())

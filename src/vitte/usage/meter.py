"""Calls to models that hear, speak and embed, on the ledger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import structlog

from vitte.core.errors import VitteError
from vitte.core.nursery import Nursery
from vitte.db.models import Plan
from vitte.db.outages import DATABASE_ERRORS
from vitte.usage.costs import MICRO, micro_dollars
from vitte.usage.errors import LimitReachedError
from vitte.usage.ledger import UsageLedger, settlement_of
from vitte.usage.schemas import CallRequest

logger = structlog.get_logger(__name__)


class Meter:
    """Reserves and settles calls whose price is not by tokens, or whose provider tells none.

    Lives as long as its process. None of them is a message of the person's.
    """

    def __init__(self, ledger: UsageLedger) -> None:
        self._ledger = ledger
        self._nursery = Nursery()

    @asynccontextmanager
    async def call(
        self, *, user_id: int, kind: str, model: str, tokens: int, dollars: Decimal
    ) -> AsyncIterator[None]:
        """Put a call that is made within the block on the ledger; one that fails costs nothing.

        `tokens` and `dollars` are what it takes, by estimate. Raises LimitReachedError, and what the call
        does.
        """
        tokens = max(1, tokens)
        request = CallRequest(
            user_id=user_id,
            plan=Plan.FREE,
            kind=kind,
            model=model,
            tokens=tokens,
            cost=micro_dollars(dollars) + 1 if dollars else 0,
            counts_as_message=False,
            price_in=dollars * MICRO / tokens,
        )
        reservation = await self._ledger.reserve(request)
        outcome = "failed"
        try:
            yield
            outcome = "complete"
        except VitteError as error:
            outcome = error.code
            raise
        finally:
            await self._ledger.settle(
                settlement_of(
                    reservation,
                    prompt_tokens=tokens if outcome == "complete" else 0,
                    completion_tokens=0,
                    is_estimated=True,
                    outcome=outcome,
                )
            )

    def note_soon(self, *, user_id: int, kind: str, model: str, tokens: int, dollars: Decimal) -> None:
        """Put a call that was made on the ledger, while somebody is served who is not to wait for that."""
        self._nursery.start(
            self._note(user_id=user_id, kind=kind, model=model, tokens=tokens, dollars=dollars),
            name="note_call",
        )

    async def _note(self, *, user_id: int, kind: str, model: str, tokens: int, dollars: Decimal) -> None:
        try:
            async with self.call(user_id=user_id, kind=kind, model=model, tokens=tokens, dollars=dollars):
                return
        except (LimitReachedError, *DATABASE_ERRORS) as error:
            logger.warning("call_not_noted", kind=kind, reason=type(error).__name__)

"""Calls to a model that nobody waits for: titles, summaries, memory."""

from collections.abc import Sequence

from vitte.clients.llm.protocol import ChatMessage, ChatModel, Usage
from vitte.core.errors import VitteError
from vitte.core.tokens import count_tokens
from vitte.db.models import Plan
from vitte.usage.costs import cost_of
from vitte.usage.ledger import UsageLedger, settlement_of
from vitte.usage.prices import PriceList
from vitte.usage.schemas import CallRequest, Reservation


class BackgroundModel:
    """Asks the model of the settings; what it takes is on the ledger of the person for whom it is asked."""

    def __init__(self, model: ChatModel, ledger: UsageLedger, prices: PriceList) -> None:
        self._model = model
        self._ledger = ledger
        self._prices = prices

    async def ask(self, messages: Sequence[ChatMessage], *, user_id: int, kind: str, max_tokens: int) -> str:
        """Return the whole answer. Raises LlmError, and LimitReachedError when the plan is used up."""
        price = await self._prices.of_default()
        prompt_tokens = sum(count_tokens(message.content) for message in messages)
        reservation = await self._ledger.reserve(
            CallRequest(
                user_id=user_id,
                plan=Plan.FREE,
                kind=kind,
                model=self._model.name,
                tokens=prompt_tokens + max_tokens,
                cost=cost_of(prompt_tokens, max_tokens, price.price_in, price.price_out),
                counts_as_message=False,
                price_in=price.price_in,
                price_out=price.price_out,
            )
        )
        text, usage, outcome = "", None, "failed"
        try:
            async for chunk in self._model.stream(messages, max_tokens=max_tokens):
                text += chunk.text
                usage = chunk.usage or usage
            outcome = "complete"
        except VitteError as error:
            outcome = error.code
            raise
        finally:
            await self._settle(reservation, usage, prompt_tokens, text, outcome)
        return text

    async def _settle(
        self, reservation: Reservation, usage: Usage | None, prompt_tokens: int, text: str, outcome: str
    ) -> None:
        if usage is None:
            was_made = bool(text) or outcome == "complete"
            usage = Usage(
                prompt_tokens=prompt_tokens if was_made else 0,
                completion_tokens=count_tokens(text) if text else 0,
                is_estimated=True,
            )
        await self._ledger.settle(
            settlement_of(
                reservation,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                is_estimated=usage.is_estimated,
                outcome=outcome,
            )
        )

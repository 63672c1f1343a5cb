"""An answer in the making: the model speaks, asks for tools, and speaks again."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import structlog

from vitte.assistant.metrics import ANSWERS
from vitte.assistant.running import AnswerStoppedError, RunningAnswer
from vitte.assistant.schemas import Reply
from vitte.assistant.tools.registry import ToolRegistry
from vitte.assistant.tools.schemas import ToolContext
from vitte.clients.llm.protocol import (
    ChatMessage,
    ChatModel,
    LlmError,
    LlmInterruptedError,
    Tool,
    ToolCall,
    Usage,
)
from vitte.core.errors import VitteError
from vitte.core.nursery import Nursery
from vitte.core.tokens import IMAGE_TOKENS, count_tokens
from vitte.usage.costs import cost_of
from vitte.usage.errors import LimitReachedError
from vitte.usage.ledger import UsageLedger, settlement_of
from vitte.usage.prices import Price, Prices
from vitte.usage.schemas import CallRequest, Reservation, Settlement

logger = structlog.get_logger(__name__)


class AnswerCutShortError(VitteError):
    """The model would have said more, but has said as much as it may at once."""

    code = "length"
    status = 200
    text_key = "answer-cut-short"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """All that making an answer needs: who asks whom, and what the model is shown.

    `prices` are those of the models of the chain, by their providers and names, beginning with the first
    model; `max_tokens` is the longest answer of one call.
    """

    user_id: int
    plan: str
    dialog_id: int
    model: ChatModel
    prices: Prices
    max_tokens: int
    messages: list[ChatMessage]
    tools: ToolContext | None
    """Who asks and where, for tools; None when the model uses none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An answer, what cut it short if it did not end by itself, and the name of the model that gave it.

    `used` is what its last call took: whoever stores the answer settles it with that.
    """

    text: str
    cut_by: VitteError | None
    model: str
    used: Settlement | None


@dataclass(slots=True, kw_only=True)
class _Progress:
    """How far an answer has come."""

    model: str
    text: str = ""
    ends_early: bool = False
    started: float = field(default_factory=time.monotonic)
    used: Settlement | None = None
    """What the call before took, until that is being settled."""
    settling: list[asyncio.Task[object]] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return round(time.monotonic() - self.started, 3)


@dataclass(slots=True, kw_only=True)
class _Round:
    """One call to the model."""

    prompt_tokens: int
    model: str
    provider: str = ""
    is_made: bool = False
    """Whether the model was asked: whoever stops an answer before that pays nothing for it."""
    text: str = ""
    usage: Usage | None = None
    calls: tuple[ToolCall, ...] = ()


class AnswerMaker:
    """Makes answers. Each call to a model is reserved in the ledger before, and settled however it ends.

    The last one's settlement goes with the answer, if there is one to be stored. Lives as long as its
    process. A process that is ended in the middle leaves its reservations to the sweeper: its updates are
    handled again, elsewhere.
    """

    def __init__(self, ledger: UsageLedger, tools: ToolRegistry) -> None:
        self._ledger = ledger
        self._tools = tools
        self._nursery = Nursery()

    async def make(self, brief: Brief, reply: Reply, running: RunningAnswer) -> Made:
        """Show the answer through `reply` as it grows, and return it when it is over.

        Raises LlmError or AnswerStoppedError when there is nothing of it, and LimitReachedError.
        """
        progress = _Progress(model=brief.model.name)
        try:
            cut_by = await self._speak_up(brief, progress, reply, running)
            await self._settled(progress)
        except BaseException:
            self._settle(progress)
            await self._settled(progress)
            raise
        return Made(text=progress.text, cut_by=cut_by, model=progress.model, used=progress.used)

    async def _speak_up(
        self, brief: Brief, progress: _Progress, reply: Reply, running: RunningAnswer
    ) -> VitteError | None:
        """Make the answer as far as it comes, and return what cut it short."""
        try:
            await self._speak(brief, progress, reply, running)
            if not progress.text.strip():
                raise LlmInterruptedError("the answer is empty")
        except (LlmError, AnswerStoppedError, LimitReachedError) as error:
            # What it said before it asked for a tool stands, also when it may not go on after that.
            if isinstance(error, LimitReachedError) and not progress.text.strip():
                raise
            _note_early_end(error, progress)
            if not progress.text.strip():
                raise
            return error
        ANSWERS.labels(outcome="complete").inc()
        logger.info("answer_complete", seconds=progress.seconds, characters=len(progress.text))
        return AnswerCutShortError() if progress.ends_early else None

    async def _speak(self, brief: Brief, progress: _Progress, reply: Reply, running: RunningAnswer) -> None:
        messages = list(brief.messages)
        is_first = True
        while True:
            tools = [] if brief.tools is None else await self._tools.tools_for(brief.tools)
            spoken = await self._call(brief, messages, tools, progress, reply, running, is_first=is_first)
            if not spoken.calls or brief.tools is None or not tools:
                return
            is_first = False
            self._settle(progress)
            messages.append(ChatMessage("assistant", spoken.text, tool_calls=spoken.calls))
            async with running.until_stopped():
                for call in spoken.calls:
                    reply.status(self._tools.describe(call))
                    result = await self._tools.run(call, brief.tools)
                    messages.append(ChatMessage("tool", result.text, tool_call_id=call.id))
            if progress.text:
                progress.text = f"{progress.text.rstrip()}\n\n"

    async def _call(
        self,
        brief: Brief,
        messages: Sequence[ChatMessage],
        tools: Sequence[Tool],
        progress: _Progress,
        reply: Reply,
        running: RunningAnswer,
        *,
        is_first: bool,
    ) -> _Round:
        """Ask the model once. Only the first call of an answer counts as a message of the person's."""
        call = _Round(prompt_tokens=_tokens_of(messages), model=brief.model.name)
        reservation = await self._ledger.reserve(_request(brief, call, counts_as_message=is_first))
        outcome = "failed"
        try:
            async with (
                running.until_stopped(),
                aclosing(brief.model.stream(messages, max_tokens=brief.max_tokens, tools=tools)) as chunks,  # type: ignore[type-var]  # all our streams are generators
            ):
                call.is_made = True
                async for chunk in chunks:
                    call.model = progress.model = chunk.model or call.model
                    call.provider = chunk.provider or call.provider
                    call.usage = chunk.usage or call.usage
                    call.calls = chunk.tool_calls or call.calls
                    if chunk.finish_reason is not None:
                        progress.ends_early = chunk.finish_reason == "length"
                    if chunk.text:
                        call.text += chunk.text
                        progress.text += chunk.text
                        # The end of an answer is sent in a moment: to show it before that would be one
                        # call more, and no word sooner.
                        if chunk.finish_reason is None or chunk.tool_calls:
                            reply.draft(progress.text)
            outcome = "complete"
        except VitteError as error:
            outcome = error.code
            raise
        except asyncio.CancelledError:
            outcome = ""
            raise
        finally:
            if outcome:
                progress.used = _settlement(brief, reservation, call, outcome)
        return call

    def _settle(self, progress: _Progress) -> None:
        used, progress.used = progress.used, None
        if used is not None:
            progress.settling.append(self._nursery.start(self._ledger.settle(used), name="settle"))

    async def _settled(self, progress: _Progress) -> None:
        if progress.settling:
            await asyncio.gather(*progress.settling)


def _settlement(brief: Brief, reservation: Reservation, call: _Round, outcome: str) -> Settlement:
    # Whoever stood in for the first model has a price of its own.
    price = brief.prices.get((call.provider, call.model)) or next(iter(brief.prices.values()), Price())
    request = replace(
        reservation.request, model=call.model, price_in=price.price_in, price_out=price.price_out
    )
    is_stopped = call.is_made and outcome == AnswerStoppedError.code
    is_nothing = not (call.text or call.calls or is_stopped)
    usage = call.usage or Usage(
        prompt_tokens=0 if is_nothing else call.prompt_tokens,
        completion_tokens=count_tokens(call.text) if call.text else 0,
        is_estimated=True,
    )
    return settlement_of(
        Reservation(id=reservation.id, request=request),
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        is_estimated=usage.is_estimated,
        outcome=outcome,
        refund_message=is_nothing,
    )


def _request(brief: Brief, call: _Round, *, counts_as_message: bool) -> CallRequest:
    # Before anybody has answered, the dearest of the chain is the one to reckon with.
    prices = list(brief.prices.values()) or [Price()]
    cost = max(cost_of(call.prompt_tokens, brief.max_tokens, one.price_in, one.price_out) for one in prices)
    return CallRequest(
        user_id=brief.user_id,
        plan=brief.plan,
        kind="chat",
        model=call.model,
        dialog_id=brief.dialog_id,
        tokens=call.prompt_tokens + brief.max_tokens,
        cost=cost,
        counts_as_message=counts_as_message,
    )


def _tokens_of(messages: Sequence[ChatMessage]) -> int:
    return sum(
        count_tokens(message.content)
        + IMAGE_TOKENS * len(message.images)
        + sum(count_tokens(call.arguments) for call in message.tool_calls)
        for message in messages
    )


def _note_early_end(error: LlmError | AnswerStoppedError | LimitReachedError, progress: _Progress) -> None:
    ANSWERS.labels(outcome=error.code).inc()
    characters = len(progress.text)
    if isinstance(error, AnswerStoppedError):
        logger.info("answer_stopped", seconds=progress.seconds, characters=characters)
    else:
        logger.warning("answer_failed", code=error.code, reason=str(error), characters=characters)

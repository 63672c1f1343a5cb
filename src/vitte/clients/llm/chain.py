"""Several models behind one: the next is asked when the one before does not answer."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog

from vitte.clients.llm.metrics import measured
from vitte.clients.llm.openai_compatible import OpenAICompatibleModel
from vitte.clients.llm.protocol import ChatMessage, Chunk, LlmError, Tool
from vitte.core.settings.outside import LlmSettings

logger = structlog.get_logger(__name__)


class ModelChain:
    """Asks models in turn until one begins to answer.

    Once a person may have seen a word, another model would contradict it: from then on an error is an error.
    """

    def __init__(self, models: Sequence[OpenAICompatibleModel]) -> None:
        self._models = models

    @classmethod
    def of(cls, settings: LlmSettings) -> "ModelChain":
        """Make the chain of the model in the settings and those that stand in for it."""
        chosen = [settings, *(settings.model_copy(update=dict(spare)) for spare in settings.fallbacks)]
        return cls([OpenAICompatibleModel(one) for one in chosen])

    @property
    def name(self) -> str:
        """The name of the first model: the one that usually answers."""
        return self._models[0].name

    async def close(self) -> None:
        """Close the connections of all models."""
        for model in self._models:
            await model.close()

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        max_tokens: int | None = None,
        tools: Sequence[Tool] = (),
    ) -> AsyncIterator[Chunk]:
        """Yield the answer of the first model that begins one; each piece names its model.

        Raises the last model's LlmError when none does, or the error that breaks an answer off.
        """
        *spares, last = [*self._models]
        for model in (*spares, last):
            has_begun = False
            try:
                async with (
                    aclosing(model.stream(messages, max_tokens=max_tokens, tools=tools)) as answer,
                    aclosing(measured(model.name, answer)) as chunks,
                ):
                    async for chunk in chunks:
                        has_begun = has_begun or bool(chunk.text)
                        yield replace(chunk, model=model.name)
            except LlmError as error:
                if has_begun or model is last:
                    raise
                logger.warning("model_failed_over", model=model.name, code=error.code, reason=str(error))
            else:
                return

"""Several models behind one, at the providers of the settings: the next is asked when one does not answer."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import structlog
from pydantic import SecretStr

from vitte.clients.endpoint.endpoint import Endpoint, EndpointConfig
from vitte.clients.llm.metrics import measured
from vitte.clients.llm.openai_compatible import OpenAICompatibleModel
from vitte.clients.llm.protocol import (
    ChatMessage,
    Chunk,
    LlmError,
    LlmMisconfiguredError,
    LlmRefusedImagesError,
    LlmRefusedToolsError,
    Tool,
)
from vitte.clients.llm.specs import ModelSpec, Patience
from vitte.core.settings.endpoints import ProviderSettings
from vitte.core.settings.outside import DEFAULT_PROVIDER, FallbackModel, LlmSettings

logger = structlog.get_logger(__name__)


async def _nothing_to_close() -> None:
    """The connections are somebody else's."""


class ModelChain:
    """Asks models in turn until one begins to answer.

    Once a person may have seen a word, another model would contradict it: from then on an error is an error.
    So it is once a tool was called, which may have changed something.
    """

    def __init__(
        self,
        models: Sequence[OpenAICompatibleModel],
        close: Callable[[], Awaitable[None]] = _nothing_to_close,
    ) -> None:
        self._models = models
        self._close = close

    @staticmethod
    def of(settings: LlmSettings) -> "ModelChain":
        """Make the chain of the model in the settings and those that stand in for it, and its endpoints."""
        return Providers(settings).default_chain(is_owner=True)

    @property
    def name(self) -> str:
        """The name of the first model: the one that usually answers."""
        return self._models[0].name

    async def close(self) -> None:
        """Close the connections that are the chain's own."""
        await self._close()

    async def stream(
        self,
        messages: Sequence[ChatMessage],
        *,
        max_tokens: int | None = None,
        tools: Sequence[Tool] = (),
    ) -> AsyncGenerator[Chunk]:
        """Yield the answer of the first model that begins one; each piece names it and its provider.

        A model that is known to see no pictures is left out when there are any, and one that uses no tools
        when some were used before; else it answers without them. Raises the last model's LlmError when none
        does, or the error that breaks an answer off.
        """
        able = [model for model in self._models if _unfit(model.spec, messages) is None]
        if not able:
            raise _unfit(self._models[-1].spec, messages) or LlmError
        *spares, last = able
        for model in (*spares, last):
            has_begun = False
            usable = tools if model.spec.uses_tools else ()
            try:
                async with (
                    aclosing(model.stream(messages, max_tokens=max_tokens, tools=usable)) as answer,
                    aclosing(measured(model.name, answer)) as chunks,
                ):
                    async for chunk in chunks:
                        has_begun = has_begun or bool(chunk.text or chunk.tool_calls)
                        yield replace(chunk, model=model.name, provider=model.spec.provider)
            except LlmError as error:
                if has_begun or model is last:
                    raise
                logger.warning("model_failed_over", model=model.name, code=error.code, reason=str(error))
            else:
                return


def _unfit(spec: ModelSpec, messages: Sequence[ChatMessage]) -> LlmError | None:
    """Return why a model need not be asked, or None."""
    if not spec.sees_images and any(message.images for message in messages):
        return LlmRefusedImagesError(f"{spec.name} sees no pictures")
    if not spec.uses_tools and any(message.tool_calls for message in messages):
        return LlmRefusedToolsError(f"{spec.name} uses no tools")
    return None


class Providers:
    """Every endpoint once, so that all who ask there share its connections, its places and its breaker."""

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        self._endpoints: dict[str, Endpoint] = {}
        self._patience: dict[str, Patience] = {}
        self._models: dict[ModelSpec, OpenAICompatibleModel] = {}
        first = ProviderSettings.model_construct(
            base_url=settings.base_url, api_key=settings.api_key, concurrency=settings.concurrency
        )
        self._add(DEFAULT_PROVIDER, first)
        for name, provider in settings.providers.items():
            self._add(name, provider)
        self._default_specs = [
            self._spec(settings.model, DEFAULT_PROVIDER),
            *(self._fallback(number, spare) for number, spare in enumerate(settings.fallbacks, 1)),
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that a ModelSpec may give as its provider."""
        return (DEFAULT_PROVIDER, *self._settings.providers)

    @property
    def default_specs(self) -> Sequence[ModelSpec]:
        """The model of the settings, and those that stand in for it."""
        return self._default_specs

    def endpoint(self, name: str) -> Endpoint:
        """Return a provider's endpoint. Raises LlmMisconfiguredError."""
        if name not in self._endpoints:
            known = ", ".join(self.names)
            raise LlmMisconfiguredError(f"there is no provider {name!r}; the settings have {known}")
        return self._endpoints[name]

    def chain(self, specs: Sequence[ModelSpec], *, is_owner: bool = False) -> ModelChain:
        """Return the models as one, which asks them in this order. Only an owner closes the endpoints.

        One at an unknown provider is left out as long as others remain. Raises LlmMisconfiguredError.
        """
        models: list[OpenAICompatibleModel] = []
        fault = LlmMisconfiguredError("there is no model")
        for spec in specs:
            try:
                models.append(self._model(spec))
            except LlmMisconfiguredError as error:
                logger.error("model_has_no_provider", model=spec.name, reason=str(error))  # noqa: TRY400 - known
                fault = error
        if not models:
            raise fault
        return ModelChain(models, self.close) if is_owner else ModelChain(models)

    def default_chain(self, *, is_owner: bool = False) -> ModelChain:
        """Return the model of the settings with those that stand in for it."""
        return self.chain(self._default_specs, is_owner=is_owner)

    async def close(self) -> None:
        """Close all connections."""
        for endpoint in self._endpoints.values():
            await endpoint.close()

    def _model(self, spec: ModelSpec) -> OpenAICompatibleModel:
        # Kept, since a model remembers in what words it wants to be asked.
        if spec not in self._models:
            endpoint = self.endpoint(spec.provider)
            self._models[spec] = OpenAICompatibleModel(endpoint, spec, self._patience[spec.provider])
        return self._models[spec]

    def _spec(self, model: str, provider: str) -> ModelSpec:
        settings = self._settings
        return ModelSpec(
            name=model,
            provider=provider,
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
        )

    def _fallback(self, number: int, spare: FallbackModel) -> ModelSpec:
        if "provider" in spare:
            return self._spec(spare["model"], spare["provider"])
        base_url = spare.get("base_url", self._settings.base_url)
        api_key = spare.get("api_key", self._settings.api_key)
        return self._spec(
            spare["model"], self._at(base_url, api_key) or self._add_spare(number, base_url, api_key)
        )

    def _at(self, base_url: str, api_key: SecretStr) -> str | None:
        """Return the name of the endpoint that is there already."""
        for name, endpoint in self._endpoints.items():
            if (endpoint.config.base_url, endpoint.config.api_key) == (base_url, api_key):
                return name
        return None

    def _add_spare(self, number: int, base_url: str, api_key: SecretStr) -> str:
        name = f"fallback {number}"
        self._add(name, ProviderSettings.model_construct(base_url=base_url, api_key=api_key, concurrency=0))
        return name

    def _add(self, name: str, provider: ProviderSettings) -> None:
        settings = self._settings
        self._endpoints[name] = Endpoint(
            name,
            EndpointConfig(
                base_url=provider.base_url,
                api_key=provider.api_key,
                concurrency=provider.concurrency,
                connect_timeout=provider.connect_timeout or settings.connect_timeout,
                queue_timeout=settings.queue_timeout,
                retries=settings.retries,
                breaker_failures=settings.breaker_failures,
                breaker_pause=settings.breaker_pause,
            ),
        )
        self._patience[name] = Patience(
            first_token=provider.first_token_timeout or settings.first_token_timeout,
            idle=provider.idle_timeout or settings.idle_timeout,
            total=provider.total_timeout or settings.total_timeout,
        )

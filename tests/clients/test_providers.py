"""Several providers: whom a model is asked of, with whose key, and what they share."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from tests.patience import PATIENCE
from vitte.clients.llm import (
    ChatMessage,
    LlmMisconfiguredError,
    LlmTimeoutError,
    LlmUnavailableError,
    ModelChain,
    ModelSpec,
    Providers,
)
from vitte.core.settings.endpoints import ProviderSettings
from vitte.core.settings.outside import LlmSettings
from vitte.sandbox.llm import Script, running_model


class Two:
    """A default provider and one more."""

    def __init__(self, first: str, second: str) -> None:
        self.scripts: list[Script] = []
        self.settings = LlmSettings(
            base_url=first,
            api_key=SecretStr("first-key"),
            model="zero-config",
            retries=0,
            breaker_failures=1,
            breaker_pause=PATIENCE,
            providers={"other": ProviderSettings(base_url=second, api_key=SecretStr("other-key"))},
        )
        self.providers = Providers(self.settings)


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        scripts = [Script(), Script()]
        first, second = [await stack.enter_async_context(running_model(script)) for script in scripts]
        two = Two(first, second)
        two.scripts = scripts
        yield two
        await two.providers.close()


async def ask(chain: ModelChain) -> str | None:
    """Return the name of the model that answers."""
    chunks = [chunk async for chunk in chain.stream([ChatMessage("user", "hello")])]
    assert "".join(chunk.text for chunk in chunks) == "You said: hello"
    return chunks[-1].model


async def test_each_provider_gets_its_own_key_and_the_model_as_it_is_set(two: Two) -> None:
    spec = ModelSpec(provider="other", name="big", max_tokens=7, temperature=0.1)
    assert await ask(two.providers.chain([spec])) == "big"
    assert await ask(two.providers.default_chain()) == "zero-config"
    assert [script.keys for script in two.scripts] == [["Bearer first-key"], ["Bearer other-key"]]
    asked = two.scripts[1].requests[0]
    assert (asked["model"], asked["max_tokens"], asked["temperature"]) == ("big", 7, 0.1)


async def test_a_temperature_that_nobody_sets_is_left_to_the_model(two: Two) -> None:
    await ask(two.providers.chain([ModelSpec(name="m")]))
    assert "temperature" not in two.scripts[0].requests[0]


async def test_a_model_at_an_unknown_provider_is_told_with_those_that_are_known(two: Two) -> None:
    with pytest.raises(LlmMisconfiguredError, match=r"'nowhere'.*default, other"):
        two.providers.chain([ModelSpec(provider="nowhere", name="m")])
    with pytest.raises(LlmMisconfiguredError):
        two.providers.chain([])


async def test_people_are_answered_although_one_of_the_models_has_lost_its_provider(two: Two) -> None:
    chain = two.providers.chain([ModelSpec(provider="nowhere", name="lost"), ModelSpec(name="left")])
    assert await ask(chain) == "left"


async def test_a_provider_that_is_away_is_passed_over_for_all_its_models(two: Two) -> None:
    two.scripts[0].fault = "broken"
    with pytest.raises(LlmUnavailableError):
        await ask(two.providers.chain([ModelSpec(name="first")]))
    again = two.providers.chain([ModelSpec(name="another"), ModelSpec(provider="other", name="spare")])
    assert await ask(again) == "spare"
    assert two.scripts[0].calls == 1


async def test_a_fallback_at_the_same_address_is_away_together_with_the_first() -> None:
    settings = LlmSettings.model_validate(
        {"base_url": "http://127.0.0.1:9", "model": "a", "fallbacks": [{"model": "b"}]}
    )
    providers = Providers(settings)
    assert [spec.provider for spec in providers.default_specs] == ["default", "default"]
    other = settings.model_validate(
        settings.model_dump() | {"fallbacks": [{"model": "b", "base_url": "http://127.0.0.1:10"}]}
    )
    assert [spec.provider for spec in Providers(other).default_specs] == ["default", "fallback 1"]


async def test_a_provider_has_its_own_patience(two: Two) -> None:
    two.settings.providers["hasty"] = ProviderSettings(
        base_url=two.settings.providers["other"].base_url, first_token_timeout=0.3
    )
    two.scripts[1].fault = "silent"
    providers = Providers(two.settings)
    with pytest.raises(LlmTimeoutError):
        await ask(providers.chain([ModelSpec(provider="hasty", name="m")]))
    await providers.close()


async def test_the_next_model_answers_when_no_place_at_the_first_becomes_free(two: Two) -> None:
    two.settings.concurrency, two.settings.queue_timeout = 1, 0.2
    providers = Providers(two.settings)
    two.scripts[0].answer, two.scripts[0].holds_after = "one two", 1
    busy = providers.default_chain().stream([ChatMessage("user", "hello")])
    assert (await anext(busy)).text == "one"
    chain = providers.chain([ModelSpec(name="full"), ModelSpec(provider="other", name="free")])
    assert await ask(chain) == "free"
    labels = {"model": "full", "outcome": "llm_overloaded"}
    assert REGISTRY.get_sample_value("vitte_llm_calls_total", labels) == 1
    await busy.aclose()
    await providers.close()

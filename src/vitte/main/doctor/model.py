"""Does the language model answer, and how fast?"""

import time
from contextlib import aclosing

from vitte.clients.llm.openai_compatible import OpenAICompatibleModel
from vitte.clients.llm.protocol import (
    ChatMessage,
    LlmError,
    LlmMisconfiguredError,
    LlmOverloadedError,
    LlmTimeoutError,
)
from vitte.core.settings import Settings
from vitte.core.settings.outside import LlmSettings
from vitte.main.doctor.finding import Check, Finding, doubtful, ok, wrong

TIMEOUT = 20.0
"""Seconds that a model has to begin."""
_SLOW = 8.0
_QUESTION = [ChatMessage("user", "Say OK.")]
_FEW_TOKENS = 16


def model_checks(settings: Settings) -> dict[str, Check]:
    """Make a check of each model in the settings."""
    first, *spares = [
        settings.llm,
        *(settings.llm.model_copy(update=dict(spare)) for spare in settings.llm.fallbacks),
    ]
    return {"model": _check_of(first)} | {
        f"fallback {number}": _check_of(spare) for number, spare in enumerate(spares, 1)
    }


def _check_of(llm: LlmSettings) -> Check:
    async def check(_: Settings) -> Finding:
        name = f"{llm.model or 'the model'} at {llm.base_url}"
        model = OpenAICompatibleModel(llm)
        started = time.monotonic()
        try:
            async with aclosing(model.stream(_QUESTION, max_tokens=_FEW_TOKENS)) as chunks:
                async for chunk in chunks:
                    if chunk.text:
                        break
        except LlmError as error:
            return wrong(f"{name} does not answer: {error} ({error.code})", _cure(error))
        finally:
            await model.close()
        seconds = time.monotonic() - started
        what = f"{name} begins to answer after {seconds:.1f} s"
        if seconds > _SLOW:
            return doubtful(what, "People will notice. A smaller model, or another provider?")
        return ok(what)

    return check


def _cure(error: LlmError) -> str:
    if isinstance(error, LlmMisconfiguredError):
        return "Check VITTE_LLM__API_KEY and VITTE_LLM__MODEL: the endpoint refuses the call as it is."
    if isinstance(error, LlmOverloadedError):
        return "The provider has too much to do, or the quota there is used up: look at your account."
    if isinstance(error, LlmTimeoutError):
        return "Is it loading, or overloaded? Ask again in a minute."
    return "Check VITTE_LLM__BASE_URL, and whether this machine can reach it."

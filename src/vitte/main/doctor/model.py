"""Do the models answer that write, hear, speak and embed, and how fast?"""

import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from vitte.clients.embeddings.protocol import EmbeddingError
from vitte.clients.llm.chain import Providers
from vitte.clients.llm.protocol import (
    ChatMessage,
    LlmError,
    LlmMisconfiguredError,
    LlmOverloadedError,
    LlmTimeoutError,
)
from vitte.clients.llm.specs import ModelSpec
from vitte.clients.media import Media
from vitte.clients.speech.protocol import SpeechError, SpeechRefusedInputError
from vitte.core.errors import VitteError
from vitte.core.settings import Settings
from vitte.core.settings.outside import DEFAULT_PROVIDER
from vitte.main.doctor.addresses import find_root, list_models
from vitte.main.doctor.finding import Check, Finding, doubtful, ok, unused, wrong
from vitte.main.doctor.recording import a_moment_of_silence

_SLOW = 8.0
_QUESTION = [ChatMessage("user", "Say OK.")]
_FEW_TOKENS = 16
_TOLD_MODELS = 5


def model_checks(settings: Settings) -> dict[str, Check]:
    """Make a check of each model in the settings, and of each provider that none of them uses."""
    specs = Providers(settings.llm).default_specs
    used = {spec.provider for spec in specs}
    return (
        {"model": _model_check(0)}
        | {f"fallback {number}": _model_check(number) for number in range(1, len(specs))}
        | {f"provider {name}": _provider_check(name) for name in settings.llm.providers if name not in used}
        | {"hearing": _check_hearing, "voice": _check_voice, "embeddings": _check_embeddings}
    )


def _model_check(number: int) -> Check:
    async def check(settings: Settings) -> Finding:
        providers = Providers(settings.llm)
        spec = providers.default_specs[number]
        endpoint = providers.endpoint(spec.provider)
        name = f"{spec.name or 'the model'} at {endpoint.config.base_url}"
        started = time.monotonic()
        try:
            async with aclosing(providers.chain([spec]).stream(_QUESTION, max_tokens=_FEW_TOKENS)) as chunks:
                async for chunk in chunks:
                    if chunk.text:
                        break
        except LlmError as error:
            what = f"{name} does not answer: {error} ({error.code})"
            return wrong(what, await _cure(error, spec, providers))
        finally:
            await providers.close()
        return _by_speed(f"{name} begins to answer", time.monotonic() - started)

    return check


def _by_speed(what: str, seconds: float) -> Finding:
    told = f"{what} after {seconds * 1000:.0f} ms"
    if seconds > _SLOW:
        return doubtful(told, "People will notice. A smaller model, or another provider?")
    return ok(told)


async def _cure(error: LlmError, spec: ModelSpec, providers: Providers) -> str:
    config = providers.endpoint(spec.provider).config
    where = _variables(spec.provider)
    if isinstance(error, LlmMisconfiguredError):
        if "status 404" in str(error) or "status 405" in str(error):
            return await _cure_of_address(config.base_url, config.api_key.get_secret_value(), where)
        return f"Check the key and the model ({where}): the endpoint refuses the call as it is."
    if isinstance(error, LlmOverloadedError):
        return "The provider has too much to do, or the quota there is used up: look at your account."
    if isinstance(error, LlmTimeoutError):
        return "Is it loading, or overloaded? Ask again in a minute."
    return f"Check the address ({where}), and whether this machine can reach it."


def _variables(provider: str) -> str:
    if provider == DEFAULT_PROVIDER:
        return "VITTE_LLM__BASE_URL, VITTE_LLM__API_KEY, VITTE_LLM__MODEL"
    return "VITTE_LLM__FALLBACKS" if provider.startswith("fallback ") else "VITTE_LLM__PROVIDERS"


async def _cure_of_address(base_url: str, api_key: str, where: str) -> str:
    """Tell a wrong address from a wrong model: both are 404."""
    models = await list_models(base_url, api_key)
    if models.names:
        some = ", ".join(models.names[:_TOLD_MODELS])
        return f"The endpoint has no such model ({where}). It has {len(models.names)}, such as {some}."
    if (root := await find_root(base_url, api_key)) is not None:
        return f"Nothing is there, but at {root} there is: set that as the address ({where})."
    return f"Check the address ({where}): it often ends in /v1. Is the model loaded there?"


def _provider_check(name: str) -> Check:
    async def check(settings: Settings) -> Finding:
        provider = settings.llm.providers[name]
        started = time.monotonic()
        found = await list_models(provider.base_url, provider.api_key.get_secret_value())
        milliseconds = (time.monotonic() - started) * 1000
        if found.status is None:
            return wrong(
                f"{provider.base_url} cannot be reached: {found.fault}",
                "Check its address in VITTE_LLM__PROVIDERS, and whether this machine can reach it.",
            )
        if found.status in (401, 403):
            return wrong(f"{provider.base_url} refuses the key", "Check its key in VITTE_LLM__PROVIDERS.")
        if found.status == 404:
            return doubtful(
                f"{provider.base_url} answers after {milliseconds:.0f} ms, and lists no models",
                "Check its address in VITTE_LLM__PROVIDERS: it often ends in /v1.",
            )
        if found.status != 200:
            return wrong(f"{provider.base_url} answers with status {found.status}", "Ask again in a minute.")
        return ok(f"{provider.base_url} lists {len(found.names)} models after {milliseconds:.0f} ms")

    return check


async def _check_hearing(settings: Settings) -> Finding:
    """Something is heard."""
    if not settings.speech.model:
        return unused("VITTE_SPEECH__MODEL is not set: voice messages are not understood")

    async def hear(media: Media) -> None:
        try:
            await media.hearing.transcribe(a_moment_of_silence(), mime_type="audio/wav", language=None)
        except SpeechRefusedInputError:
            # It was read, and nobody speaks in it.
            return

    return await _try(settings, hear, f"{settings.speech.model} hears", "VITTE_SPEECH")


async def _check_voice(settings: Settings) -> Finding:
    """Something is said."""
    if not settings.speech.voice_model:
        return unused("VITTE_SPEECH__VOICE_MODEL is not set: nothing is spoken")

    async def speak(media: Media) -> None:
        await media.voice.speak("OK", language="en")

    return await _try(settings, speak, f"{settings.speech.voice_model} speaks", "VITTE_SPEECH__VOICE")


async def _check_embeddings(settings: Settings) -> Finding:
    """Something is embedded."""
    if not settings.embeddings.model:
        return unused("VITTE_EMBEDDINGS__MODEL is not set: nothing is searched by its meaning")

    async def embed(media: Media) -> None:
        await media.embedder.embed(["OK"])

    return await _try(settings, embed, f"{settings.embeddings.model} embeds", "VITTE_EMBEDDINGS")


async def _try(
    settings: Settings, use: Callable[[Media], Awaitable[None]], what: str, section: str
) -> Finding:
    providers = Providers(settings.llm)
    media = Media(settings, providers)
    started = time.monotonic()
    try:
        await use(media)
    except (SpeechError, EmbeddingError) as error:
        return wrong(f"{what}: it does not: {error} ({error.code})", _cure_of_media(error, section))
    finally:
        await media.close()
        await providers.close()
    return _by_speed(what, time.monotonic() - started)


def _cure_of_media(error: VitteError, section: str) -> str:
    if error.status == 503:
        return "The provider has too much to do, or the quota there is used up: look at your account."
    if error.status == 504:
        return "Is it loading, or overloaded? Ask again in a minute."
    if error.code.endswith("misconfigured"):
        return f"Check address, key and model ({section}...): the endpoint refuses the call as it is."
    return f"Check the address ({section}...), and whether this machine can reach it."

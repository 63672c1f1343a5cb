"""Endpoints of models that hear, speak and embed, and how the address of any of them may be written."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, HttpUrl, SecretStr

from vitte.core.settings.backends import Seconds

_CALLS = (
    "/chat/completions",
    "/completions",
    "/responses",
    "/embeddings",
    "/audio/transcriptions",
    "/audio/speech",
    "/models",
)


def endpoint_address(written: str) -> str:
    """Return the address of an endpoint however the owner has written it. Raises ValueError.

    Calls are made at `/chat/completions` and the like below it. A path that the owner gave is kept, but for
    such a call at its end; without any it is `/v1`, where OpenAI, Ollama, vLLM and llama.cpp have it.
    """
    address = written.strip().rstrip("/")
    if "://" not in address:
        raise ValueError("an address begins with https:// or http://")
    HttpUrl(address)
    parts = urlsplit(address)
    if parts.query or parts.fragment:
        raise ValueError("an address ends before ? and #")
    if not parts.path:
        return f"{address}/v1"
    below = without_call(address)
    # An owner who gave no more than the call has no /v1; written shorter, it would get one when read again.
    return below if urlsplit(below).path else address


def without_call(address: str) -> str:
    """Return the address without the call at its end, if there is one."""
    for call in _CALLS:
        if address.endswith(call):
            return address.removesuffix(call).rstrip("/")
    return address


def _address_if_any(written: str) -> str:
    return endpoint_address(written) if written.strip() else ""


Address = Annotated[str, AfterValidator(endpoint_address)]
AddressIfAny = Annotated[str, AfterValidator(_address_if_any)]
MostAtOnce = Annotated[int, Field(ge=0)]
Price = Annotated[float, Field(ge=0)]


class ProviderSettings(BaseModel):
    """One more endpoint of language models; time-outs that are left out are those of the section."""

    base_url: Address
    api_key: SecretStr = SecretStr("")
    concurrency: MostAtOnce = 0
    connect_timeout: Seconds | None = None
    first_token_timeout: Seconds | None = None
    idle_timeout: Seconds | None = None
    total_timeout: Seconds | None = None


class SpeechSettings(BaseModel):
    """Models that hear and speak, at endpoints like OpenAI's; without a model Vitte does neither."""

    base_url: AddressIfAny = Field(
        "", description="Where the models are; empty: where the language model is."
    )
    api_key: SecretStr = Field(SecretStr(""), description="The key for `VITTE_SPEECH__BASE_URL`.")
    model: str = Field("", description="The model that writes down voice messages, e.g. `whisper-1`.")
    minute_price: Price = Field(0, description="US dollars for a minute that is heard.")
    most_bytes: int = Field(20_000_000, ge=1, description="Longest recording, in bytes.")
    voice_base_url: AddressIfAny = Field("", description="Where the speaking model is, if elsewhere.")
    voice_api_key: SecretStr = Field(SecretStr(""), description="The key for `VITTE_SPEECH__VOICE_BASE_URL`.")
    voice_model: str = Field("", description="The model that speaks, e.g. `gpt-4o-mini-tts`.")
    voice_price: Price = Field(0, description="US dollars for a million characters that are spoken.")
    voice: str = Field("alloy", description="The voice it speaks with.")
    voices: dict[str, str] = Field(
        default_factory=dict, description='Voices of single languages: {"ru": "...", "en": "..."}.'
    )
    most_characters: int = Field(4000, ge=1, description="Longest text that is spoken.")
    concurrency: MostAtOnce = Field(0, description="Most calls at once of one process; 0: no limit.")
    connect_timeout: Seconds = Field(10, description="Seconds to reach an endpoint.")
    timeout: Seconds = Field(60, description="Seconds for a recording or a text.")


class EmbeddingsSettings(BaseModel):
    """A model that turns texts into vectors, at an endpoint like OpenAI's; without one there are none."""

    base_url: AddressIfAny = Field("", description="Where the model is; empty: where the language model is.")
    api_key: SecretStr = Field(SecretStr(""), description="The key for `VITTE_EMBEDDINGS__BASE_URL`.")
    model: str = Field("", description="The model's name, e.g. `text-embedding-3-small`.")
    price: Price = Field(0, description="US dollars for a million tokens.")
    batch: int = Field(64, ge=1, le=2048, description="Most texts in one call.")
    most_characters: int = Field(8000, ge=1, description="Longest text; what is longer is cut.")
    concurrency: MostAtOnce = Field(0, description="Most calls at once of one process; 0: no limit.")
    connect_timeout: Seconds = Field(10, description="Seconds to reach the endpoint.")
    timeout: Seconds = Field(30, description="Seconds for one call.")

"""The models that hear, speak and embed, as the settings have them."""

from pydantic import SecretStr

from vitte.clients.embeddings.openai_compatible import OpenAICompatibleEmbedder
from vitte.clients.endpoint.endpoint import Endpoint, EndpointConfig
from vitte.clients.llm.chain import Providers
from vitte.clients.speech.openai_compatible import OpenAICompatibleHearing, OpenAICompatibleVoice
from vitte.core.settings import Settings
from vitte.core.settings.endpoints import EmbeddingsSettings, SpeechSettings
from vitte.core.settings.outside import DEFAULT_PROVIDER, LlmSettings


class Media:
    """Makes them, each at its own endpoint or at the language model's. Close it at the end.

    A key goes to the address it was set for, and to no other.
    """

    def __init__(self, settings: Settings, providers: Providers) -> None:
        self._endpoints: list[Endpoint] = []
        self._default = providers.endpoint(DEFAULT_PROVIDER)
        speech, embeddings = settings.speech, settings.embeddings
        hearing = self._endpoint("speech", speech.base_url, speech.api_key, speech, settings.llm)
        voice = hearing
        if speech.voice_base_url:
            voice = self._endpoint("voice", speech.voice_base_url, speech.voice_api_key, speech, settings.llm)
        self.hearing = OpenAICompatibleHearing(hearing, speech)
        self.voice = OpenAICompatibleVoice(voice, speech)
        self.embedder = OpenAICompatibleEmbedder(
            self._endpoint("embeddings", embeddings.base_url, embeddings.api_key, embeddings, settings.llm),
            embeddings,
        )

    async def close(self) -> None:
        """Close the connections to endpoints that are not the language model's."""
        for endpoint in self._endpoints:
            await endpoint.close()

    def _endpoint(
        self,
        name: str,
        base_url: str,
        api_key: SecretStr,
        settings: SpeechSettings | EmbeddingsSettings,
        llm: LlmSettings,
    ) -> Endpoint:
        if not base_url:
            return self._default
        endpoint = Endpoint(
            name,
            EndpointConfig(
                base_url=base_url,
                api_key=api_key,
                connect_timeout=settings.connect_timeout,
                concurrency=settings.concurrency,
                queue_timeout=llm.queue_timeout,
                retries=llm.retries,
                breaker_failures=llm.breaker_failures,
                breaker_pause=llm.breaker_pause,
            ),
        )
        self._endpoints.append(endpoint)
        return endpoint

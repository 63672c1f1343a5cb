"""The outside world: Telegram and the language model."""

from typing import Literal, Required

from pydantic import BaseModel, Field, HttpUrl, SecretStr, field_validator, model_validator
from typing_extensions import TypedDict

from vitte.core.settings.backends import Seconds
from vitte.core.settings.endpoints import Address, MostAtOnce, ProviderSettings

DEFAULT_SYSTEM_PROMPT = (
    "You are Vitte, a friendly and precise assistant. Answer in the language of the question."
)

DEFAULT_PROVIDER = "default"
"""The name of the provider whose address and key are settings of their own."""


class TelegramSettings(BaseModel):
    """The bot's account and how its updates come in."""

    token: SecretStr = Field(SecretStr(""), description="The bot's token from @BotFather.")
    api_url: str = Field("https://api.telegram.org", description="A Bot API server; the sandbox in the demo.")
    mode: Literal["polling", "webhook"] = Field(
        "polling",
        description="polling needs no public address; webhook needs HTTPS and several bots may share it.",
    )
    webhook_url: str = Field("", description="Public address of `/api/v1/telegram/webhook`.")
    webhook_secret: SecretStr = Field(SecretStr(""), description="Telegram shows it with every webhook call.")
    poll_timeout: int = Field(25, ge=0, le=50, description="Seconds that a long poll waits for updates.")
    request_timeout: Seconds = Field(30, description="Seconds that one call may take, beyond a poll's wait.")

    @property
    def bot_id(self) -> int:
        """The bot's own id, which is the part of its token before the colon.

        https://core.telegram.org/bots/api#authorizing-your-bot . Raises ValueError when it is no token.
        """
        bot_id, colon, secret = self.token.get_secret_value().partition(":")
        if not colon or not secret or not bot_id.isdecimal():
            raise ValueError("the bot's token must look like 123456:ABC-DEF, as @BotFather gives it")
        return int(bot_id)

    @field_validator("api_url", "webhook_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value:
            HttpUrl(value)
        return value.rstrip("/")


class FallbackModel(TypedDict, total=False):
    """A model that stands in for the first, at a named provider or an address; else where the first is."""

    provider: str
    base_url: Address
    api_key: SecretStr
    model: Required[str]


class LlmSettings(BaseModel):
    """Any endpoint that speaks OpenAI's chat completions."""

    base_url: Address = Field(
        "http://127.0.0.1:11434/v1", description="Up to and without `/chat/completions`; often ends in `/v1`."
    )
    api_key: SecretStr = Field(SecretStr(""), description="May stay empty for a local model.")
    model: str = Field("", description="The model's name at that endpoint.")
    fallbacks: list[FallbackModel] = Field(
        default_factory=list,
        description='Asked in turn when the model does not answer: [{"base_url": "...", "model": "..."}],'
        ' or [{"provider": "...", "model": "..."}].',
    )
    providers: dict[str, ProviderSettings] = Field(
        default_factory=dict,
        description='More endpoints: {"NAME": {"base_url": "...", "api_key": "...", "concurrency": 8}}, and'
        " time-outs that differ from those here. The one above is called `default`.",
    )
    temperature: float = Field(0.7, ge=0, le=2)
    max_tokens: int = Field(1024, ge=1, description="Longest answer, in the model's tokens.")
    context_window: int = Field(
        8192, ge=1024, description="Tokens that the model takes in and gives out at most, both together."
    )
    concurrency: MostAtOnce = Field(
        0, description="Most answers at once that one process asks for at the endpoint; 0: no limit."
    )
    queue_timeout: Seconds = Field(20, description="Seconds to wait for a place among these.")
    connect_timeout: Seconds = Field(10, description="Seconds to reach the endpoint.")
    first_token_timeout: Seconds = Field(60, description="Seconds to the first piece of an answer.")
    idle_timeout: Seconds = Field(30, description="Seconds of silence in the middle of an answer.")
    total_timeout: Seconds = Field(300, description="Seconds for a whole answer.")
    retries: int = Field(
        2,
        ge=0,
        le=5,
        description="More tries after a broken connection, a 429 or a 5xx, before the next model.",
    )
    breaker_failures: int = Field(
        5,
        ge=1,
        description="Calls in a row without an answer after which an endpoint is left alone for a while.",
    )
    breaker_pause: Seconds = Field(10, description="Seconds until one call tries again whether it is back.")

    @model_validator(mode="after")
    def _providers_are_known(self) -> "LlmSettings":
        if DEFAULT_PROVIDER in self.providers:
            raise ValueError(f"the provider {DEFAULT_PROVIDER} is the one of base_url and api_key")
        for spare in self.fallbacks:
            name = spare.get("provider", DEFAULT_PROVIDER)
            if name != DEFAULT_PROVIDER and name not in self.providers:
                raise ValueError(f"a fallback names the provider {name}, which providers lacks")
            if "provider" in spare and ("base_url" in spare or "api_key" in spare):
                raise ValueError("a fallback has a provider, or an address of its own, not both")
        return self


class AssistantSettings(BaseModel):
    """How the assistant talks."""

    system_prompt: str = Field(
        DEFAULT_SYSTEM_PROMPT, description="What the model is told before every dialog."
    )
    context_messages: int = Field(
        20, ge=1, le=200, description="Newest messages of a dialog shown to the model."
    )
    draft_interval: Seconds = Field(1.0, description="Seconds between two drafts of a streaming answer.")
    groups: bool = Field(
        default=True, description="Answer in groups too; false: say there that the bot talks in private."
    )

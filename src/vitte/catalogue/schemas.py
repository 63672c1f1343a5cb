"""Personas and models as other rooms know them, and as the owner writes them."""

from dataclasses import dataclass
from decimal import Decimal

_PARTS = 4
"""A turn reads about three tokens for each that it writes."""


@dataclass(frozen=True, slots=True)
class Localized:
    """A text in every language that people are spoken to in."""

    en: str
    ru: str

    def of(self, language: str) -> str:
        """Return it in a language of `vitte.bot.texts`; in English where it is missing."""
        return (self.ru if language == "ru" else self.en) or self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A character: what a model is told to be, and how it greets. Both may be empty."""

    key: str
    names: Localized
    prompt: str
    greetings: Localized

    def name(self, language: str) -> str:
        """Return what it is called."""
        return self.names.of(language)

    def greeting(self, language: str) -> str:
        """Return the words that it begins a dialog with."""
        return self.greetings.of(language)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A language model on offer. Prices are US dollars per million tokens; no `plans` are all."""

    key: str
    name: str
    provider: str
    remote_name: str
    """Empty: the one in the settings."""
    fallbacks: tuple[str, ...]
    """Keys of those that are asked in turn when this one does not begin to answer; some may be gone."""
    context_window: int
    max_tokens: int | None
    price_in: Decimal
    price_out: Decimal
    sees_images: bool
    uses_tools: bool
    plans: tuple[str, ...]

    def is_open_to(self, plan: str) -> bool:
        """Tell whether people of this plan may use it."""
        return not self.plans or plan in self.plans

    @property
    def typical_price(self) -> Decimal:
        """What a million tokens of a usual conversation cost: three parts read to one part written."""
        return ((_PARTS - 1) * self.price_in + self.price_out) / _PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All that is on offer, in the owner's order: one entry of the cache.

    Whoever changes any of it in PostgreSQL invalidates `CATALOGUE` when that is committed.
    """

    personas: tuple[Persona, ...]
    models: tuple[Model, ...]


# The panel keeps at least one of each on offer; these are for a database that somebody has emptied.
LAST_PERSONA = Persona(
    key="assistant", names=Localized("Assistant", "Ассистент"), prompt="", greetings=Localized("", "")
)
LAST_MODEL = Model(
    key="default",
    name="Default",
    provider="default",
    remote_name="",
    fallbacks=(),
    context_window=8192,
    max_tokens=None,
    price_in=Decimal(0),
    price_out=Decimal(0),
    sees_images=False,
    uses_tools=False,
    plans=(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaDraft:
    """A persona as the owner has written it, not checked yet; None is what was left out."""

    key: str | None
    name_en: str | None
    name_ru: str | None
    prompt: str | None
    greeting_en: str | None
    greeting_ru: str | None
    position: int | None
    is_enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDraft:
    """A model as the owner has written it, not checked yet; None is what was left out."""

    key: str | None
    name: str | None
    provider: str | None
    remote_name: str | None
    fallbacks: list[str]
    context_window: int | None
    max_tokens: int | None
    price_in: Decimal | None
    price_out: Decimal | None
    sees_images: bool
    uses_tools: bool
    plans: list[str]
    position: int | None
    is_enabled: bool

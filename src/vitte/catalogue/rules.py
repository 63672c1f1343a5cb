"""What the owner may write into the catalogue."""

import re
from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum

from vitte.catalogue.schemas import ModelDraft, PersonaDraft

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
"""A key and what surrounds it fit the 64 bytes of a button."""
_PROVIDER = re.compile(r"[a-z0-9_-]{1,64}")
_LONGEST_NAME = 64
_LONGEST_REMOTE_NAME = 128
_LONGEST_PROMPT = 16_000
_LONGEST_GREETING = 1000
"""It is a message of Telegram's with something before it."""
_CONTEXT = (256, 100_000_000)
_HIGHEST_PRICE = Decimal(1_000_000)
_POSITIONS = (-32_768, 32_767)


class Fault(StrEnum):
    """What is wrong with a field."""

    MISSING = "missing"
    KEY = "key"
    TAKEN = "taken"
    FIXED_KEY = "fixed_key"
    TOO_LONG = "too_long"
    PROVIDER = "provider"
    FALLBACKS = "fallbacks"
    OWN_FALLBACK = "own_fallback"
    PLANS = "plans"
    CONTEXT = "context"
    MAX_TOKENS = "max_tokens"
    PRICE = "price"
    POSITION = "position"
    NONE_LEFT = "none_left"
    NONE_FOR_ALL = "none_for_all"


class InvalidCatalogueError(ValueError):
    """What the owner wants would not do; `faults` by the name of the field."""

    def __init__(self, faults: dict[str, Fault]) -> None:
        super().__init__(", ".join(f"{field}: {fault}" for field, fault in faults.items()))
        self.faults = faults


Faults = Iterator[tuple[str, Fault]]


def faults_of_persona(draft: PersonaDraft) -> Faults:
    """Say what is wrong with the persona itself."""
    yield from _key(draft.key)
    yield from _text("name_en", draft.name_en, _LONGEST_NAME)
    yield from _text("name_ru", draft.name_ru, _LONGEST_NAME)
    yield from _text("prompt", draft.prompt, _LONGEST_PROMPT, may_be_empty=True)
    yield from _text("greeting_en", draft.greeting_en, _LONGEST_GREETING, may_be_empty=True)
    yield from _text("greeting_ru", draft.greeting_ru, _LONGEST_GREETING, may_be_empty=True)
    yield from _position(draft.position)


def faults_of_model(draft: ModelDraft, *, models: Collection[str], plans: Collection[str]) -> Faults:
    """Say what is wrong with the model itself, where these are the keys of all others and of all plans."""
    yield from _key(draft.key)
    yield from _text("name", draft.name, _LONGEST_NAME)
    yield from _text("remote_name", draft.remote_name, _LONGEST_REMOTE_NAME, may_be_empty=True)
    if not draft.provider or not _PROVIDER.fullmatch(draft.provider):
        yield "provider", Fault.PROVIDER
    if draft.key in draft.fallbacks:
        yield "fallbacks", Fault.OWN_FALLBACK
    elif not set(draft.fallbacks) <= set(models):
        yield "fallbacks", Fault.FALLBACKS
    if not set(draft.plans) <= set(plans):
        yield "plans", Fault.PLANS
    window = draft.context_window
    if window is None or not _CONTEXT[0] <= window <= _CONTEXT[1]:
        yield "context_window", Fault.CONTEXT
    elif draft.max_tokens is not None and not 0 < draft.max_tokens < window:
        yield "max_tokens", Fault.MAX_TOKENS
    for field in ("price_in", "price_out"):
        price: Decimal | None = getattr(draft, field)
        if price is None or not price.is_finite() or not 0 <= price <= _HIGHEST_PRICE:
            yield field, Fault.PRICE
    yield from _position(draft.position)


def faults_of_models_left(plans_of_enabled: Sequence[Collection[str]]) -> Faults:
    """Say what is wrong with what is on offer in the end: everybody needs a model."""
    if not plans_of_enabled:
        yield "is_enabled", Fault.NONE_LEFT
    elif all(plans_of_enabled):
        yield "plans", Fault.NONE_FOR_ALL


def _key(key: str | None) -> Faults:
    if not key or not _KEY.fullmatch(key):
        yield "key", Fault.KEY


def _text(field: str, text: str | None, longest: int, *, may_be_empty: bool = False) -> Faults:
    if not may_be_empty and not (text or "").strip():
        yield field, Fault.MISSING
    elif len(text or "") > longest:
        yield field, Fault.TOO_LONG


def _position(position: int | None) -> Faults:
    if position is None or not _POSITIONS[0] <= position <= _POSITIONS[1]:
        yield "position", Fault.POSITION

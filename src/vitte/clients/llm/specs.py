"""What is known of a model before it is asked."""

from dataclasses import dataclass

from vitte.core.settings.outside import DEFAULT_PROVIDER


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model at a provider. What it cannot do it is not asked for."""

    name: str
    provider: str = DEFAULT_PROVIDER
    max_tokens: int = 1024
    """Longest answer, in its own tokens."""
    temperature: float | None = None
    """None leaves it to the model."""
    sees_images: bool = True
    uses_tools: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long an answer is waited for, in seconds."""

    first_token: float = 60.0
    idle: float = 30.0
    total: float = 300.0

"""Which model answers whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from vitte.catalogue.schemas import Model
from vitte.catalogue.service import CatalogueService
from vitte.clients.llm.chain import Providers
from vitte.clients.llm.protocol import ChatModel
from vitte.clients.llm.specs import ModelSpec
from vitte.core.settings.outside import LlmSettings
from vitte.usage.prices import Price, Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A model with those that stand in for it, as one.

    `max_tokens` is its longest answer, `window` what question and answer have together.
    """

    model: Model
    chat: ChatModel
    prices: Prices
    max_tokens: int
    window: int


class ModelChooser:
    """Turns rows of the catalogue into models that can be asked."""

    def __init__(self, catalogue: CatalogueService, providers: Providers, settings: LlmSettings) -> None:
        self._catalogue = catalogue
        self._providers = providers
        self._settings = settings

    async def choose(self, key: str | None, *, plan: str) -> Chosen:
        """Return the model of this key, or the first that people of the plan may use.

        The models of the settings that stand in for the default one do so here too.
        """
        model = await self._catalogue.model(key, plan=plan)
        models = [model, *await self._catalogue.fallbacks(model, plan=plan)]
        specs = [spec for one in models for spec in self._specs(one)]
        return Chosen(
            model=model,
            chat=self._providers.chain(specs),
            prices=await self._prices(specs, models),
            max_tokens=specs[0].max_tokens,
            window=min(self._window(one) for one in models),
        )

    async def _prices(self, specs: Sequence[ModelSpec], chosen: Sequence[Model]) -> Prices:
        """Return what each costs; one that the catalogue lacks stands in for the first, and counts as it."""
        # What was chosen comes last, and so counts before others of its name.
        models = (*await self._catalogue.models(), *reversed(chosen))
        known = {(one.provider, self._name(one)): Price.of(one) for one in models}
        names = [(spec.provider, spec.name) for spec in specs]
        return {name: known.get(name, Price.of(chosen[0])) for name in names}

    def _window(self, model: Model) -> int:
        # What is known of the settings' own model is in the settings.
        return model.context_window if model.remote_name else self._settings.context_window

    def _specs(self, model: Model) -> Sequence[ModelSpec]:
        spec = ModelSpec(
            name=self._name(model),
            provider=model.provider,
            max_tokens=model.max_tokens or self._settings.max_tokens,
            temperature=self._settings.temperature,
            sees_images=model.sees_images,
            uses_tools=model.uses_tools,
        )
        first, *spares = self._providers.default_specs
        if (spec.name, spec.provider) != (first.name, first.provider):
            return [spec]
        return [spec, *spares]

    def _name(self, model: Model) -> str:
        return model.remote_name or self._settings.model

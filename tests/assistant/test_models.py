"""Which models are asked, and what the owner reckons that they cost."""

from dataclasses import replace
from decimal import Decimal

from vitte.assistant.models import ModelChooser
from vitte.catalogue.schemas import LAST_MODEL, Model
from vitte.clients.llm.chain import Providers
from vitte.core.settings.endpoints import ProviderSettings
from vitte.core.settings.outside import FallbackModel, LlmSettings


class SomeCatalogue:
    """Offers these models; the first is whatever is chosen, and the second stands in for it."""

    def __init__(self, *models: Model) -> None:
        self._models = models

    async def models(self) -> tuple[Model, ...]:
        return self._models

    async def model(self, _key: str | None, *, plan: str) -> Model:
        return self._models[0]

    async def fallbacks(self, _model: Model, *, plan: str) -> list[Model]:
        return list(self._models[1:2])


def costing(price: int, **fields: str) -> Model:
    return replace(LAST_MODEL, price_in=Decimal(price), price_out=Decimal(price), **fields)  # type: ignore[arg-type]  # of one type


async def test_models_of_one_name_cost_what_they_cost_at_their_own_provider() -> None:
    here, there = "http://127.0.0.1:9/v1", "http://127.0.0.1:10/v1"
    settings = LlmSettings(
        base_url=here,
        model="big",
        providers={"own": ProviderSettings(base_url=there)},
        fallbacks=[FallbackModel(model="listed"), FallbackModel(model="unlisted")],
    )
    catalogue = SomeCatalogue(
        costing(10, key="default"),
        costing(0, key="own", provider="own", remote_name="big"),
        costing(3, key="listed", remote_name="listed"),
    )
    chooser = ModelChooser(catalogue, Providers(settings), settings)  # type: ignore[arg-type]  # it has what is asked
    chosen = await chooser.choose(None, plan="free")
    assert {name: price.price_in for name, price in chosen.prices.items()} == {
        ("default", "big"): 10,
        ("own", "big"): 0,
        ("default", "listed"): 3,
        # Nobody said what it costs: the budget shall not take it for free.
        ("default", "unlisted"): 10,
    }

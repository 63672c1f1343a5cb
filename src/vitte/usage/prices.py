"""What models cost."""

from dataclasses import dataclass
from decimal import Decimal

from vitte.catalogue.schemas import Model
from vitte.catalogue.service import CatalogueService
from vitte.core.settings.outside import DEFAULT_PROVIDER, LlmSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """US dollars per million tokens."""

    price_in: Decimal = Decimal(0)
    price_out: Decimal = Decimal(0)

    @classmethod
    def of(cls, model: Model) -> "Price":
        """Return what a model of the catalogue costs."""
        return cls(price_in=model.price_in, price_out=model.price_out)


Prices = dict[tuple[str, str], Price]
"""By provider and the model's name there: two providers may have models of one name."""


class PriceList:
    """Knows what the model of the settings costs, whatever it is called in the catalogue."""

    def __init__(self, catalogue: CatalogueService, settings: LlmSettings) -> None:
        self._catalogue = catalogue
        self._settings = settings

    async def of_default(self) -> Price:
        """Return its price; nothing when the catalogue does not have it."""
        for model in await self._catalogue.models():
            name = model.remote_name or self._settings.model
            if (model.provider, name) == (DEFAULT_PROVIDER, self._settings.model):
                return Price.of(model)
        return Price()

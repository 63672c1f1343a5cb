"""What people may choose, and what they get whose choice is gone."""

from vitte.catalogue.repository import CatalogueRepository
from vitte.catalogue.schemas import LAST_MODEL, LAST_PERSONA, Catalogue, Model, Persona
from vitte.clients.cache.decorator import cached
from vitte.clients.cache.protocol import CATALOGUE, Cache
from vitte.db.transaction import Transaction


class CatalogueService:
    """Knows personas and models by their keys; an ordinary update costs neither a statement nor Redis.

    A choice is a key and may outlive what it names: then the first stands in that the person may use.
    """

    def __init__(self, transaction: Transaction, catalogue: CatalogueRepository, cache: Cache) -> None:
        self._transaction = transaction
        self._catalogue = catalogue
        self._cache = cache

    async def personas(self) -> tuple[Persona, ...]:
        """Return those on offer, in their order; never none."""
        return (await self._offered()).personas or (LAST_PERSONA,)

    async def models(self) -> tuple[Model, ...]:
        """Return those on offer, in their order, also those of other plans; never none."""
        return (await self._offered()).models or (LAST_MODEL,)

    async def persona(self, key: str | None) -> Persona:
        """Return the persona of this key, or the first."""
        personas = await self.personas()
        return next((persona for persona in personas if persona.key == key), personas[0])

    async def model(self, key: str | None, *, plan: str) -> Model:
        """Return the model of this key, or the first that people of this plan may use."""
        usable = [model for model in await self.models() if model.is_open_to(plan)]
        return next((model for model in usable if model.key == key), usable[0] if usable else LAST_MODEL)

    async def fallbacks(self, model: Model, *, plan: str) -> list[Model]:
        """Return the models that stand in for this one, in their order, as far as the plan may use them."""
        usable = {one.key: one for one in await self.models() if one.is_open_to(plan)}
        return [usable[key] for key in model.fallbacks if key in usable and key != model.key]

    async def _offered(self) -> Catalogue:
        offered = await self._read()
        if offered is None:
            raise RuntimeError("the catalogue is always there, if only as an empty one")
        return offered

    @cached(CATALOGUE, Catalogue, key=lambda: "all")
    async def _read(self) -> Catalogue | None:
        async with self._transaction:
            return await self._catalogue.catalogue()

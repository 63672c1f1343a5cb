"""Queries about personas and models."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, text, update

from vitte.catalogue.schemas import Catalogue, Localized, Model, Persona
from vitte.db.models import LanguageModel, PlanLimits
from vitte.db.models import Persona as PersonaRow
from vitte.db.transaction import Transaction

Table = type[PersonaRow] | type[LanguageModel]


class CatalogueRepository:
    """A few rows each, read as a whole and written by the owner alone."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def catalogue(self) -> Catalogue:
        """Return what is on offer."""
        personas, models = await self._enabled(PersonaRow), await self._enabled(LanguageModel)
        return Catalogue(
            personas=tuple(_persona(row) for row in personas), models=tuple(_model(row) for row in models)
        )

    async def lock(self, table: Table) -> list[Any]:
        """Keep others from writing to the table until the end of the transaction, and return its rows.

        Those who read do not wait.
        """
        name = table.__tablename__
        await self._transaction.session.execute(text(f"LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE"))
        return list(await self._transaction.session.scalars(select(table)))

    async def plan_keys(self) -> set[str]:
        """Return the keys of all plans."""
        return set(await self._transaction.session.scalars(select(PlanLimits.key)))

    async def add(self, table: Table, values: dict[str, Any]) -> int:
        """Store a row and return its id."""
        added = await self._transaction.session.scalars(insert(table).values(values).returning(table.id))
        return added.one()

    async def change(self, table: Table, row_id: int, values: dict[str, Any]) -> None:
        """Change a row."""
        await self._transaction.session.execute(update(table).where(table.id == row_id).values(values))

    async def remove(self, table: Table, ids: Collection[int]) -> None:
        """Delete rows."""
        await self._transaction.session.execute(delete(table).where(table.id.in_(ids)))

    async def _enabled(self, table: Table) -> Sequence[Any]:
        rows = await self._transaction.session.scalars(
            select(table).where(table.is_enabled).order_by(table.position, table.id)
        )
        return rows.all()


def _persona(row: PersonaRow) -> Persona:
    return Persona(
        key=row.key,
        names=Localized(row.name_en, row.name_ru),
        prompt=row.prompt,
        greetings=Localized(row.greeting_en, row.greeting_ru),
    )


def _model(row: LanguageModel) -> Model:
    return Model(
        key=row.key,
        name=row.name,
        provider=row.provider,
        remote_name=row.remote_name,
        fallbacks=tuple(row.fallbacks),
        context_window=row.context_window,
        max_tokens=row.max_tokens,
        price_in=row.price_in,
        price_out=row.price_out,
        sees_images=row.sees_images,
        uses_tools=row.uses_tools,
        plans=tuple(row.plans),
    )

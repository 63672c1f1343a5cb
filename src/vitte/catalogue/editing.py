"""How the owner changes the catalogue."""

from collections.abc import Collection, Iterable
from dataclasses import asdict
from functools import partial
from typing import Any

import structlog

from vitte.catalogue.repository import CatalogueRepository, Table
from vitte.catalogue.rules import (
    Fault,
    Faults,
    InvalidCatalogueError,
    faults_of_model,
    faults_of_models_left,
    faults_of_persona,
)
from vitte.catalogue.schemas import ModelDraft, PersonaDraft
from vitte.clients.cache.protocol import CATALOGUE, Invalidator
from vitte.db.models import LanguageModel, Persona
from vitte.db.transaction import Transaction

logger = structlog.get_logger(__name__)


class CatalogueEditor:
    """Writes what the owner wants, if it will do: there is always a persona, and a model for everybody.

    Two edits at once wait for each other. A key stays what it is, since people's choices name it. Each
    method raises InvalidCatalogueError.
    """

    def __init__(self, transaction: Transaction, catalogue: CatalogueRepository, cache: Invalidator) -> None:
        self._transaction = transaction
        self._catalogue = catalogue
        self._cache = cache

    async def save_persona(self, draft: PersonaDraft, *, row_id: int | None = None) -> int:
        """Store a new persona, or change that with this id; return its id."""
        async with self._transaction:
            rows = await self._catalogue.lock(Persona)
            others = [row for row in rows if row.id != row_id]
            _refuse(_faults_of_key(draft.key, rows, row_id), faults_of_persona(draft))
            if not draft.is_enabled:
                _refuse(_faults_of_personas_left(others))
            return await self._save(Persona, asdict(draft), row_id=row_id)

    async def save_model(self, draft: ModelDraft, *, row_id: int | None = None) -> int:
        """Store a new model, or change that with this id; return its id."""
        async with self._transaction:
            rows = await self._catalogue.lock(LanguageModel)
            plans = await self._catalogue.plan_keys()
            others = [row for row in rows if row.id != row_id]
            _refuse(
                _faults_of_key(draft.key, rows, row_id),
                faults_of_model(draft, models={row.key for row in others}, plans=plans),
            )
            enabled = [row.plans for row in others if row.is_enabled]
            if draft.is_enabled:
                enabled.append(draft.plans)
            _refuse(faults_of_models_left(enabled))
            return await self._save(LanguageModel, asdict(draft), row_id=row_id)

    async def delete_personas(self, ids: Collection[int]) -> int:
        """Delete personas and return how many there were."""
        async with self._transaction:
            rows = await self._catalogue.lock(Persona)
            _refuse(_faults_of_personas_left(row for row in rows if row.id not in ids))
            return await self._remove(Persona, [row.id for row in rows if row.id in ids])

    async def delete_models(self, ids: Collection[int]) -> int:
        """Delete models and return how many there were; they stand in for no other any more."""
        async with self._transaction:
            rows = await self._catalogue.lock(LanguageModel)
            left = [row for row in rows if row.id not in ids]
            _refuse(faults_of_models_left([row.plans for row in left if row.is_enabled]))
            keys = {row.key for row in left}
            for row in left:
                fallbacks = [key for key in row.fallbacks if key in keys]
                if fallbacks != row.fallbacks:
                    await self._catalogue.change(LanguageModel, row.id, {"fallbacks": fallbacks})
            return await self._remove(LanguageModel, [row.id for row in rows if row.id in ids])

    async def _save(self, table: Table, values: dict[str, Any], *, row_id: int | None) -> int:
        # What may be left out is an empty text, except where nothing means something.
        nullable = {"max_tokens"}
        values = {
            name: "" if value is None and name not in nullable else value for name, value in values.items()
        }
        if row_id is None:
            row_id = await self._catalogue.add(table, values)
        else:
            await self._catalogue.change(table, row_id, values)
        self._forget()
        logger.info("catalogue_saved", table=table.__tablename__, key=values["key"])
        return row_id

    async def _remove(self, table: Table, ids: list[int]) -> int:
        await self._catalogue.remove(table, ids)
        self._forget()
        logger.info("catalogue_deleted", table=table.__tablename__, count=len(ids))
        return len(ids)

    def _forget(self) -> None:
        self._transaction.on_commit(partial(self._cache.invalidate, CATALOGUE, "all"))


def _faults_of_key(key: str | None, rows: Iterable[Any], row_id: int | None) -> Faults:
    for row in rows:
        if row.id == row_id and row.key != key:
            yield "key", Fault.FIXED_KEY
        elif row.id != row_id and row.key == key:
            yield "key", Fault.TAKEN


def _faults_of_personas_left(rows: Iterable[Any]) -> Faults:
    if not any(row.is_enabled for row in rows):
        yield "is_enabled", Fault.NONE_LEFT


def _refuse(*faults: Faults) -> None:
    found = {field: fault for some in reversed(faults) for field, fault in some}
    if found:
        raise InvalidCatalogueError(found)

"""The column that names the person a record belongs to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from starlette.requests import Request
from starlette_admin import StringField
from starlette_admin.filters.base import BaseFilter
from starlette_admin.types import RequestAction

from vitte.admin.views.base import ReadOnlyView
from vitte.db.models import User


@dataclass
class PersonField(StringField):
    """A person's name; on a page it leads to the person. Found by search, not by filters."""

    filters: list[type[BaseFilter]] | None = field(default_factory=list)
    list_template: str = "fields/person.html"
    detail_template: str = "fields/person.html"

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        """Return the person, looked up for the whole page before."""
        return request.state.people.get(obj.user_id)

    async def serialize_value(self, request: Request, value: User) -> Any:
        """Return the name, and for pages the id as well."""
        if request.state.action == RequestAction.EXPORT:
            return str(value)
        return {"id": value.id, "name": str(value)}


class OwnedView(ReadOnlyView):
    """A list of records that have a `user_id`: their people are looked up with one query a page."""

    async def find_all(self, request: Request, *args: Any, **kwargs: Any) -> Sequence[Any]:
        """Return a page of records."""
        records = await super().find_all(request, *args, **kwargs)
        await _look_up_people(request, records)
        return records

    async def find_by_pk(self, request: Request, pk: Any) -> Any:
        """Return one record, or None."""
        record = await super().find_by_pk(request, pk)
        await _look_up_people(request, [record] if record else [])
        return record

    async def find_by_pks(self, request: Request, pks: list[Any]) -> Sequence[Any]:
        """Return the records that were chosen."""
        records = await super().find_by_pks(request, pks)
        await _look_up_people(request, records)
        return records


async def _look_up_people(request: Request, records: Iterable[Any]) -> None:
    ids = {record.user_id for record in records}
    people = await request.state.session.scalars(select(User).where(User.id.in_(ids)))
    request.state.people = {person.id: person for person in people}

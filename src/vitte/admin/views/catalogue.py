"""What the lists of personas and of models share: the owner writes, and the product's own rules judge."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from dishka import AsyncContainer
from starlette.requests import Request
from starlette_admin import BaseField, BooleanField, IntegerField, StringField
from starlette_admin.exceptions import ActionFailed, FormValidationError
from starlette_admin.i18n import lazy_gettext as _

from vitte.admin.views.base import ReadOnlyView
from vitte.catalogue.editing import CatalogueEditor
from vitte.catalogue.rules import Fault, InvalidCatalogueError

Result = TypeVar("Result")

_SENTENCES = {
    Fault.MISSING: _("This must not be empty."),
    Fault.KEY: _("Up to 32 small Latin letters, digits, hyphens and underscores, such as my-key."),
    Fault.TAKEN: _("There is another one with this key."),
    Fault.FIXED_KEY: _("A key stays what it is: people's choices name it."),
    Fault.TOO_LONG: _("This is too long."),
    Fault.PROVIDER: _('"default" or a name of VITTE_LLM__PROVIDERS: small letters, digits, - and _.'),
    Fault.FALLBACKS: _("There is no model with one of these keys."),
    Fault.OWN_FALLBACK: _("A model cannot stand in for itself."),
    Fault.PLANS: _("There is no plan with one of these keys."),
    Fault.CONTEXT: _("A number of tokens from 256 on."),
    Fault.MAX_TOKENS: _("A number of tokens below the context window, or nothing."),
    Fault.PRICE: _("An amount from 0 to 1,000,000."),
    Fault.POSITION: _("A number from -32768 to 32767."),
    Fault.NONE_LEFT: _("At least one must stay enabled."),
    Fault.NONE_FOR_ALL: _("At least one enabled model must be open to all plans: leave its plans empty."),
}


def names_of_row() -> tuple[BaseField, ...]:
    """Return the fields that a row goes by, made anew: each list makes its fields its own."""
    return (
        IntegerField("id", label="ID", exclude_from_create=True, exclude_from_edit=True),
        StringField(
            "key",
            label=_("Key"),
            required=True,
            help_text=_("Small Latin letters, digits, - and _. It never changes."),
            exclude_from_edit=True,
        ),
    )


def place_of_row() -> tuple[BaseField, ...]:
    """Return the fields that say where people see a row, and whether."""
    return (
        IntegerField("position", label=_("Place in lists"), required=True, default=0),
        BooleanField("is_enabled", label=_("Enabled"), default=True),
    )


class CatalogueView(ReadOnlyView):
    """A list that the owner edits by way of `CatalogueEditor`.

    Never by the panel's own session: what people have of it in the cache goes with the commit of the edit.
    """

    fields_default_sort = (("position", False),)

    def __init__(self, model: type[Any], container: AsyncContainer) -> None:
        super().__init__(model)
        self._container = container

    async def save(self, editor: CatalogueEditor, values: dict[str, Any], row_id: int | None) -> int:
        """Store a record and return its id. Raises InvalidCatalogueError."""
        raise NotImplementedError

    async def remove(self, editor: CatalogueEditor, ids: list[int]) -> int:
        """Delete records and return how many there were. Raises InvalidCatalogueError."""
        raise NotImplementedError

    def can_create(self, request: Request) -> bool:  # noqa: ARG002 - starlette-admin asks like this
        """Always."""
        return True

    def can_edit(self, request: Request) -> bool:  # noqa: ARG002 - starlette-admin asks like this
        """Always."""
        return True

    def can_delete(self, request: Request) -> bool:  # noqa: ARG002 - starlette-admin asks like this
        """Always; the last one is kept by the rules."""
        return True

    async def create(self, request: Request, data: dict[str, Any]) -> Any:
        """Store a new record. Raises FormValidationError."""
        row_id = await self._edited(lambda editor: self.save(editor, data, None))
        return await self.find_by_pk(request, row_id)

    async def edit(self, request: Request, pk: Any, data: dict[str, Any]) -> Any:
        """Change a record. Raises FormValidationError."""
        record = await self.find_by_pk(request, pk)
        values = {"key": record.key} | data
        await self._edited(lambda editor: self.save(editor, values, record.id))
        await request.state.session.refresh(record)
        return record

    async def delete(self, request: Request, pks: list[Any]) -> int | None:  # noqa: ARG002 - called like this
        """Delete records. Raises ActionFailed."""
        ids = [int(pk) for pk in pks if str(pk).isdecimal()]
        try:
            return await self._edited(lambda editor: self.remove(editor, ids))
        except FormValidationError as error:
            raise ActionFailed(" ".join(str(one) for one in error.errors.values())) from error

    async def _edited(self, edit: Callable[[CatalogueEditor], Awaitable[Result]]) -> Result:
        async with self._container() as scope:
            try:
                return await edit(await scope.get(CatalogueEditor))
            except InvalidCatalogueError as error:
                said: dict[str | int, Any] = {
                    field: str(_SENTENCES[fault]) for field, fault in error.faults.items()
                }
                raise FormValidationError(said) from error

"""What the panel's lists of records share."""

from typing import Any

import structlog
from sqlalchemy.exc import IntegrityError
from starlette.requests import Request
from starlette_admin.contrib.sqla import ModelView
from starlette_admin.exceptions import FormValidationError
from starlette_admin.export.csv import CsvExporter
from starlette_admin.filters.registry import FilterRegistry
from starlette_admin.i18n import gettext

from vitte.admin.views.filters import Filters

logger = structlog.get_logger(__name__)


class ReadOnlyView(ModelView):
    """A list of records that can be looked at, searched, filtered and exported, and not changed."""

    # People choose their names, and a spreadsheet runs a cell that begins with "=".
    exporters = (CsvExporter(escape_formulas=True),)
    page_size = 25
    page_size_options = (25, 50, 100)
    fields_default_sort = (("id", True),)

    def get_filter_registry(self) -> FilterRegistry:
        """Return the filters on offer."""
        return Filters()

    async def find_by_pk(self, request: Request, pk: Any) -> Any:
        """Return one record; None also for an id that is no number."""
        return await super().find_by_pk(request, pk) if str(pk).isdecimal() else None

    def can_create(self, request: Request) -> bool:  # noqa: ARG002 - starlette-admin asks like this
        """Never."""
        return False

    def can_edit(self, request: Request) -> bool:  # noqa: ARG002 - starlette-admin asks like this
        """Never."""
        return False

    def can_delete(self, request: Request) -> bool:  # noqa: ARG002 - starlette-admin asks like this
        """Never."""
        return False

    def can_import(self, request: Request) -> bool:  # noqa: ARG002 - starlette-admin asks like this
        """Never."""
        return False


class EditableView(ReadOnlyView):
    """A list of records that the owner makes and changes, and does not delete: others go by their keys.

    A key is given once, and for good. What is stored is in force at once, and in the log.
    """

    unique_field = "key"
    """Of which no two records have the same."""

    def can_create(self, request: Request) -> bool:  # noqa: ARG002 - starlette-admin asks like this
        """Always."""
        return True

    def can_edit(self, request: Request) -> bool:  # noqa: ARG002 - starlette-admin asks like this
        """Always."""
        return True

    async def handle_exception(self, request: Request, exc: Exception) -> None:
        """Say at its field that a key is taken. Raises FormValidationError, or what came."""
        if isinstance(exc, IntegrityError):
            # The only rule of the tables that a form can break, since every field has been looked at before.
            raise FormValidationError({self.unique_field: gettext("There is one with this key.")}) from exc
        await super().handle_exception(request, exc)

    async def after_create_committed(self, request: Request, obj: Any) -> None:  # noqa: ARG002 - called like this
        """Say so in the log."""
        logger.info("record_made", kind=self.key, key=getattr(obj, self.unique_field))

    async def after_edit_committed(self, request: Request, obj: Any) -> None:  # noqa: ARG002 - called like this
        """Say so in the log."""
        logger.info("record_changed", kind=self.key, key=getattr(obj, self.unique_field))

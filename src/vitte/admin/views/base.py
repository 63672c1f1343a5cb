"""What the panel's lists of records share."""

from typing import Any

from starlette.requests import Request
from starlette_admin.contrib.sqla import ModelView
from starlette_admin.export.csv import CsvExporter
from starlette_admin.filters.registry import FilterRegistry

from vitte.admin.views.filters import Filters


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

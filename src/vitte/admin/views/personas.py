"""The characters that people may choose."""

from collections.abc import Sequence
from typing import Any

from starlette_admin import StringField, TextAreaField
from starlette_admin.i18n import lazy_gettext as _

from vitte.admin.views.catalogue import CatalogueView, names_of_row, place_of_row
from vitte.catalogue.editing import CatalogueEditor
from vitte.catalogue.schemas import PersonaDraft


class PersonasView(CatalogueView):
    """The list of personas."""

    key = "persona"
    menu_label = _("Personas")
    display_name = _("Persona")
    icon = "fa-solid fa-masks-theater"
    fields: Sequence[Any] = (
        *names_of_row(),
        StringField("name_en", label=_("Name in English"), required=True),
        StringField("name_ru", label=_("Name in Russian"), required=True),
        TextAreaField(
            "prompt",
            label=_("Instruction"),
            help_text=_("What the model is told to be; follows the system prompt of the settings."),
            exclude_from_list=True,
        ),
        TextAreaField("greeting_en", label=_("Greeting in English"), exclude_from_list=True),
        TextAreaField(
            "greeting_ru",
            label=_("Greeting in Russian"),
            help_text=_("A new dialog begins with it. Empty in one language: that of English."),
            exclude_from_list=True,
        ),
        *place_of_row(),
    )

    async def save(self, editor: CatalogueEditor, values: dict[str, Any], row_id: int | None) -> int:
        """Store a persona and return its id. Raises InvalidCatalogueError."""
        return await editor.save_persona(PersonaDraft(**values), row_id=row_id)

    async def remove(self, editor: CatalogueEditor, ids: list[int]) -> int:
        """Delete personas and return how many there were. Raises InvalidCatalogueError."""
        return await editor.delete_personas(ids)

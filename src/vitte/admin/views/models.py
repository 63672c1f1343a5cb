"""The language models that people may choose."""

from collections.abc import Sequence
from typing import Any

from starlette_admin import BooleanField, DecimalField, IntegerField, StringField, TagsField
from starlette_admin.i18n import lazy_gettext as _

from vitte.admin.views.catalogue import CatalogueView, names_of_row, place_of_row
from vitte.catalogue.editing import CatalogueEditor
from vitte.catalogue.schemas import ModelDraft


class ModelsView(CatalogueView):
    """The list of models."""

    key = "model"
    menu_label = _("Models")
    display_name = _("Model")
    icon = "fa-solid fa-brain"
    fields: Sequence[Any] = (
        *names_of_row(),
        StringField("name", label=_("Name"), required=True, help_text=_("What people see.")),
        StringField(
            "provider",
            label=_("Provider"),
            required=True,
            default="default",
            help_text=_('A name of VITTE_LLM__PROVIDERS, or "default": the endpoint of VITTE_LLM__BASE_URL.'),
        ),
        StringField(
            "remote_name",
            label=_("Its name there"),
            help_text=_("Empty: the model of VITTE_LLM__MODEL."),
        ),
        TagsField(
            "fallbacks",
            label=_("Stand-ins"),
            help_text=_("Keys of models that are asked in turn when this one does not begin to answer."),
            exclude_from_list=True,
            filters=[],
        ),
        IntegerField(
            "context_window",
            label=_("Context window"),
            required=True,
            default=8192,
            help_text=_("Tokens that question and answer have together."),
        ),
        IntegerField(
            "max_tokens",
            label=_("Longest answer"),
            help_text=_("In tokens. Empty: as in VITTE_LLM__MAX_TOKENS."),
            exclude_from_list=True,
        ),
        DecimalField("price_in", label=_("Price of a million tokens read, $"), required=True, default=0),
        DecimalField("price_out", label=_("Price of a million tokens written, $"), required=True, default=0),
        BooleanField("sees_images", label=_("Sees pictures"), exclude_from_list=True),
        BooleanField("uses_tools", label=_("Uses tools"), exclude_from_list=True),
        TagsField(
            "plans",
            label=_("Plans"),
            help_text=_("Keys of the plans that may use it. Empty: all of them."),
            filters=[],
        ),
        *place_of_row(),
    )

    async def save(self, editor: CatalogueEditor, values: dict[str, Any], row_id: int | None) -> int:
        """Store a model and return its id. Raises InvalidCatalogueError."""
        return await editor.save_model(ModelDraft(**values), row_id=row_id)

    async def remove(self, editor: CatalogueEditor, ids: list[int]) -> int:
        """Delete models and return how many there were. Raises InvalidCatalogueError."""
        return await editor.delete_models(ids)

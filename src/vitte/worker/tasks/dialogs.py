"""Work on dialogs that nobody waits for."""

from dishka import FromDishka

from vitte.core.job_names import TITLE_DIALOG
from vitte.dialogs.titles import TitleService
from vitte.worker.jobs import job


@job(TITLE_DIALOG)
async def title_dialog(dialog_id: int, titles: FromDishka[TitleService]) -> None:
    """Name a dialog by what it is about."""
    await titles.give_title(dialog_id)
